"""`anwang sources`: every source and how its feed stands (docs/formats/README.md)."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from anwang.registries.queries import feed_fields, feeds


class Command(BaseCommand):
    help = "Print each source, who owns it, and whether its deliveries come in time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="JSON lines on standard output")
        parser.add_argument("--local", action="store_true", help="the local systems of counties")

    def handle(self, *, json: bool, local: bool, **options: Any) -> None:
        show = _as_json if json else _as_text
        for feed in (one for one in feeds() if (one.county is not None) == local):
            self.stdout.write(show(feed_fields(feed)))


def _as_json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _as_text(fields: dict[str, Any]) -> str:
    return f"{fields['id']:28}  {fields['state']:7}  {fields['last_delivery'] or '-'}"
