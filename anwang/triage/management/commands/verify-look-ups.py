"""`anwang verify-look-ups`: whether every question to a source and its answer are as they were signed."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.context import ASKING, acting
from anwang.registries.transports.questions import signer
from anwang.triage.queries.inquiries import verify_records


class Command(BaseCommand):
    help = "Hold the signed records of look-ups against each other and against what was kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--key", action="store_true", help="print our public key and end")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, json: bool, key: bool, **options: Any) -> None:
        if key:
            self.stdout.write(str(signer().public))
            return
        with acting(ASKING, "verify-look-ups"):
            verdict = verify_records()
        if json:
            self.stdout.write(_as_json(verdict.checked, verdict.first_bad))
        elif verdict.first_bad is None:
            self.stdout.write(
                f"{verdict.checked} 筆查詢紀錄相符。 {verdict.checked} look-ups are as signed."
            )
        if verdict.first_bad is not None:
            raise CommandError(
                f"查詢 {verdict.first_bad} 的紀錄不符。 The record of this look-up was changed.",
                returncode=1,
            )


def _as_json(checked: int, first_bad: object) -> str:
    fields = {"checked": checked, "ok": first_bad is None}
    return json.dumps(fields | {"first_bad": str(first_bad) if first_bad else None})
