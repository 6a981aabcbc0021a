"""Makes a database ready: migrations, directory, manifests, policies, and what kind it is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from anwang.access.actions.access_table import FILE as ACCESS_FILE
from anwang.access.actions.access_table import apply_access_table
from anwang.access.actions.context_key import install_context_key
from anwang.access.actions.look_rules import load_look_rules
from anwang.access.actions.standing import load_requirements
from anwang.access.actions.two_person_acts import load_two_person_acts
from anwang.access.breached_passwords import why_not_looked_up
from anwang.directory.actions import load_directory, load_teams
from anwang.registries.actions.sources import load_sources
from anwang.registries.rules.manifests import LOCAL_SYSTEMS
from anwang.rulebook.actions.shipped import load_first_clock, load_policies
from anwang.rulebook.rules.clocks import first_clock, read_clocks
from anwang.rulebook.rules.loader import read_doc

APPS = Path(__file__).resolve().parents[3]


class Command(BaseCommand):
    help = "Make the database ready as its owner. Repeatable; changes nothing that is in force."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", choices=["demo", "test", "production"])
        parser.add_argument("--keep", action="store_true", help="another kind given before stays")
        parser.add_argument("--demo-teams", action="store_true", help="where the kind is demo")

    def handle(self, *, kind: str | None, keep: bool, demo_teams: bool, **options: Any) -> None:
        before = self._kind_given()
        if before is None and kind is None:
            raise CommandError(
                "This database is not ready. Make it so with: anwang init --empty, or: anwang init --demo"
            )
        wanted = before if before and (keep or kind is None) else kind
        call_command("migrate", verbosity=0)
        apply_access_table()
        install_context_key()
        self._name_kind(str(wanted))
        load_directory()
        load_two_person_acts()
        load_requirements()
        load_look_rules()
        load_sources()
        load_sources(LOCAL_SYSTEMS)
        for app in ("rulebook", "triage", "intake"):
            files = APPS.glob(f"{app}/policies/*.yaml")
            load_policies(path for path in files if path.name != ACCESS_FILE)
        load_policies(APPS.glob("triage/policies/instruments/*.yaml"))
        # A county begins its overlay itself; demo and test instances show two that are in force.
        overlays = APPS.glob("triage/policies/overlays/*.yaml")
        load_policies(overlays, as_draft=wanted == "production")
        first = first_clock(read_clocks(read_doc(APPS / "triage/policies/clocks.yaml")))
        load_first_clock(first.id, first.amount, first.citation)
        if demo_teams and wanted == "demo":
            from demo.staff import teams

            load_teams(_fields(team) for team in teams() if not team.is_desk)
        self.warn(str(wanted))

    def warn(self, kind: str) -> None:
        """Say what a production instance lacks without which it does less than is promised."""
        if kind == "production" and (why := why_not_looked_up()):
            self.stderr.write(f"{why}: breached passwords are not refused (docs/accounts.md).")

    def _kind_given(self) -> str | None:
        with connection.cursor() as cursor:
            cursor.execute("select to_regclass('clock.instance')")
            if cursor.fetchone()[0] is None:
                return None
            cursor.execute("select kind from clock.instance")
            row = cursor.fetchone()
        return str(row[0]) if row else None

    def _name_kind(self, kind: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into clock.instance (kind) values (%s) on conflict do nothing", [kind]
            )
            cursor.execute("select kind from clock.instance")
            (found,) = cursor.fetchone()
        if found != kind:
            raise CommandError(f"This database is a {found} instance, set once; not {kind}.")


def _fields(team: Any) -> dict[str, Any]:
    """The fields of a directory team from a demo team."""
    fields = asdict(team)
    fields["county_id"] = fields.pop("county")
    return fields
