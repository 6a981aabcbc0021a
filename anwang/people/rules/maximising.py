"""Splink's expectation maximisation over pairs whose levels are already known.

Every engine gives a pair the same level (decision 17), so NumPy finds the levels of a block's pairs
and Splink gets their numbers: two tables, one row a pair on each side. Handed our conditions
instead, its SQL compares lists in every level of every stratum, and planning that alone takes a
minute a block.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow

from anwang.people.rules.splink_settings import UNIQUE, table_of

Rows = npt.NDArray[np.void]
Places = npt.NDArray[np.int64]
_AT: Final = "numbered_as"
_PAIR: Final = "pair"
_BLOCK: Final = f"l.{_PAIR} = r.{_PAIR}"


@dataclass(frozen=True, slots=True)
class Seen:
    """A comparison over the pairs of a block: each pair's level by its place, -1 for *not told*,
    and (m, u) of each level to begin with.
    """

    name: str
    places: npt.NDArray[np.int16]
    begun: Sequence[tuple[float, float]]

    @property
    def told(self) -> int:
        """How many pairs have a level at all."""
        return int((self.places >= 0).sum())


def pairs_of(left: Rows, right: Rows | None, condition: str) -> tuple[Places, Places]:
    """Places in `left` and `right` (or twice in `left`) of the pairs that meet a condition over `l`
    and `r`, in a settled order.
    """
    other, order = ("asked", f" and l.{_AT} < r.{_AT}") if right is None else ("known", "")
    with duckdb.connect() as engine:
        for name, rows in (("asked", left), ("known", right)):
            if rows is not None:
                # A column of its own: FEBRL's records have a `place`, too.
                numbers = pyarrow.array(np.arange(len(rows)))
                engine.register(name, table_of(rows).append_column(_AT, numbers))
        found = engine.execute(
            f"select l.{_AT} as a, r.{_AT} as b from asked l join {other} r"  # noqa: S608 - our own text
            f" on {condition}{order} order by a, b"
        ).fetchnumpy()
    return found["a"], found["b"]


def maximised(seen: Sequence[Seen]) -> tuple[float, dict[str, list[float]]]:
    """(share of the pairs that are one person, m of each level by comparison).

    u stays as given; 0 for a level that no pair shows.
    """
    from splink import DuckDBAPI, Linker  # a second to import, needed by nobody else

    # It tells of every level that a pass does not see; the model's file says so in one word.
    logging.getLogger("splink").setLevel(logging.ERROR)
    count = len(seen[0].places)
    columns: dict[str, Any] = {UNIQUE: np.arange(count), _PAIR: np.arange(count)}
    table = pyarrow.table(columns | {one.name: one.places for one in seen})
    with duckdb.connect() as engine:
        api = DuckDBAPI(engine)
        tables = []
        for name in ("asked", "known"):
            engine.register(f"{name}_pairs", table)
            tables.append(api.register(f"{name}_pairs", table_name=name))
        session = Linker(
            tables, _settings(seen)
        ).training.estimate_parameters_using_expectation_maximisation(_BLOCK)
    core = session.core_model_settings
    found = {
        one.output_column_name: {
            level.comparison_vector_value: level._m_probability for level in one.comparison_levels
        }
        for one in core.comparisons
    }
    chances = {
        one.name: [_number(found[one.name].get(at)) for at in _values(len(one.begun))]
        for one in seen
    }
    return float(core.probability_two_random_records_match), chances


def _number(value: Any) -> float:
    return float(value) if isinstance(value, float) else 0.0


def _values(levels: int) -> range:
    """The numbers by which Splink's tables call the levels, in our order."""
    return range(levels - 1, -1, -1)


def _settings(seen: Sequence[Seen]) -> dict[str, Any]:
    return {
        "link_type": "link_only",
        "unique_id_column_name": UNIQUE,
        "probability_two_random_records_match": 0.5,
        "blocking_rules_to_generate_predictions": [_BLOCK],
        "comparisons": [
            {
                "output_column_name": one.name,
                "comparison_levels": [
                    *(
                        {"sql_condition": f"{one.name}_l = {at}", "label_for_charts": str(at),
                         "m_probability": m, "u_probability": u}
                        for at, (m, u) in enumerate(one.begun)
                    ),
                    {"sql_condition": "ELSE", "label_for_charts": "not told", "is_null_level": True},
                ],
            }
            for one in seen
        ],
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": False,
        "max_iterations": 100,
        "em_convergence": 0.0001,
    }  # fmt: skip
