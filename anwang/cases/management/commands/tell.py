"""`anwang tell SYSTEM`, `--all` or `--due`: tells local systems what became of their reports."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.context import LOADING
from anwang.cases.queries.told_to_systems import changes_for
from anwang.registries.actions.sending import SendOutcome, due_systems, tell_system, told_systems
from anwang.registries.transports.connections import connection_to
from anwang.registries.transports.troubles import TEXTS


class Command(BaseCommand):
    help = "Tell a county's local system what became of its reports since the last time."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("system", nargs="?", help="see: anwang sources --local")
        which.add_argument("--all", action="store_true", help="every system with a connection")
        which.add_argument("--due", action="store_true", help="those whose time has come")
        parser.add_argument("--json", action="store_true", help="JSON lines on standard output")

    def handle(self, *, system: str | None, json: bool, **options: Any) -> None:
        chosen = [system] if system else self._several(due=options["due"])
        troubled = 0
        for one in chosen:
            outcome = tell_system(one, changes_for, actor=LOADING)
            troubled += bool(outcome.trouble)
            self._say(outcome, as_json=json)
        # Nobody waits behind a timetable: what failed is noted, and tried again.
        if troubled and not options["due"]:
            raise CommandError(
                f"{troubled} 個地方系統沒有收到。 {troubled} of {len(chosen)} were not reached.",
                returncode=1,
            )

    def _several(self, *, due: bool) -> list[str]:
        if due:
            return due_systems(actor=LOADING)
        return [name for name in told_systems() if connection_to(name) is not None]

    def _say(self, outcome: SendOutcome, *, as_json: bool) -> None:
        if as_json:
            fields = {
                "system": outcome.system, "deliveries": outcome.deliveries, "rows": outcome.rows,
                "trouble": outcome.trouble or None,
            }  # fmt: skip
            self.stdout.write(json.dumps(fields, ensure_ascii=False))
            return
        self.stdout.write(
            f"{outcome.system}: 送出 {outcome.deliveries} 批，{outcome.rows} 列。"
            f" {outcome.deliveries} deliveries, {outcome.rows} rows."
        )
        if outcome.trouble:
            text = TEXTS[outcome.trouble]
            self.stdout.write(f"  {text.zh} {text.en} ({outcome.trouble})")
