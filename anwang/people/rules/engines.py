"""The levels and weights as engines take them: SQL of DuckDB and Spark, and Splink's settings.

The conditions stand once in comparisons.py, the weights once in the model's file; nothing is said
here that is not read from there (decision 17, ADR 0011).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from anwang.people.rules.columns import STORED
from anwang.people.rules.comparisons import COMPARISONS, Comparison
from anwang.people.rules.scoring import CONTRADICTION, Model

SqlEngine = Literal["duckdb", "spark"]
Levels = Mapping[str, npt.NDArray[np.int8]]
"""Comparison -> for each pair the place of its level among the comparison's, UNTOLD for none."""

UNTOLD: Final = -1
COMPARED: Final = (*(STORED.names or ()), "near")


def level_sql(comparison: Comparison, engine: SqlEngine) -> str:
    """The place of a pair's level, over columns `<name>_l` and `<name>_r`."""
    cases = " ".join(
        f"when {condition.text(engine)} then {place}"
        for place, (_, condition) in enumerate(comparison.levels)
    )
    return f"cast(case {cases} else {UNTOLD} end as tinyint)"


def levels_sql(engine: SqlEngine) -> str:
    """All comparisons' levels, each under the comparison's name."""
    return ", ".join(f"{level_sql(one, engine)} as {one.name}" for one in COMPARISONS)


def both_sides(left: str, right: str) -> str:
    """The compared columns of two rows, named as the levels' SQL reads them."""
    return ", ".join(f"{left}.{name} as {name}_l, {right}.{name} as {name}_r" for name in COMPARED)


def settings(model: Model, engine: SqlEngine) -> dict[str, Any]:
    """Splink's settings of the model: our levels as custom ones, their weights fixed.

    Only the quotient of m and u weighs, so both are written from it, within (0, 1]. The prior is
    even: what Splink gives as match weight is the sum of the reasons.
    """
    return {
        "link_type": "dedupe_only",
        "sql_dialect": engine,
        "unique_id_column_name": "no",
        "probability_two_random_records_match": 0.5,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "blocking_rules_to_generate_predictions": ["l.id = r.id"],
        "comparisons": [
            {
                "output_column_name": comparison.name,
                "comparison_levels": [
                    *[
                        _level(condition.text(engine), name, model, comparison.name)
                        for name, condition in comparison.levels
                    ],
                    {"sql_condition": "ELSE", "label_for_charts": "untold",
                     "m_probability": 0.5, "u_probability": 0.5},
                ],
            }
            for comparison in COMPARISONS
        ],
    }  # fmt: skip


def _level(condition: str, name: str, model: Model, comparison: str) -> dict[str, Any]:
    weight = model.weights[comparison][name].weight
    return {
        "sql_condition": condition,
        "label_for_charts": name,
        "m_probability": min(1.0, 2.0**weight),
        "u_probability": min(1.0, 2.0**-weight),
    }


def place_of_gamma(comparison: Comparison, gamma: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Splink numbers levels from the last (0: none holds) to the first; we from the first."""
    found = (len(comparison.levels) - gamma).astype(np.int8)
    return np.where(gamma == 0, np.int8(UNTOLD), found)


def weights_of(levels: Levels, model: Model) -> dict[str, npt.NDArray[np.float64]]:
    """Comparison -> log2 weight of each pair; what is not told weighs nothing."""
    found = {}
    for comparison in COMPARISONS:
        weights = [model.weights[comparison.name][name].weight for name in comparison.names]
        found[comparison.name] = np.array([*weights, 0.0])[levels[comparison.name]]
    return found


def agrees_beside_name(
    weights: Mapping[str, npt.NDArray[np.float64]], model: Model
) -> npt.NDArray[np.bool_]:
    """For each pair whether it is more than a name: `scoring.is_probable` without the probability."""
    agreeing = sum(
        (weights[name] > 0).astype(np.int8) for name in sorted(model.evidence_beside_name)
    )
    needed = np.where(weights["name"] < -CONTRADICTION, 2, 1)
    held: npt.NDArray[np.bool_] = agreeing >= needed
    return held
