"""A walk through a family's history: what each version would have said on each day, and when first.

`caught` means that the proposal opens something: any stream but *consult* and *not for us*.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from anwang.triage.rules.propose import Proposal
from anwang.triage.trials.rules.tally import OPENS_NOTHING

Kind = Literal["facts", "report"]
MOST_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Said:
    """What one version says on one day; `row` is the row that chose the stream."""

    stream: str
    grade: str
    row: str
    caught: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One day of a walk: by the facts alone (nobody having reported), or a report of that day.

    `said` has one entry a version, in the order of the versions.
    """

    day: dt.date
    kind: Kind
    report: str | None
    said: tuple[Said, ...]


def said_of_proposal(proposal: Proposal) -> Said:
    """The part of a proposal that a walk shows."""
    row = str(proposal.reasons[0]["row"]) if proposal.reasons else ""
    return Said(proposal.stream, proposal.grade, row, proposal.stream not in OPENS_NOTHING)


def days_walked(
    changes: Iterable[dt.date], since: dt.date, until: dt.date, most: int = MOST_DAYS
) -> list[dt.date]:
    """The days to look at: first, last, and those of change; spread evenly where they are too many."""
    days = sorted({since, until, *(day for day in changes if since <= day <= until)})
    if len(days) <= most:
        return days
    step = (len(days) - 1) / (most - 1)
    return [days[round(place * step)] for place in range(most)]


def first_caught(steps: Sequence[Step], version: int) -> dict[str, Any] | None:
    """Day, kind, row and report of the first step at which a version would have acted."""
    for step in steps:
        said = step.said[version]
        if said.caught:
            return {"day": step.day.isoformat(), "kind": step.kind, "report": step.report,
                    "row": said.row, "stream": said.stream, "grade": said.grade}  # fmt: skip
    return None


def walk_result(versions: Sequence[str], steps: Sequence[Step], persons: int) -> dict[str, Any]:
    """JSON-able: versions, steps in order, and for each version when it would have acted first."""
    return {
        "versions": list(versions),
        "persons": persons,
        "steps": [
            {
                **asdict(step),
                "day": step.day.isoformat(),
                "said": [asdict(one) for one in step.said],
            }
            for step in steps
        ],
        "first": [first_caught(steps, place) for place in range(len(versions))],
        "first_by_facts": [
            first_caught([one for one in steps if one.kind == "facts"], place)
            for place in range(len(versions))
        ],
    }


def in_order(steps: Iterable[Step]) -> list[Step]:
    """By day; on one day the facts before the reports."""
    return sorted(steps, key=lambda one: (one.day, one.kind, one.report or ""))


def nobody_reported(day: dt.datetime) -> Mapping[str, Any]:
    """What policy is asked with when the registers alone speak: a report that says nothing."""
    return {
        "received_at": day.isoformat(),
        "channel": "system",
        "subjects": [{"role": "person-in-need"}],
    }
