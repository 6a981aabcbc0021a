"""Which clocks a decision starts: the table of terms asked with what the desk decided.

The proposal's own clocks fit the proposal only; a report moved to another stream gets the terms of
that stream, or a child would wait for a visit that no clock measures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from anwang.rulebook.rules.cells import UNKNOWN, Value
from anwang.rulebook.rules.clocks import ClockDefinition
from anwang.triage.rules.policies import TriagePolicies

_DECIDED: Final = ("stream", "grade", "grade_class")


def attached_clocks(
    inputs: Mapping[str, Any], outcome: Mapping[str, Any], policies: TriagePolicies
) -> list[ClockDefinition]:
    """Definitions in the table's order. `inputs` as stored with the screening: lists for sets, the
    word `unknown` for what is not known."""
    asked: dict[str, Any] = {name: read_stored(value) for name, value in inputs.items()}
    asked |= {name: str(outcome.get(name) or "none") for name in _DECIDED}
    hits, _ = policies.attach.decide_all(asked)
    ids = dict.fromkeys(str(hit.outputs["clock"]) for hit in hits)
    return [policies.clocks[one] for one in ids if one in policies.clocks]


def read_stored(value: Any) -> Value:
    """An input as stored with a screening: the word `unknown`, a list for a set, else itself."""
    if value == "unknown":
        return UNKNOWN
    return frozenset(value) if isinstance(value, list) else value
