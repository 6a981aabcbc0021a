"""`anwang policies`: every version of every policy and its state (docs/formats/README.md)."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from anwang.rulebook.queries import policy_fields


class Command(BaseCommand):
    help = "Print the loaded policies, their versions and which are in force."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="JSON lines on standard output")

    def handle(self, *, json: bool, **options: Any) -> None:
        show = _as_json if json else _as_text
        for fields in policy_fields():
            self.stdout.write(show(fields))


def _as_json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _as_text(fields: dict[str, Any]) -> str:
    told = (fields["id"], fields["version"], fields["state"], fields["county"] or "national")
    return "  ".join(str(one) for one in told)
