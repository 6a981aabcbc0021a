"""The tables asked in their order, each with what the ones before it said, and asked otherwise.

To suppose another answer, only those tables are asked again that look at something different: a
desk may then be told what one more answer would change within the time of a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from anwang.rulebook.rules.cells import Inputs, Value
from anwang.rulebook.rules.tables import Hit, PossibleRow, Row
from anwang.triage.rules.policies import TriagePolicies

# Places in TriagePolicies, in the order of asking. The first three say what the next ones look at.
CHAINED: Final = ("stream", "grade", "grade_class")
COLLECTED: Final = frozenset({"joint", "attach", "tasks"})
ORDER: Final = (*CHAINED, "joint", "attach", "window", "dispatch", "repeats", "tasks")
# Field of a proposal -> (place of the table, its output).
SINGLE: Final = {
    "grade": ("grade", "grade"),
    "grade_class": ("grade_class", "grade_class"),
    "stream": ("stream", "stream"),
    "agency_kind": ("stream", "agency_kind"),
    "passed_to": ("stream", "passed_to"),
    "window": ("window", "window"),
    "transfer": ("window", "transfer"),
    "dispatch": ("dispatch", "dispatch"),
    "screening": ("repeats", "screening"),
}
LISTED: Final = {
    "joint_with": ("joint", "agency_kind"),
    "clocks": ("attach", "clock"),
    "tasks": ("tasks", "task"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows that fired in each table, those that only an unknown input kept back, and what the
    tables were asked with: the inputs, and the stream, grade and class once decided."""

    hits: Mapping[str, tuple[Hit, ...]]
    possible: Mapping[str, tuple[PossibleRow, ...]]
    asked: Mapping[str, Value]

    @property
    def all_hits(self) -> tuple[Hit, ...]:
        """Every row that fired, in the order of asking."""
        return tuple(hit for place in ORDER for hit in self.hits[place])

    def field(self, name: str) -> Any:
        """The proposal's field `name`; lists in the order of their rows, each code once."""
        if name in SINGLE:
            place, output = SINGLE[name]
            return self.hits[place][0].outputs[output]
        place, output = LISTED[name]
        codes = dict.fromkeys(str(hit.outputs[output]) for hit in self.hits[place])
        if name == "joint_with":  # the receiving agency does not help itself
            codes.pop(str(self.field("agency_kind")), None)
        return list(codes)

    def rows(self, place: str) -> tuple[Row, ...]:
        """The rows that fired in one table."""
        return tuple(hit.row for hit in self.hits[place])


def outcome_of(inputs: Inputs, policies: TriagePolicies) -> Outcome:
    """All tables asked. Raises PolicyGap only for a table without a last row for all others."""
    return _asked(dict(inputs), {}, {}, None, policies)


def outcome_if(before: Outcome, supposed: Inputs, policies: TriagePolicies) -> Outcome:
    """The outcome with `supposed` in place of what was known: the rows that `outcome_of` all of it
    would give, without those that something still keeps back."""
    asked = {**before.asked, **supposed}
    return _asked(asked, dict(before.hits), {}, set(supposed), policies)


def _asked(
    asked: dict[str, Value],
    hits: dict[str, tuple[Hit, ...]],
    possible: dict[str, tuple[PossibleRow, ...]],
    changed: set[str] | None,
    policies: TriagePolicies,
) -> Outcome:
    """`changed` names the inputs that are other than before; None: all tables are asked."""
    whole = changed is None
    for place in ORDER:
        table = getattr(policies, place)
        if changed is not None and changed.isdisjoint(table.looks_at):
            continue
        if place in COLLECTED:
            hits[place], possible[place] = table.decide_all(asked, possible=whole)
            continue
        hit = table.decide(asked, possible=whole)
        hits[place], possible[place] = (hit,), hit.possible
        if place in CHAINED:
            said = str(hit.outputs[place] or "none")
            if changed is not None and asked.get(place) != said:
                changed.add(place)
            asked[place] = said
    return Outcome(hits, possible, asked)
