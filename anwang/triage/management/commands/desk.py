"""`anwang desk [--all]`: the reports on the desk, one a line (docs/formats/README.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from anwang.access.actions.entries import record_apart
from anwang.access.context import acting
from anwang.access.operator import PURPOSE, demo_operator
from anwang.access.vocabulary import Act
from anwang.triage.queries import desk_rows


class Command(BaseCommand):
    help = "Print the open reports, or all, with their proposal, clocks and accountable team."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="closed reports too")
        parser.add_argument("--json", action="store_true", help="JSON lines on standard output")

    def handle(self, *, all: bool, json: bool, **options: Any) -> None:
        operator = demo_operator()
        # On record before the first row is out (V5).
        record_apart(
            Act.READ, actor=operator, object_kind="desk", purpose=PURPOSE,
            detail={"command": "desk", "all": all},
        )  # fmt: skip
        show = as_json if json else as_text
        with acting(operator, PURPOSE):
            for fields in desk_rows(include_closed=all):
                self.stdout.write(show(fields))


def as_json(fields: Mapping[str, Any]) -> str:
    """One JSON object, Chinese as written."""
    return json.dumps(fields, ensure_ascii=False)


def as_text(fields: Mapping[str, Any]) -> str:
    """One line for a reader at a terminal."""
    told = (
        fields["receipt"], fields["state"], fields["due_at"], fields["grade"] or "-",
        fields["stream"] or "-", fields["accountable_team"],
    )  # fmt: skip
    return "  ".join(str(one) for one in told)
