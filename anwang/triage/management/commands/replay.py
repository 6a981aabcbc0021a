"""`anwang replay RECEIPT --known-on DAY [--policy VERSION]`: a report decided anew; `--all`: every
stored decision again, which must give the same answer."""

from __future__ import annotations

import json as text_json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.actions.entries import record_apart
from anwang.access.context import acting
from anwang.access.operator import PURPOSE, demo_operator
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import end_of_day
from anwang.intake.models import Report
from anwang.intake.rules.receipts import read_receipt
from anwang.triage.models import Screening
from anwang.triage.queries import explain_fields
from anwang.triage.trials.presenters.again import fields_of_again
from anwang.triage.trials.queries.replays import (
    decided_again,
    differs_from_stored,
    screenings_to_replay,
)
from anwang.triage.trials.queries.versions import (
    PolicySet,
    Version,
    versions_called,
    versions_in_force,
    with_tried,
)


class Command(BaseCommand):
    help = "Decide a report anew with what was known on a day; or check that all decisions replay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("receipt", nargs="?")
        parser.add_argument("--known-on", type=date.fromisoformat, help="day, like 2026-03-02")
        parser.add_argument("--policy", help="a version, like 2026.2 or triage.grade@2026.2")
        parser.add_argument("--all", action="store_true", help="check every stored decision")
        parser.add_argument("--json", action="store_true", help="JSON lines on standard output")

    def handle(
        self,
        *,
        receipt: str | None,
        known_on: date | None,
        policy: str | None,
        all: bool,
        json: bool,
        **options: Any,
    ) -> None:
        if all == bool(receipt):
            raise CommandError("Name a receipt, or ask for --all.", returncode=2)
        operator = demo_operator()
        record_apart(
            Act.READ, actor=operator, object_kind="receipt", object_ids=[(receipt or "")[:20]],
            purpose=PURPOSE, fields=["report", "picture", "proposal"], detail={"command": "replay"},
        )  # fmt: skip
        with acting(operator, PURPOSE):
            told = _all_again() if all else _again(str(receipt), known_on, policy)
        self.stdout.write(text_json.dumps(told, ensure_ascii=False, indent=None if json else 2))
        if all and told["differing"]:
            raise CommandError("Some stored decisions do not give the same answer.", returncode=1)


def _all_again() -> dict[str, Any]:
    differing: dict[str, list[str]] = {}
    number = 0
    for screening, report in screenings_to_replay():
        number += 1
        if apart := differs_from_stored(screening, report):
            differing[report.receipt] = apart
    return {"replayed": number, "equal": number - len(differing), "differing": differing}


def _again(receipt: str, known_on: date | None, policy: str | None) -> dict[str, Any]:
    report = Report.objects.filter(receipt=read_receipt(receipt) or receipt).first()
    if report is None:
        raise CommandError(
            f"查無收據編號 {receipt}。請核對。 There is no report {receipt}; check the receipt."
        )
    now = clock_now()
    known_at = end_of_day(known_on, now) if known_on else now
    if known_at < report.accepted_at:
        raise CommandError(
            f"{known_on} 結束時還不知道這件通報。 Report {receipt} was not known when {known_on} ended."
        )
    screening = Screening.objects.filter(matter_id=report.pk).order_by("at").first()
    if screening is None:
        raise CommandError(f"Report {receipt} has not been screened yet. Try again in a moment.")
    versions = _versions(policy)
    again = decided_again(report, screening, known_at, versions)
    clocks = PolicySet(versions, known_at.date()).of(again.county).clocks
    fields = explain_fields(report.receipt) or {}
    return fields_of_again(_of_desk(fields), again, report, clocks, known_at)


def _versions(policy: str | None) -> list[Version]:
    if policy is None:
        return versions_in_force()
    tried = versions_called(policy)
    if not tried:
        raise CommandError(f"There is no policy version {policy}; see: anwang policies")
    return with_tried(versions_in_force(), tried)


def _of_desk(fields: dict[str, Any]) -> dict[str, Any]:
    """Only the fields of `anwang desk`: what `explain` adds belongs to the stored decision."""
    return {name: value for name, value in fields.items() if name in _DESK_FIELDS}


_DESK_FIELDS = frozenset({
    "receipt", "sender", "report_id", "county", "state", "grade", "class", "stream", "agency_kind",
    "joint_with", "passed_to", "accountable_team", "received_at", "due_at", "clocks",
    "same_event_as", "same_event_probability", "persons", "unknown", "reasons",
})  # fmt: skip
