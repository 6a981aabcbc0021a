"""A report decided anew, in the fields of `anwang desk` (docs/formats/README.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from anwang.common.values.roc_dates import TAIPEI
from anwang.intake.models import Report
from anwang.rulebook.queries import calendar_in_force
from anwang.rulebook.rules.calendar import WorkCalendar
from anwang.rulebook.rules.clocks import ClockDefinition, due_at
from anwang.triage.queries.desk import reason_fields
from anwang.triage.trials.queries.replays import Again

_STARTS = "report-received"


def fields_of_again(
    fields: Mapping[str, Any],
    again: Again,
    report: Report,
    clocks: Mapping[str, ClockDefinition],
    known_at: dt.datetime,
) -> dict[str, Any]:
    """`fields` as they stand, with what was decided anew laid over them, and when it was known."""
    proposal = again.proposal
    # A term is counted by the calendar of its own day, whatever was announced since.
    calendar = calendar_in_force(report.clock_started_at.astimezone(TAIPEI).date())
    started = _clocks(proposal.clocks, clocks, report.clock_started_at, calendar)
    legal = [one["due_at"] for one in started if clocks[one["id"]].legal]
    return {
        **fields,
        "county": again.county,
        "grade": proposal.grade,
        "class": proposal.grade_class,
        "stream": proposal.stream,
        "agency_kind": proposal.agency_kind,
        "joint_with": proposal.joint_with,
        "passed_to": proposal.passed_to,
        "clocks": started,
        "due_at": min(legal, default=fields.get("due_at")),
        "persons": dict(again.persons),
        "unknown": again.picture.get("unknown", []),
        "reasons": [reason_fields(one) for one in proposal.reasons],
        "known_at": known_at.isoformat(),
        "policy_version": proposal.policy_version,
    }


def _clocks(
    ids: list[str], clocks: Mapping[str, ClockDefinition], started_at: dt.datetime,
    calendar: WorkCalendar,
) -> list[dict[str, Any]]:  # fmt: skip
    found = [
        {
            "id": one,
            "started_at": started_at.isoformat(),
            "due_at": due_at(started_at, clocks[one], calendar).isoformat(),
            "state": "running",
        }
        for one in ids
        if one in clocks and clocks[one].start == _STARTS
    ]
    return sorted(found, key=lambda one: (one["due_at"], one["id"]))
