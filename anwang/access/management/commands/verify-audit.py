"""`anwang verify-audit`: computes the audit's hash tree anew and names the first bad entry."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from anwang.access.audit_tree import TreeBroken, give_places
from anwang.access.audit_verify import Verdict, verify
from anwang.access.audit_witnesses import NoSuchWitness, configured, held_by
from anwang.access.rules.notes import PublicKey


class Command(BaseCommand):
    help = "Verify the audit; status 1 when an entry was changed, removed, added or moved."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="JSON on standard output")
        parser.add_argument(
            "--witness", action="append", metavar="FILE_OR_ADDRESS",
            help="what this witness holds is compared too; default: the configured ones",
        )  # fmt: skip
        parser.add_argument("--key", help="the log's public key, for who does not have ours")

    def handle(self, **options: Any) -> None:
        try:
            while give_places():
                pass
        except TreeBroken:
            pass  # the walk says where
        key = PublicKey.of(options["key"]) if options["key"] else None
        given = options["witness"]
        held, silent = self._held(given or [one.address for one in configured()], key)
        if given and silent:
            self.stderr.write("\n".join(silent))
            sys.exit(2)
        verdict = verify(held, key)
        if options["json"]:
            self.stdout.write(json.dumps(_plain(verdict, held, silent)))
        else:
            self._say(verdict, held, silent)
        if not verdict.ok:
            sys.exit(1)

    def _held(
        self, sources: Iterable[str], key: PublicKey | None
    ) -> tuple[dict[int, set[bytes]], list[str]]:
        held: dict[int, set[bytes]] = {}
        silent = []
        for source in sources:
            try:
                for size, roots in held_by([source], key).items():
                    held.setdefault(size, set()).update(roots)
            except NoSuchWitness as error:
                silent.append(str(error))
        return held, silent

    def _say(self, verdict: Verdict, held: dict[int, set[bytes]], silent: list[str]) -> None:
        self.stdout.write(str(verdict))
        if verdict.tombstones:
            places = ", ".join(map(str, verdict.tombstones))
            self.stdout.write(f"Deleted by law, with proof: entries {places}.")
        if verdict.ok and verdict.checkpoints:
            self.stdout.write(f"{verdict.checkpoints} checkpoints, signed by us.")
        if verdict.ok and held:
            self.stdout.write(f"What witnesses hold agrees, up to entry {max(held) - 1}.")
        elif not held:
            self.stdout.write("No witness was asked: a log put back as a whole would not be seen.")
        for line in silent:
            self.stdout.write(line)
        if not verdict.ok:
            self.stdout.write(
                "Keep this database and its backups as they are, and call the security officer."
            )


def _plain(verdict: Verdict, held: dict[int, set[bytes]], silent: list[str]) -> dict[str, Any]:
    return {
        "entries": verdict.entries, "ok": verdict.ok, "first_bad": verdict.first_bad,
        "last_bad": verdict.last_bad, "why": verdict.why, "text": str(verdict),
        "tombstones": list(verdict.tombstones), "witnessed": max(held, default=None),
        "silent": len(silent),
    }  # fmt: skip
