"""Fills a demo (the program behind `init` and `up`); with --accounts only who may sign in."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from anwang.registries.actions.fetching import held_off
from anwang.registries.models import Delivery
from demo.filling import fill, fill_accounts


class Command(BaseCommand):
    help = "Fill a demo instance; what is there already is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--accounts", action="store_true")
        parser.add_argument("--second", action="store_true", help="help the one that fills")
        parser.add_argument("--if-demo", action="store_true", help="else do nothing, quietly")

    def handle(self, *, accounts: bool, second: bool, if_demo: bool, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select kind from clock.instance")
            (kind,) = cursor.fetchone()
        if kind == "production":
            raise CommandError("A production instance is never filled with invented people.")
        if accounts:
            fill_accounts(demo=kind == "demo")
            return
        if kind != "demo" and if_demo:
            return
        if kind != "demo":
            raise CommandError("Only a demo instance is filled. Make one: anwang init")
        if second:
            fill(lambda *_: None, second=True)
            return
        fill_accounts(demo=True)
        if self._done():
            return
        with held_off():
            fill(self._tell)
        self._write("", 100, done=True)

    def _done(self) -> bool:
        """Whether the year is in already; told by the file only where the database agrees."""
        try:
            said = json.loads((settings.HOME / "filling.json").read_text())
        except (FileNotFoundError, ValueError):
            return False
        return bool(said.get("done")) and Delivery.objects.exists()

    def _tell(self, step: str, percent: int) -> None:
        self._write(step, percent, done=False)
        if sys.stderr.isatty():
            self.stderr.write(f"\r  {percent:3d} % {step}   ", ending="")
            self.stderr.flush()

    def _write(self, step: str, percent: int, *, done: bool) -> None:
        path = settings.HOME / "filling.json"
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({"step": step, "percent": percent, "done": done}))
        fresh.replace(path)
