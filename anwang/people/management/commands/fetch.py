"""`anwang fetch SOURCE`, `--all` or `--due`: takes what sources have for us over their transports."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.context import LOADING
from anwang.people.actions import identify
from anwang.registries.actions.deliveries import LoadOutcome
from anwang.registries.actions.fetching import (
    FetchedAlready,
    FetchOutcome,
    due_sources,
    fetch_source,
    fetched_sources,
)
from anwang.registries.transports.troubles import TEXTS


class Command(BaseCommand):
    help = "Fetch from a source whatever is new, over the transport that its manifest names."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("source", nargs="?", help="id of the source; see: anwang sources")
        which.add_argument("--all", action="store_true", help="every source that has a connection")
        which.add_argument("--due", action="store_true", help="those whose time has come")
        parser.add_argument("--json", action="store_true", help="JSON lines on standard output")

    def handle(self, *, source: str | None, json: bool, **options: Any) -> None:
        several = fetched_sources if options["all"] else due_sources
        chosen = several() if source is None else [source]
        troubled = 0
        for one in chosen:
            try:
                outcome = fetch_source(
                    one, actor=LOADING, loaded=self._identify, progress=self._shown()
                )
            except FetchedAlready:
                if source is not None:
                    raise
                continue
            troubled += bool(outcome.trouble)
            self._say(outcome, as_json=json)
        # Nobody waits behind a timetable: what failed is noted, and tried again.
        if troubled and not options["due"]:
            raise CommandError(
                f"{troubled} 個來源沒有取得。 {troubled} of {len(chosen)} sources could not be fetched.",
                returncode=1,
            )

    def _identify(self, outcome: LoadOutcome) -> None:
        if not outcome.held and outcome.delivery_id:
            identify(outcome.delivery_id, actor=LOADING)

    def _shown(self) -> Callable[[str, int, int | None], None]:
        """One line that renews itself on a terminal; elsewhere nothing until it is done."""
        terminal = sys.stderr.isatty()

        def show(name: str, done: int, total: int | None) -> None:
            if terminal:
                whole = f"/{total}" if total else ""
                self.stderr.write(f"\r  {name[:40]:40} {done}{whole} ", ending="")
                if total and done >= total:
                    self.stderr.write("")

        return show

    def _say(self, outcome: FetchOutcome, *, as_json: bool) -> None:
        fields = {
            "source": outcome.source,
            "deliveries": len(outcome.outcomes),
            "accepted": sum(one.accepted for one in outcome.outcomes if not one.repeated),
            "quarantined": sum(one.quarantined for one in outcome.outcomes if not one.repeated),
            "held": sum(one.held for one in outcome.outcomes),
            "repeated": sum(one.repeated for one in outcome.outcomes),
            "trouble": outcome.trouble or None,
        }
        if as_json:
            self.stdout.write(json.dumps(fields, ensure_ascii=False))
            return
        self.stdout.write(
            "{source}: 收到 {deliveries} 批，收下 {accepted} 列，隔離 {quarantined} 列，"
            "整批未收 {held}。 {deliveries} deliveries, {accepted} rows taken, {quarantined} set"
            " aside, {held} held.".format(**fields)
        )
        for one in outcome.outcomes:
            if one.held_because:
                self.stdout.write("  {zh} {en} ({rule})".format(**one.held_because))
        if outcome.trouble:
            text = TEXTS[outcome.trouble]
            self.stdout.write(f"  {text.zh} {text.en} ({outcome.trouble})")
