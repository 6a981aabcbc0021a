"""`anwang clocks`: what nobody has accepted, and whether deadlines are being looked after (P4).

For the duty desk to print, and for a timer outside the worker to run: the status is 1 when deadlines
have not been looked after, or when something waits that nobody could be called for.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from anwang.access.actions.entries import record_event
from anwang.access.context import SWEEPING, acting
from anwang.access.vocabulary import Act
from anwang.common.values.roc_dates import roc_datetime
from anwang.directory.models import Team
from anwang.triage.actions.escalation import call_people
from anwang.triage.actions.sweeping import look_at_clocks
from anwang.triage.queries.overdue import Swept, Unaccepted, as_fields, rows_unaccepted, sweeps

PURPOSE = "overdue"


class Command(BaseCommand):
    help = "Print what nobody has accepted and when deadlines were last looked after; --sweep does it now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--sweep", action="store_true", help="look after deadlines and call people now"
        )
        parser.add_argument("--json", action="store_true", help="JSON lines on standard output")

    def handle(self, *, sweep: bool, json: bool, **options: Any) -> None:
        if sweep:
            called, touched = call_people(), look_at_clocks()
            self.stderr.write(f"called for {called}, touched {touched} clocks")
        with acting(SWEEPING, PURPOSE):
            looks, found = sweeps(), rows_unaccepted()
            record_event(Act.READ, actor=SWEEPING, object_kind="report", purpose=PURPOSE,
                         object_ids=[one.report for one in found], fields=["clocks"],
                         detail={"command": "clocks"})  # fmt: skip
            lines = as_json(looks, found) if json else as_text(looks, found)
        for line in lines:
            self.stdout.write(line)
        if any(one.silent for one in looks) or any(one.told == 0 for one in found):
            sys.exit(1)


def as_json(looks: list[Swept], found: list[Unaccepted]) -> list[str]:
    """One object a look, then one a report."""
    told: list[dict[str, Any]] = [
        {"sweep": one.name, "at": one.at.isoformat() if one.at else None, "silent": one.silent}
        for one in looks
    ]
    told += [as_fields(one) for one in found]
    return [json.dumps(one, ensure_ascii=False) for one in told]


def as_text(looks: list[Swept], found: list[Unaccepted]) -> list[str]:
    """For a reader at a terminal or on paper."""
    names = Team.objects.in_bulk({one.desk_team for one in found})
    lines = [
        f"{one.name}: {'SILENT, last' if one.silent else 'last'} "
        f"{roc_datetime(one.at) if one.at else 'never'}"
        for one in looks
    ]
    for one in found:
        desk = names.get(one.desk_team)
        lines.append("  ".join((
            roc_datetime(one.since), one.receipt or "-", one.grade or "-", one.state,
            desk.name_zh if desk else one.desk_team, one.offered_team or "-",
            f"rung {one.rung} ({one.rung_id}), called {one.told or 0}",
            "heard" if one.acknowledged_at else "not heard",
        )))  # fmt: skip
    return lines or ["nothing waits"]
