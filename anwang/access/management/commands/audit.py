"""`anwang audit export` and `anwang audit key`: what somebody outside needs to verify the log."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import get_current_timezone

from anwang.access.actions.audit_exports import export_audit
from anwang.access.audit_key import signer
from anwang.access.audit_tree import give_places
from anwang.access.context import Actor

AUDITING: Final = Actor(
    uuid.UUID("00000000-0000-4000-8000-00000000000a"), "program", role="auditing"
)


class Command(BaseCommand):
    help = "Write the audit out for who verifies it without us, or show the key to do so with."

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        export = parts.add_parser("export", help="JSON Lines on standard output")
        export.add_argument("--since", help="a day or an instant, ISO; widened to whole portions")
        export.add_argument("--until", help="likewise; what lies there is left out")
        export.add_argument("--fhir", action="store_true", help="FHIR R4 AuditEvents, one a line")
        parts.add_parser("key", help="the log's public key")

    def handle(self, *, part: str, **options: Any) -> None:
        if part == "key":
            self.stdout.write(str(signer().public))
            return
        while give_places():
            pass
        span = _instant(options["since"]), _instant(options["until"])
        for line in export_audit(AUDITING, *span, fhir=options["fhir"]):
            self.stdout.write(line, ending="")


def _instant(text: str | None) -> dt.datetime | None:
    if not text:
        return None
    found = parse_datetime(text)
    day = parse_date(text) if found is None else None
    if day:
        found = dt.datetime.combine(day, dt.time())
    if found is None:
        raise CommandError(f"{text!r} is no day and no instant. Write it as 2027-03-01.")
    return found if found.tzinfo else found.replace(tzinfo=get_current_timezone())
