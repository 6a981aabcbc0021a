"""The people and the time of a simulated month: who sits where, and a clock that tests may set."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any, Final

import psycopg
from django.db import connection, transaction

from anwang.access.actions.accounts import add_account
from anwang.access.context import LOADING, Actor, acting
from tests.conftest import add_service_teams, clone_of, template_database
from tests.trust.planting import Fault

HERE: Final = "68000"
DESK, TEAM, SECOND = "68000-desk", "68000-protection", "68000-protection-b"
NATIONAL: Final = "national-desk"
# name -> (team, county, role). Whom the ladder may call is told by these alone, never by the database.
SEATS: Final[dict[str, tuple[str, str | None, str]]] = {
    "desk": (DESK, HERE, "desk"),
    "night desk": (DESK, HERE, "desk"),
    "desk supervisor": (DESK, HERE, "supervisor"),
    "worker": (TEAM, HERE, "team-worker"),
    "lead": (TEAM, HERE, "lead"),
    "team supervisor": (TEAM, HERE, "supervisor"),
    "second worker": (SECOND, HERE, "team-worker"),
    "second supervisor": (SECOND, HERE, "supervisor"),
    "manager": ("68000-county", HERE, "county-manager"),
    "ministry": ("ministry-oversight", None, "ministry"),
    "national desk": (NATIONAL, None, "desk"),
    "operator": ("", None, "operator"),
}
# Who may be away in a month: their seat has ended, or their account has.
AWAY: Final = (
    "night desk",
    "desk supervisor",
    "team supervisor",
    "second supervisor",
    "manager",
    "worker",
)
BEGINNING: Final = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def set_clock(instant: dt.datetime) -> None:
    """Make it `instant` for this transaction, whatever the machine's clock says (decision 1)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('clock.ahead', (%s::timestamptz - clock_timestamp())::text, true)",
            [instant],
        )


@contextlib.contextmanager
def as_owner_of_the_machine() -> Iterator[Any]:
    """A cursor with every right, for what happens outside the product: somebody leaves."""
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        (before,) = cursor.fetchone()
        cursor.execute("set local role postgres")
        try:
            yield cursor
        finally:
            if not connection.needs_rollback:
                cursor.execute(f'set local role "{before}"')


@contextlib.contextmanager
def world(server: Any, fault: Fault | None = None) -> Iterator[dict[str, Actor]]:
    """Everybody's account in a database of its own, planted with the fault if it is one of SQL."""
    name = f"anwang_month_{uuid.uuid4().hex[:10]}"
    clone_of(server, template_database(server), name)
    add_service_teams(server, name)
    if fault and "in" not in fault:
        plant(fault, server.address("postgres", name))
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {
        "NAME": name, "HOST": str(server.sockets), "USER": "postgres",
        "OPTIONS": {"options": "-c role=anwang_worker -c synchronous_commit=off"},
    }  # fmt: skip
    try:
        with transaction.atomic(), acting(LOADING, "test"):
            set_clock(BEGINNING)
            people = {who: Actor(_account(who, seat)) for who, seat in SEATS.items()}
        yield people
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict |= kept
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')


def _account(name: str, seat: tuple[str, str | None, str]) -> uuid.UUID:
    made = add_account(
        name.replace(" ", "-"), display_name="範例", display_name_en="Example", password=None,
        county=None, memberships=[seat], actor=LOADING, trained="tests",
    )  # fmt: skip
    return made.pk


def plant(fault: Fault, address: str) -> None:
    """Patch one function of the database, and run what the fault wants besides."""
    with psycopg.connect(address, autocommit=True) as admin:
        ((before,),) = admin.execute(
            "select pg_get_functiondef(p.oid) from pg_proc p"
            " where p.pronamespace::regnamespace || '.' || p.proname = %s",
            [fault["function"]],
        ).fetchall()
        assert fault["old"] in before, f"the fault does not fit any more: {fault['fault']}"
        admin.execute(before.replace(fault["old"], fault["new"], 1))
        if "also" in fault:
            admin.execute(fault["also"])
