"""Whether a report that policy would dispatch, or join to an earlier one, by itself may go, or waits for
a person, and why.

The table of automatic dispatch opens the door, with a county's row that its officials put in force.
What stands here keeps it shut whatever the tables say: a child whom nobody looked at must not be sent
on because a row was drawn too wide. A held report is where it was, at the desk, its clock running.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from anwang.rulebook.rules.cells import UNKNOWN, Value
from anwang.triage.rules.attached import read_stored
from anwang.triage.rules.policies import TriagePolicies
from anwang.triage.rules.propose import deciding_hits
from anwang.triage.rules.second_looks import SECOND_LOOKS

AUTOMATIC: Final = "automatic"
JOIN: Final = "join-same-event"
TAKE_UP: Final = "take-up"
# Somebody at the desk has it before him by then, and may be on the phone about it.
LATEST: Final = timedelta(minutes=30)
NEVER_STREAMS: Final = frozenset(
    {"child-protection", "sexual-assault", "adult-protection", "mental-health-violence"}
)
NEVER_TASKS: Final = SECOND_LOOKS | frozenset(
    {"police-escort", "danger-assessment", "high-danger-meeting", "tell-prosecutor",
     "consult-form"}
)  # fmt: skip
MILD_CUES: Final = frozenset({"mental-illness", "hardship", "job-loss"})
_CHAINED: Final = frozenset({"stream", "grade", "grade_class"})
_FIELDS: Final = ("stream", "grade", "grade_class")
_INJURIES: Final = ("minor", "serious", "death")


class Hold(StrEnum):
    """Why a person decides after all; the words stand in directory/data/dispatch_holds.yaml."""

    SWITCHED_OFF = "switched-off"
    NOT_CHECKED = "not-checked"
    POLICY_CHANGED = "policy-changed"
    URGENT = "urgent"
    UNKNOWN_FACTS = "unknown-facts"
    DESK_ASKED = "desk-asked"
    SAID_MORE = "said-more"
    TOO_LATE = "too-late"
    OLD_REPORT = "old-report"
    OUTSIDE = "outside"
    # Of sealing and of conflicts of interest nothing is told but that a person chooses (R5, R8).
    PERSON_CHOOSES = "person-chooses"
    DECIDED = "decided"
    FAILED = "failed"
    EARLIER_NOT_OPEN = "earlier-not-open"
    TELLS_MORE = "tells-more"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a report stands when its turn comes. `proposal`, `inputs` as stored with its screening.

    `policies` are None where other versions are in force than it was screened by.
    """

    runs: bool
    historic: bool
    waited: timedelta
    failed_steps: Collection[str]
    added: bool
    protected: bool
    grade: str | None
    stream: str | None
    proposal: Mapping[str, Any]
    inputs: Mapping[str, Any]
    policies: TriagePolicies | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """The earlier report that tells the same event, as it stands. `open`: somebody works with it, at
    the same desk. `inputs` as stored with its last screening."""

    open: bool
    grade: str | None
    stream: str | None
    inputs: Mapping[str, Any]


def holds(report: Standing) -> tuple[Hold, ...]:
    """Everything that asks for a person, in a fixed order; empty where it may go out."""
    found = (*_holds(report), *_of_proposal(report), *_of_facts(report))
    return tuple(dict.fromkeys(found))


def holds_join(report: Standing, earlier: Earlier | None) -> tuple[Hold, ...]:
    """Everything that asks for a person before a report is joined to an earlier one.

    What is joined waits for nobody any more: only what the earlier report tells as well may go so.
    """
    return tuple(dict.fromkeys((*_holds(report), *_of_repetition(report, earlier))))


def _of_repetition(report: Standing, earlier: Earlier | None) -> Iterator[Hold]:
    facts = {name: read_stored(value) for name, value in report.inputs.items()}
    if report.proposal.get("screening") != JOIN or SECOND_LOOKS & set(
        report.proposal.get("tasks") or ()
    ):
        yield Hold.DESK_ASKED
    if report.grade != "2" or facts.get("immediate_danger") is not False:
        yield Hold.URGENT
    if earlier is None or not earlier.open:
        yield Hold.EARLIER_NOT_OPEN
    elif earlier.stream != report.stream or _tells_more(facts, earlier):
        yield Hold.TELLS_MORE
    if report.policies is None or not _still_joins(report, facts, report.policies):
        yield Hold.POLICY_CHANGED


def _tells_more(facts: Mapping[str, Value], earlier: Earlier) -> bool:
    """Whether a report says anything of weight that the earlier one does not."""
    before = {name: read_stored(value) for name, value in earlier.inputs.items()}
    for name in ("concerns", "cues"):
        told, known = facts.get(name), before.get(name)
        if isinstance(told, frozenset) and not told <= (
            known if isinstance(known, frozenset) else frozenset()
        ):
            return True
    hurt, hurt_before = facts.get("injury"), before.get("injury")
    return (facts.get("weapon") is True and before.get("weapon") is not True) or (
        hurt in _INJURIES
        and (hurt_before not in _INJURIES or _INJURIES.index(hurt) > _INJURIES.index(hurt_before))
    )


def _still_joins(report: Standing, facts: Mapping[str, Value], policies: TriagePolicies) -> bool:
    chained = {name: str(report.proposal.get(name) or "none") for name in _FIELDS}
    return policies.repeats.decide({**facts, **chained}).outputs["screening"] == JOIN


def _holds(report: Standing) -> Iterator[Hold]:
    """What asks for a person whatever is to be done."""
    if not report.runs:
        yield Hold.SWITCHED_OFF
    if report.historic:
        yield Hold.OLD_REPORT
    if report.waited > LATEST:
        yield Hold.TOO_LATE
    if report.failed_steps or not report.proposal:
        yield Hold.NOT_CHECKED
    if report.added:
        yield Hold.SAID_MORE
    if report.protected:
        yield Hold.PERSON_CHOOSES


def _of_proposal(report: Standing) -> Iterator[Hold]:
    said = report.proposal
    if said.get("screening") != TAKE_UP or NEVER_TASKS & set(said.get("tasks") or ()):
        yield Hold.DESK_ASKED
    if said.get("passed_to"):
        yield Hold.OUTSIDE
    if report.grade != "2" or report.stream in NEVER_STREAMS:
        yield Hold.URGENT


def _of_facts(report: Standing) -> Iterator[Hold]:
    facts = {name: read_stored(value) for name, value in report.inputs.items()}
    if _dangerous(facts):
        yield Hold.URGENT
    if facts.get("immediate_danger", UNKNOWN) is UNKNOWN:
        yield Hold.UNKNOWN_FACTS
    if report.policies is None:
        yield Hold.POLICY_CHANGED
        return
    if deciding_unknowns(facts, report.policies):
        yield Hold.UNKNOWN_FACTS
    if not _as_proposed(report, facts, report.policies):
        yield Hold.POLICY_CHANGED


def _dangerous(facts: Mapping[str, Value]) -> bool:
    cues = facts.get("cues")
    return (
        facts.get("immediate_danger") is True
        or facts.get("weapon") is True
        or facts.get("injury") in ("serious", "death")
        or (isinstance(cues, frozenset) and not cues <= MILD_CUES)
    )


def deciding_unknowns(facts: Mapping[str, Value], policies: TriagePolicies) -> tuple[str, ...]:
    """What is unknown and might have led to another stream, grade, class or way of dispatch, sorted.

    Who helps besides may be added by anybody later, and is not asked.
    """
    found = {name for hit in deciding_hits(facts, policies) for name in hit.unknown}
    return tuple(sorted(found - _CHAINED))


def _as_proposed(report: Standing, facts: Mapping[str, Value], policies: TriagePolicies) -> bool:
    """Whether the tables in force still say what the screening stored and the desk is shown."""
    stream, grade, grade_class, dispatch = deciding_hits(facts, policies)
    decided = {
        "stream": stream.outputs["stream"],
        "grade": grade.outputs["grade"],
        "grade_class": grade_class.outputs["grade_class"],
    }
    stored = {name: report.proposal.get(name) for name in _FIELDS}
    return (
        dispatch.outputs["dispatch"] == AUTOMATIC
        and decided == stored
        and (report.stream, report.grade) == (decided["stream"], decided["grade"])
    )
