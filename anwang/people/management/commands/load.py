"""`anwang load SOURCE FILE`: takes a registry file, then says whose its records are.

`anwang load --all FOLDER` takes every file that is named after a source, identifying one while the
next is taken.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.context import LOADING
from anwang.people.actions import identify
from anwang.people.actions.full_load import Progress, load_folder
from anwang.registries.actions.deliveries import LoadOutcome, load_file, publish_pending
from anwang.registries.actions.loading import ROWS_A_PORTION
from anwang.registries.models import Delivery

_TOLD_EVERY = 20_000


def _rows(text: str) -> int:
    """A number of rows, at least one. Raises ArgumentTypeError."""
    rows = int(text) if text.isascii() and text.isdigit() else 0
    if rows < 1:
        raise ArgumentTypeError("至少一列。 At least one row.")
    return rows


class Command(BaseCommand):
    help = "Deliver a registry file (CSV, XLSX, ODS, JSON Lines or Parquet) of a source."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", nargs="?", help="id of the source; see: anwang sources")
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument("--all", type=Path, metavar="FOLDER", help="all files in FOLDER")
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--drop-released", action="store_true",
            help="a person has confirmed that this full delivery really shrank",
        )  # fmt: skip
        parser.add_argument(
            "--portion", type=_rows, default=ROWS_A_PORTION, metavar="ROWS",
            help="rows of a file that are kept together: at most so many are taken again when a load"
            " breaks off (%(default)s)",
        )  # fmt: skip

    def handle(
        self, *, source: str | None, file: Path | None, json: bool, drop_released: bool,
        portion: int, **options: Any,
    ) -> None:  # fmt: skip
        self._total = 0
        if options["all"]:
            if source or drop_released:
                raise CommandError("--all FOLDER 之外不帶其他參數。 --all stands alone.")
            self._load_all(options["all"], as_json=json)
            return
        if source is None or file is None:
            raise CommandError("請指明來源與檔案。 Name a source and a file, or --all FOLDER.")
        self._finish_last(source)
        outcome = load_file(
            source, file, actor=LOADING, progress=self._shown("rows"), total=self._set_total,
            goes_on=self._tell_behind, drop_released=drop_released, portion_rows=portion,
        )  # fmt: skip
        if not outcome.held and outcome.delivery_id:
            self._total = outcome.accepted
            identify(outcome.delivery_id, actor=LOADING, progress=self._shown("identified"))
        self._say(outcome, as_json=json)

    def _load_all(self, folder: Path, *, as_json: bool) -> None:
        """Take a folder; what was held back is told with its reason, and the others are taken."""
        held = 0
        for taken in load_folder(folder, actor=LOADING, progress=self._told_of_each()):
            held += taken.outcome.held
            if as_json:
                fields = {"source": taken.source} | self._fields(taken.outcome)
                self.stdout.write(json.dumps(fields, ensure_ascii=False))
                continue
            why = taken.outcome.held_because
            self.stdout.write(
                f"{taken.source}: 收下 {taken.outcome.accepted} 列，隔離"
                f" {taken.outcome.quarantined} 列。 Taken {taken.outcome.accepted}, set aside"
                f" {taken.outcome.quarantined}." if why is None else
                "{source}: {zh} {en} ({rule})".format(source=taken.source, **why)
            )  # fmt: skip
        if held:
            raise CommandError(f"{held} 份整份未收。 {held} held back.", returncode=1)

    def _told_of_each(self) -> Progress:
        """A line now and then: source, what is done, how much there is."""
        told: dict[tuple[str, str], int] = {}

        def show(source: str, step: str, done: int, total: int) -> None:
            if done - told.get((source, step), 0) >= _TOLD_EVERY or done == total > _TOLD_EVERY:
                told[source, step] = done
                self.stderr.write(f"{source}: {done}/{total or '?'} {step}")

        return show

    def _finish_last(self, source: str) -> None:
        """Finish what an interrupted command left of the source's last delivery."""
        publish_pending(source, actor=LOADING)
        published = Delivery.objects.filter(source_id=source, state=Delivery.State.PUBLISHED)
        if last := published.order_by("-known_at").first():
            identify(last.pk, actor=LOADING)

    def _set_total(self, rows: int) -> None:
        self._total = rows

    def _tell_behind(self, rows: int) -> None:
        self.stderr.write(
            f"上次載入中斷，前 {rows} 列已收，從下一列繼續。 The last load broke off: the first {rows} rows"
            " are taken, going on behind them."
        )

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

    def _fields(self, outcome: LoadOutcome) -> dict[str, Any]:
        return {
            "accepted": outcome.accepted,
            "quarantined": outcome.quarantined,
            "held": outcome.held,
            "reasons": outcome.reasons,
        }

    def _say(self, outcome: LoadOutcome, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(self._fields(outcome), ensure_ascii=False))
        elif not outcome.held:
            self.stdout.write(
                f"收下 {outcome.accepted} 列，隔離 {outcome.quarantined} 列。"
                f" Taken {outcome.accepted}, set aside {outcome.quarantined}."
            )
            for rule, rows in outcome.reasons.items():
                self.stdout.write(f"  {rule}: {rows}")
        if outcome.held_because:
            raise CommandError("{zh} {en} ({rule})".format(**outcome.held_because), returncode=1)
