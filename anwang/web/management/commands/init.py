"""`anwang init`: makes the database ready and ends."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import programs


class Command(BaseCommand):
    help = "Make the database ready: with the demo county, or with --empty without any person."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--empty", action="store_true", help="a test instance, nobody in it")
        parser.add_argument("--demo", action="store_true", help="fill the demo on a server too")
        parser.add_argument("--json", action="store_true", help="JSON on standard output")

    def handle(self, *, empty: bool, demo: bool, json: bool, **options: Any) -> None:
        if os.environ.get("DATABASE_URL") and not (empty or demo):
            raise CommandError(
                "DATABASE_URL names a server, and the demo is filled only in the embedded database."
                " Say --demo to fill it there all the same, or --empty to fill nothing."
            )
        kind = "test" if empty else "demo"
        more = [] if empty else ["--demo-teams"]
        if programs.run("migrator", "prepare", "--kind", kind, *more):
            raise CommandError("The database could not be made ready; the reason stands above.")
        if programs.run("worker", "fill", *(["--accounts"] if empty else [])):
            raise CommandError("The demo could not be filled; the reason stands above.")
        if json:
            self.stdout.write(f'{{"kind": "{kind}"}}')
