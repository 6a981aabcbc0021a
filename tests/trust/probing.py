"""A database with two counties, and connections to it as any role in any context."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from django.db import connections, transaction

from anwang.access.context import LASTS, Actor, enter
from tests.conftest import clone_of, template_database
from tests.trust.two_counties import ACCOUNTS, Filler, Table

PROBE = Path(__file__).with_name("probe.sql")
ALIAS = "default"


@dataclass(frozen=True, slots=True)
class TwoCounties:
    """A filled database on the tests' server."""

    server: Any
    name: str
    tables: dict[str, Table]

    def admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server.address("postgres", self.name), autocommit=True)

    @contextlib.contextmanager
    def copied(self) -> Iterator[TwoCounties]:
        """A copy to plant faults in; gone afterwards."""
        name = f"anwang_copy_{uuid.uuid4().hex[:10]}"
        clone_of(self.server, self.name, name)
        try:
            yield TwoCounties(self.server, name, self.tables)
        finally:
            drop(self.server, name)


def drop(server: Any, name: str) -> None:
    with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')


@contextlib.contextmanager
def two_counties(server: Any) -> Iterator[TwoCounties]:
    """A database of one's own with the rows of two counties, the probe in it."""
    name = f"anwang_counties_{uuid.uuid4().hex[:10]}"
    clone_of(server, template_database(server), name)
    try:
        with psycopg.connect(server.address("postgres", name), autocommit=True) as admin:
            filler = Filler(admin)
            filler.fill()
            admin.execute(PROBE.read_text(encoding="utf-8"))
        yield TwoCounties(server, name, filler.tables)
    finally:
        drop(server, name)


@contextlib.contextmanager
def connected(counties: TwoCounties, user: str) -> Iterator[Any]:
    """Django's own connection, to `counties` as `user`, for a block; the tests' one comes back."""
    connection = connections[ALIAS]
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {
        "NAME": counties.name,
        "USER": user,
        "HOST": str(counties.server.sockets),
        "OPTIONS": {},
    }
    try:
        yield connection
    finally:
        connection.close()
        connection.settings_dict |= kept


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one statement: `done` or an SQLSTATE, what was said, rows, rows changed."""

    outcome: str
    said: str
    counted: int
    touched: str


def run(
    connection: Any, statements: Sequence[str], befores: Sequence[str | None] = ()
) -> list[Answer]:
    """Run statements in the transaction that is open; every one is taken back."""
    given = list(befores) or [None] * len(statements)
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, said, counted, touched from probe.run(%s::text[], %s::text[])"
            " order by number",
            [given, list(statements)],
        )
        return [Answer(*row) for row in cursor.fetchall()]


def said(connection: Any) -> str:
    """What the context's variable says now."""
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('anwang.context', true)")
        return str(cursor.fetchone()[0] or "")


def say(connection: Any, what: str) -> None:
    """Set the context's variable past `enter`, as an injection would."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('anwang.context', %s, true)", [what])


@contextlib.contextmanager
def context(connection: Any, name: str) -> Iterator[None]:
    """A transaction in the context of one of the accounts, or in none; taken back.

    `stale` has ended, `replayed` is an earlier transaction's, `forged` names another account than
    the one it was made for: each is a context of `own` that must be none.
    """
    earlier = ""
    if name == "replayed":
        with transaction.atomic():
            enter(Actor(ACCOUNTS["own"]), "test")
            earlier = said(connection)
    with transaction.atomic():
        if name == "replayed":
            say(connection, earlier)
        elif name == "stale":
            with mock.patch.dict(LASTS, account=0):
                enter(Actor(ACCOUNTS["own"]), "test")
        elif name == "forged":
            enter(Actor(ACCOUNTS["other"]), "test")
            other, own = str(ACCOUNTS["other"]), str(ACCOUNTS["own"])
            assert other in said(connection), "the claim has another shape now: forge it anew"
            say(connection, said(connection).replace(other, own))
        elif name != "none":
            enter(Actor(ACCOUNTS[name]), "test")
        yield
        if not connection.needs_rollback:
            transaction.set_rollback(True)
