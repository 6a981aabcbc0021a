"""`anwang backtest POLICY_FILE [--reports FILE]`: what a draft would have changed."""

from __future__ import annotations

import json as text_json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.actions.entries import record_apart
from anwang.access.context import TRYING, acting
from anwang.access.operator import instance_kind
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.rulebook.queries import calendar_in_force
from anwang.triage.trials.actions.running import PURPOSE, Compared, decided, tallied
from anwang.triage.trials.queries.drafts import read_draft
from anwang.triage.trials.queries.past_reports import Wanted
from anwang.triage.trials.queries.told_reports import told_reports
from anwang.triage.trials.queries.versions import PolicySet, versions_in_force, with_tried
from anwang.triage.trials.rules.results import counted
from anwang.triage.trials.rules.shares import shown_counts, too_small
from anwang.triage.trials.rules.tally import Tally


class Command(BaseCommand):
    help = "Run a draft policy over past reports, or over those of a file, beside the one in force."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("policy_file", type=Path)
        parser.add_argument("--reports", type=Path, help="JSON Lines, in place of the stored ones")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(
        self, *, policy_file: Path, reports: Path | None, json: bool, **options: Any
    ) -> None:
        for file in filter(None, (policy_file, reports)):
            if not file.is_file():
                raise CommandError(f"There is no file {file}.")
        record_apart(
            Act.READ, actor=TRYING, object_kind="report", purpose=PURPOSE, fields=["counts"],
            detail={"command": "backtest"},
        )  # fmt: skip
        began = time.monotonic()
        with acting(TRYING, PURPOSE):
            draft = read_draft(policy_file)
            now = clock_now()
            held = versions_in_force()
        day = now.astimezone(TAIPEI).date()
        compared = Compared(PolicySet(held, day), PolicySet(with_tried(held, [draft]), day))
        tally = (
            _of_file(compared, reports, now) if reports is not None
            else self._of_stored(compared)
        )  # fmt: skip
        told = _told(tally, time.monotonic() - began)
        self.stdout.write(text_json.dumps(told, ensure_ascii=False, indent=None if json else 2))

    def _of_stored(self, compared: Compared) -> Tally:
        steps = tallied(compared, Wanted(), actor=TRYING, most_listed=0)
        _, _, tally = next(steps)  # it fills up while the steps are taken
        for done, number, _ in steps:
            self.stderr.write(f"{done * 100 // number} %\r", ending="")
        return tally


def _of_file(compared: Compared, reports: Path, now: Any) -> Tally:
    clocks = (compared.before.of(None).clocks, compared.after.of(None).clocks)
    with acting(TRYING, PURPOSE):
        calendar = calendar_in_force()
    tally = Tally(calendar, clocks, most_listed=0)
    for past in told_reports(reports, now):
        tally.add(past, decided(past, compared.before), decided(past, compared.after))
    return tally


def _told(tally: Tally, seconds: float) -> dict[str, Any]:
    """The fields of the contract. On a production instance small counts are hidden (null)."""
    outcomes: dict[str, Any] = counted(tally)
    changed: int | None = tally.changed
    if instance_kind() == "production":
        outcomes = {name: shown_counts(counts) for name, counts in outcomes.items()}
        changed = None if too_small(tally.changed) else tally.changed
    return {"reports": tally.reports, "changed": changed, "by_outcome": outcomes,
            "seconds": round(seconds, 2)}  # fmt: skip
