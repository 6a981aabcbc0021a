"""`anwang table check FILE`: whether a table of figures holds together, in plain words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.common.errors import AnwangError
from anwang.registries.rules.tables.check import check_table
from anwang.registries.rules.tables.described import read_table
from anwang.registries.rules.tables.findings import Finding


class Command(BaseCommand):
    help = "Check a table (CSV, ODS or XLSX) against general rules; its YAML tells what it holds."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["check"])
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--about", type=Path, help="the description; else FILE with the ending .yaml"
        )
        parser.add_argument("--json", action="store_true", help="JSON lines on standard output")

    def handle(
        self, *, file: Path, about: Path | None, json: bool, act: str, **options: Any
    ) -> None:
        description = about or file.with_suffix(".yaml")
        for path in (file, description):
            if not path.is_file():
                raise CommandError(f"There is no file {path}.", returncode=2)
        try:
            found = check_table(read_table(file, description))
        except AnwangError as fault:
            raise CommandError(str(fault), returncode=2) from None
        for one in found:
            self.stdout.write(_as_json(one) if json else _as_text(one))
        if not found and not json:
            self.stdout.write("沒有發現不一致。 Nothing inconsistent was found.")
        if found:
            raise CommandError(f"{len(found)} findings", returncode=1)


def _as_json(one: Finding) -> str:
    fields = {
        "rule": one.rule, "place": one.place, "text": one.text.as_dict(), "fix": one.fix.as_dict(),
        "citation": one.citation.as_dict(),
    }  # fmt: skip
    return json.dumps(fields, ensure_ascii=False)


def _as_text(one: Finding) -> str:
    return (
        f"{one.place}\n  {one.text.zh}。{one.fix.zh}。\n"
        f"  {one.text.en}. {one.fix.en}. {one.citation.zh}。{one.citation.en}. [{one.rule}]"
    )
