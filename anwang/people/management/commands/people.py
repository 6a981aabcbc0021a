"""`anwang people index build|status|check`: the nation's derived index (docs/matching.md)."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from anwang.access.actions.entries import record_apart
from anwang.access.context import LOADING
from anwang.access.vocabulary import Act
from anwang.people.actions.nation import SETTLED_BEHIND, build_index
from anwang.people.nation.layout import IndexDamaged, current, damaged, folder_of, read_manifest
from anwang.people.queries.nation import open_index

_TOLD_EVERY = 5.0  # seconds


class Command(BaseCommand):
    help = "The index of persons beside the database: build it, say how it stands, check its files."

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="what", required=True)
        index = parts.add_parser("index", help="the derived index of blocking keys")
        steps = index.add_subparsers(dest="step", required=True)
        build = steps.add_parser("build", help="build it, or go on with an interrupted build")
        build.add_argument(
            "--settled-behind", type=int, default=SETTLED_BEHIND,
            help="so many of the newest numbers are left to the tables; 0 where nothing is loading",
        )  # fmt: skip
        status = steps.add_parser("status", help="what the index in use holds")
        check = steps.add_parser("check", help="read all its files and compare their digests")
        for part in (build, status, check):
            part.add_argument("--json", action="store_true")
        self._told_at = 0.0

    def handle(self, *, step: str, json: bool, **options: Any) -> None:
        try:
            if step == "build":
                self._build(options["settled_behind"], json)
            elif step == "status":
                self._tell(self._status(), json)
            else:
                self._check(json)
        except IndexDamaged as damage:
            raise CommandError(str(damage)) from None

    def _build(self, settled_behind: int, as_json: bool) -> None:
        record_apart(
            Act.READ, actor=LOADING, object_kind="person", purpose="matching",
            detail={"command": "people index build"},
        )  # fmt: skip
        build_index(settled_behind=settled_behind, progress=self._progress)
        self._tell(self._status(), as_json)

    def _progress(self, what: str, done: int, whole: int) -> None:
        if time.monotonic() - self._told_at >= _TOLD_EVERY:
            self._told_at = time.monotonic()
            self.stderr.write(f"{what}: {done:,} of {whole:,}")

    def _status(self) -> dict[str, Any]:
        build = current(folder_of())
        if build is None:
            return {"state": "none"}
        told = asdict(read_manifest(build))
        told.pop("digests")
        return {"state": "in use" if open_index() is not None else "not used"} | told

    def _check(self, as_json: bool) -> None:
        build = current(folder_of())
        if build is None:
            raise CommandError("There is no index. Build it with: anwang people index build")
        wrong = damaged(build)
        self._tell({"ok": not wrong, "damaged": wrong}, as_json)
        if wrong:
            sys.exit(1)

    def _tell(self, what: dict[str, Any], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(what, ensure_ascii=False))
            return
        for name, value in what.items():
            self.stdout.write(f"{name}: {value}")
