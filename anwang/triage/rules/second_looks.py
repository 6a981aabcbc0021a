"""Which decisions policy wants a second person for, read off the tasks of its tables.

Ending a report without a team is what nobody would notice: it waits wherever any row wants a second look.
A dispatch goes out and is looked at afterwards, lest a child wait for a colleague at night; a county's row
may want it before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from anwang.triage.rules.attached import read_stored
from anwang.triage.rules.policies import TriagePolicies

ALWAYS: Final = "second-look"
TO_CLOSE: Final = "second-look-to-close"
FIRST: Final = "second-look-first"
SECOND_LOOKS: Final = frozenset({ALWAYS, TO_CLOSE, FIRST})
_DECIDED: Final = ("stream", "grade", "grade_class")


class Kind(StrEnum):
    """What the second look is about: ending without a team, a dispatch that waits, one that has gone."""

    CLOSING = "closing"
    DISPATCH = "dispatch"
    AFTERWARDS = "afterwards"


@dataclass(frozen=True, slots=True)
class WantedLook:
    """A second look that policy wants, with the rows that say so (as reasons are kept)."""

    kind: Kind
    reasons: tuple[dict[str, object], ...]

    @property
    def comes_first(self) -> bool:
        """Whether the decision waits for it."""
        return self.kind != Kind.AFTERWARDS


def wanted_look(tasks: Iterable[str], *, closing: bool) -> Kind | None:
    """Which second look these tasks ask for with a decision that ends the report, or sends it out."""
    asked = SECOND_LOOKS & set(tasks)
    if closing:
        return Kind.CLOSING if asked else None
    if FIRST in asked:
        return Kind.DISPATCH
    return Kind.AFTERWARDS if ALWAYS in asked else None


def look_reasons(
    inputs: Mapping[str, Any],
    outcomes: Iterable[Mapping[str, Any]],
    policies: TriagePolicies,
) -> dict[str, tuple[str, dict[str, object]]]:
    """Row -> (task, reason) of the rows that want a second look at any of the outcomes.

    `inputs` as stored; `outcomes` as proposed and as decided: nobody gets around a second look by
    deciding otherwise than was proposed.
    """
    known = {name: read_stored(value) for name, value in inputs.items()}
    found: dict[str, tuple[str, dict[str, object]]] = {}
    for outcome in outcomes:
        asked = known | {name: str(outcome.get(name) or "none") for name in _DECIDED}
        for hit in policies.tasks.decide_all(asked, possible=False)[0]:
            task = str(hit.outputs["task"])
            if task in SECOND_LOOKS:
                found[hit.row.id] = (task, hit.reason())
    return found
