"""`anwang verify-audit`: computes the audit's hash tree anew and names the first bad entry."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from anwang.access.audit_tree import give_places, verify


class Command(BaseCommand):
    help = "Verify the audit; status 1 when an entry was changed, removed, added or moved."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="JSON on standard output")

    def handle(self, **options: Any) -> None:
        while give_places():
            pass
        verdict = verify()
        if options["json"]:
            found = {"entries": verdict.entries, "ok": verdict.ok, "first_bad": verdict.first_bad}
            self.stdout.write(json.dumps(found))
        elif verdict.ok:
            self.stdout.write(f"{verdict.entries} entries, none changed.")
        else:
            self.stdout.write(f"Entry {verdict.first_bad} is not as it was written.")
        if not verdict.ok:
            sys.exit(1)
