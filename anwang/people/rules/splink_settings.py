"""Our comparisons as settings of Splink: the same conditions as custom levels, in DuckDB or Spark.

Splink estimates and predicts at scale; the levels, their order and their weights are ours and stand
in the model's file. Which engine runs them makes no difference (decision 17).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow

from anwang.people.rules.comparisons import Comparison
from anwang.people.rules.expressions import Engine

Link = Literal["link_only", "link_and_dedupe", "dedupe_only"]
Chances = Mapping[str, Mapping[str, tuple[float, float]]]
"""m and u of each level: comparison -> level -> (m, u)."""
UNIQUE: Final = "place"  # the column that numbers the rows of a table
_NO_NEAR: Final = (0,)


def settings_of(
    comparisons: Sequence[Comparison],
    chances: Chances,
    *,
    engine: Engine,
    link: Link,
    blocking: Sequence[str | Mapping[str, Any]],
    one_in: float,
) -> dict[str, Any]:
    """Splink's settings: `blocking` are conditions over `l` and `r`, one pair in `one_in` is one
    person.
    """
    return {
        "link_type": link,
        "unique_id_column_name": UNIQUE,
        "probability_two_random_records_match": 1.0 / one_in,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": rule, "sql_dialect": engine} if isinstance(rule, str) else dict(rule)
            for rule in blocking
        ],
        "comparisons": [_comparison(one, chances[one.name], engine) for one in comparisons],
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": False,
        "max_iterations": 40,
        "em_convergence": 0.0005,
    }


def _comparison(
    one: Comparison, chances: Mapping[str, tuple[float, float]], engine: Engine
) -> dict[str, Any]:
    """A level for each of ours, and where none holds the one of what a side does not tell."""
    levels: list[dict[str, Any]] = []
    for name, condition in one.levels:
        m, u = chances[name]
        levels.append(
            {
                "sql_condition": condition.text(engine),
                "label_for_charts": name,
                "m_probability": m,
                "u_probability": u,
            }
        )
    levels.append({"sql_condition": "ELSE", "label_for_charts": "not told", "is_null_level": True})
    return {"output_column_name": one.name, "comparison_levels": levels}


def level_value(one: Comparison, level: str) -> int:
    """The number by which Splink's tables call a level (`gamma_<comparison>`); -1 is *not told*."""
    return len(one.levels) - 1 - one.names.index(level)


def table_of(rows: npt.NDArray[np.void]) -> pyarrow.Table:
    """Rows of columns as a table of DuckDB or Spark, numbered by `place`. Stored rows get the empty
    `near` that a question may have.
    """
    columns: dict[str, Any] = {UNIQUE: pyarrow.array(np.arange(len(rows)))}
    for name in rows.dtype.names or ():
        column = np.ascontiguousarray(rows[name])
        if column.ndim > 1:
            columns[name] = pyarrow.ListArray.from_arrays(
                pyarrow.array(np.arange(0, column.size + 1, column.shape[1], dtype=np.int32)),
                pyarrow.array(column.reshape(-1).astype(np.int64)),
            )
        else:
            columns[name] = pyarrow.array(column.astype(np.int64))
    if "near" not in columns:
        columns["near"] = pyarrow.array(
            [list(_NO_NEAR)] * len(rows), pyarrow.list_(pyarrow.int64())
        )
    return pyarrow.table(columns)
