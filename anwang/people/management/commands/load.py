"""`anwang load SOURCE FILE`: takes a registry file, then says whose its records are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.context import LOADING
from anwang.people.actions import identify
from anwang.registries.actions.deliveries import LoadOutcome, load_file, publish_pending
from anwang.registries.models import Delivery

_TOLD_EVERY = 20_000


class Command(BaseCommand):
    help = "Deliver a registry file (CSV, XLSX, ODS, JSON Lines or Parquet) of a source."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="id of the source; see: anwang sources")
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--drop-released", action="store_true",
            help="a person has confirmed that this full delivery really shrank",
        )  # fmt: skip

    def handle(
        self, *, source: str, file: Path, json: bool, drop_released: bool, **options: Any
    ) -> None:
        self._finish_last(source)
        self._total = 0
        outcome = load_file(
            source, file, actor=LOADING, progress=self._shown("rows"), total=self._set_total,
            drop_released=drop_released,
        )  # fmt: skip
        if not outcome.held and outcome.delivery_id:
            self._total = outcome.accepted
            identify(outcome.delivery_id, actor=LOADING, progress=self._shown("identified"))
        self._say(outcome, as_json=json)

    def _finish_last(self, source: str) -> None:
        """Finish what an interrupted command left of the source's last delivery."""
        publish_pending(source, actor=LOADING)
        published = Delivery.objects.filter(source_id=source, state=Delivery.State.PUBLISHED)
        if last := published.order_by("-known_at").first():
            identify(last.pk, actor=LOADING)

    def _set_total(self, rows: int) -> None:
        self._total = rows

    def _shown(self, what: str) -> Any:
        """A progress bar on a terminal; else a line now and then."""
        terminal = sys.stderr.isatty()
        told = 0

        def show(done: int) -> None:
            nonlocal told
            total = max(self._total, done, 1)
            if terminal:
                bar = "█" * (done * 30 // total)
                self.stderr.write(f"\r{bar:30} {done}/{total} {what} ", ending="")
                if done >= total:
                    self.stderr.write("")
            elif done - told >= _TOLD_EVERY:
                told = done
                self.stderr.write(f"{done}/{total} {what}")

        return show

    def _say(self, outcome: LoadOutcome, *, as_json: bool) -> None:
        fields = {
            "accepted": outcome.accepted,
            "quarantined": outcome.quarantined,
            "held": outcome.held,
            "reasons": outcome.reasons,
        }
        if as_json:
            self.stdout.write(json.dumps(fields, ensure_ascii=False))
        elif not outcome.held:
            self.stdout.write(
                f"收下 {outcome.accepted} 列，隔離 {outcome.quarantined} 列。"
                f" Taken {outcome.accepted}, set aside {outcome.quarantined}."
            )
            for rule, rows in outcome.reasons.items():
                self.stdout.write(f"  {rule}: {rows}")
        if outcome.held_because:
            raise CommandError("{zh} {en} ({rule})".format(**outcome.held_because), returncode=1)
