"""`anwang reports FILE`: delivers a file of reports and waits until each is screened."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from anwang.access.context import LOADING
from anwang.intake.actions import Receipt, deliver
from anwang.intake.rules.bodies import Delivered
from anwang.intake.rules.lines import FileUnreadable, Line, reports_in
from anwang.triage.models import Matter, State

LOCAL = "local"
# Reports that share a commit: enough to spare the disk, few enough to hold no other sender up.
AT_ONCE = 50
ASKED_AT_ONCE = 1000
PATIENCE_SECONDS = 300.0
_KIND = "select kind from clock.instance"


class Command(BaseCommand):
    help = "Deliver reports (JSON Lines, plain or gzip) and wait until each is screened."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--historic", action="store_true", help="old reports, without alarms")
        parser.add_argument("--sender", help="whose file it is; needed on a production instance")
        parser.add_argument("--json", action="store_true")

    def handle(
        self, *, file: Path, historic: bool, sender: str | None, json: bool, **options: Any
    ) -> None:
        if sender is None and _instance() == "production":
            raise CommandError("請以 --sender 指明來源。 Name the sender with --sender.")
        self.counted = {"received": 0, "repeated_delivery": 0, "refused": 0}
        new: list[uuid.UUID] = []
        try:
            for receipts in self._delivered(file, sender, historic):
                new += [one.report for one in receipts if one.outcome == "new"]
                self.counted["received"] = len(new)
                self.counted["repeated_delivery"] += sum(r.outcome != "new" for r in receipts)
                self._progress("delivered", len(new) + self.counted["repeated_delivery"])
        except FileUnreadable as error:
            if not new:
                raise
            self.stderr.write(str(error))
        self._await_screening(new)
        self._say(json)

    def _delivered(self, file: Path, sender: str | None, historic: bool) -> Iterator[list[Receipt]]:
        lines = self._good_lines(reports_in(file))
        while portion := list(islice(lines, AT_ONCE)):
            with transaction.atomic(using=settings.DOOR_ALIAS):
                receipts = [
                    deliver(
                        given, sender=sender or _sender_of(given), historic=historic, actor=LOADING
                    )
                    for given in portion
                ]
            yield receipts

    def _good_lines(self, lines: Iterator[Line]) -> Iterator[Delivered]:
        for line in lines:
            if line.delivered is None:
                self.counted["refused"] += 1
                self.stderr.write(f"第 {line.number} 行 line {line.number}: {line.reason}")
            else:
                yield line.delivered

    def _await_screening(self, reports: list[uuid.UUID]) -> None:
        from anwang.triage.actions.screening import screen_waiting

        until = time.monotonic() + PATIENCE_SECONDS
        left = reports
        while left:
            screened = screen_waiting()
            before, left = len(left), _still_waiting(left[:ASKED_AT_ONCE]) + left[ASKED_AT_ONCE:]
            self._progress("screened", len(reports) - len(left))
            if screened or len(left) < before:
                until = time.monotonic() + PATIENCE_SECONDS
            elif time.monotonic() > until:
                raise CommandError(
                    f"{len(left)} 件通報已收下，但尚未檢核；值班台已可看到。"
                    f" {len(left)} reports are stored but not screened; the desk has them."
                )
            elif len(left) == before:
                time.sleep(0.2)

    def _progress(self, done: str, number: int) -> None:
        if self.stderr.isatty() or number % 1000 < AT_ONCE:
            self.stderr.write(f"\r{number} {done}", ending="" if self.stderr.isatty() else "\n")

    def _say(self, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(self.counted))
        else:
            self.stdout.write(
                "收下 {received} 件，重複 {repeated_delivery} 件，未收 {refused} 行。"
                " Received {received}, repeated {repeated_delivery}, refused {refused}.".format(
                    **self.counted
                )
            )
        if not self.counted["received"] and not self.counted["repeated_delivery"]:
            raise CommandError("沒有收下任何通報。 Nothing was taken.")


def _instance() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_KIND)
        row = cursor.fetchone()
    return str(row[0]) if row else "production"


def _sender_of(given: Delivered) -> str:
    """On demo and test instances the line's own sender counts as authenticated."""
    said = given.body.get("sender")
    return said[:64] if isinstance(said, str) and said.strip() else LOCAL


def _still_waiting(reports: list[uuid.UUID]) -> list[uuid.UUID]:
    return list(
        Matter.objects.filter(pk__in=reports, state=State.RECEIVED).values_list("pk", flat=True)
    )
