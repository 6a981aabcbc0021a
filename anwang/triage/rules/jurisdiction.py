"""Which county a report belongs to, by the table in force; with the row, and what would have to be known.

A wrong answer leaves a child between two offices: so the desk that has the report answers for it
until another has it, whatever this says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from anwang.rulebook.rules.cells import UNKNOWN, Value
from anwang.rulebook.rules.loader import read_inputs, read_table, table_on
from anwang.rulebook.rules.tables import DecisionTable

TABLE: Final = "triage.jurisdiction"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What is known of where a child is; county codes, None is unknown.

    `received_first`: the county of the earliest report on the event. `whereabouts`: settled, moving,
    missing.
    """

    received_by: str
    received_first: str
    urgent: bool | None = None
    child_in: str | None = None
    residence: str | None = None
    whereabouts: str | None = None


@dataclass(frozen=True, slots=True)
class CountyAnswer:
    """The proposed county with the row that fitted and the inputs that it had to do without."""

    county: str
    by: str
    reason: Mapping[str, Any]
    unknown: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """As kept with the dispute (V6)."""
        return {"county": self.county, "by": self.by, "reason": dict(self.reason),
                "unknown": list(self.unknown)}  # fmt: skip


def jurisdiction_table(body: Mapping[str, Any]) -> DecisionTable:
    """The table of a version's body, which describes its own inputs."""
    specs = read_inputs({"inputs": body["describes"]})
    source = read_table(body, specs)
    return table_on(source, source.valid_from)


def county_of(known: Whereabouts, table: DecisionTable) -> CountyAnswer:
    """The county that the first fitting row names."""
    hit = table.decide(_inputs(known))
    by = str(hit.outputs["county"])
    named = {
        "where-child-is": known.child_in,
        "first-receiver": known.received_first,
        "residence": known.residence,
        "receiving": known.received_by,
    }[by]
    return CountyAnswer(named or known.received_by, by, hit.reason(), hit.unknown)


def _inputs(known: Whereabouts) -> dict[str, Value]:
    places = {
        one
        for one in (known.child_in, known.residence, known.received_by, known.received_first)
        if one
    }
    return {
        "urgent": UNKNOWN if known.urgent is None else known.urgent,
        "place_known": known.child_in is not None,
        "whereabouts": UNKNOWN if known.whereabouts is None else known.whereabouts,
        "two_counties": len(places) > 1,
        "residence_known": known.residence is not None,
    }
