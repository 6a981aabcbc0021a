"""The vault's keys from the command line: what two persons agreed on is carried out here."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access import key_folder
from anwang.access.actions.two_persons import NotWithTwo
from anwang.intake.actions.keys import begin_rotation, carry_on_rotation, shred_report
from anwang.intake.rules.receipts import read_receipt


class Command(BaseCommand):
    help = "Rotate the vault's key, or destroy one report's keys. Both need an approved request."

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="what", required=True)
        rotate = parts.add_parser("rotate", help="wrap all data keys with a new key, while running")
        rotate.add_argument("--request", type=uuid.UUID, help="id of the approved request")
        rotate.add_argument("--resume", action="store_true", help="go on with one cut short")
        shred = parts.add_parser("shred", help="destroy the keys of one report for ever")
        shred.add_argument("receipt")
        shred.add_argument("--request", type=uuid.UUID, required=True)
        parts.add_parser("status", help="which versions of the key there are")

    def handle(self, *, what: str, **options: Any) -> None:
        try:
            if what == "rotate":
                self._rotate(options["request"], options["resume"])
            elif what == "shred":
                self._shred(options["receipt"], options["request"])
            else:
                held = ", ".join(str(one) for one in key_folder.versions())
                self.stdout.write(f"current: {key_folder.current_version()}; kept: {held}")
        except NotWithTwo as refusal:
            raise CommandError(
                f"Refused ({refusal.reason}). Ask under /two-persons/, have it approved by another"
                " rank, and give the request's id within its half hour."
            ) from None

    def _rotate(self, request: uuid.UUID | None, resume: bool) -> None:
        if request is None and not resume:
            raise CommandError("Give --request ID of an approved request, or --resume.")
        if request is not None:
            self.stdout.write(f"version {begin_rotation(request)} begun")
        for progress in carry_on_rotation():
            self.stdout.write(f"{progress.done:,} keys wrapped anew, {progress.left:,} to go")

    def _shred(self, receipt: str, request: uuid.UUID) -> None:
        number = read_receipt(receipt)
        if number is None:
            raise CommandError("This is no receipt number.")
        keys = shred_report(number, request)
        self.stdout.write(f"{number}: {keys} keys destroyed; its sealed parts open no more")
