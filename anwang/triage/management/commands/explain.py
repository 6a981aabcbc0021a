"""`anwang explain RECEIPT`: one report with the inputs, policies and picture behind its proposal."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.actions.entries import record_apart
from anwang.access.context import acting
from anwang.access.operator import PURPOSE, demo_operator
from anwang.access.vocabulary import Act
from anwang.triage.queries import explain_fields


class Command(BaseCommand):
    help = "Print one report with inputs, reasons and the household picture that were used."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("receipt")
        parser.add_argument("--json", action="store_true", help="one line on standard output")

    def handle(self, *, receipt: str, **options: Any) -> None:
        operator = demo_operator()
        record_apart(
            Act.READ, actor=operator, object_kind="receipt", object_ids=[receipt[:20]],
            purpose=PURPOSE, fields=["report", "picture", "proposal"],
        )  # fmt: skip
        with acting(operator, PURPOSE):
            fields = explain_fields(receipt)
        if fields is None:
            raise CommandError(
                f"查無收據編號 {receipt}。請核對。 There is no report {receipt}; check the receipt."
            )
        indent = None if options["json"] else 2
        self.stdout.write(json.dumps(fields, ensure_ascii=False, indent=indent))
