"""Concurrent take, offer, refuse, transfer, merge, dispute: one lead at every instant, nothing lost (V2)."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, connections

from tests.conftest import add_service_teams, clone_of, template_database
from tests.trust.dispatch_world import operate
from tests.trust.figure import Figure, drilling, hold, rotating
from tests.trust.planting import faults_of, planted_in_code

FIGURE = Figure(
    "dispatch", "concurrent take, offer, refuse, transfer, merge and dispute over many connections",
    "0 with two leads, 0 with none, 0 lost transfers", share=600, whole=200_000, portion=4000,
)  # fmt: skip
FAULTS = faults_of("dispatch")
TO_FIND_A_FAULT = 1200  # operations; it stops there, and finds every fault well before
pytestmark = pytest.mark.slow


@contextlib.contextmanager
def own_place(server: Any, fault: dict[str, str] | None = None) -> Iterator[str]:
    """A database that many connections of this process write to, with a fault planted in it."""
    name = f"anwang_dispatch_{uuid.uuid4().hex[:10]}"
    clone_of(server, template_database(server), name)
    add_service_teams(server, name)
    address = server.address("postgres", name)
    with psycopg.connect(address, autocommit=True) as admin:
        for sql in patches(fault or {}):
            admin.execute(sql)
    kept = connections["default"].settings_dict
    before = dict(kept)
    connection.close()
    kept |= {"NAME": name, "HOST": str(server.sockets)}
    try:
        yield address
    finally:
        connection.close()
        kept |= before
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')


def patches(fault: dict[str, str]) -> Iterator[str]:
    """The statements that plant a fault in the database."""
    if "sql" in fault:
        yield fault["sql"]
    if "definition" in fault:
        yield f"""do $do$
        declare
            said text := pg_get_functiondef('{fault["definition"]}'::regprocedure);
            wrong text := replace(said, $x${fault["old"]}$x$, $x${fault["new"]}$x$);
        begin
            if wrong = said then raise exception 'the fault does not fit any more, renew it'; end if;
            execute wrong;
        end $do$"""


def test_one_team_leads_at_every_instant_whatever_happens_at_once(
    postgres_server, django_db_setup, django_db_blocker
):
    def attempt(numbers: range, seed: int) -> list[str]:
        with django_db_blocker.unblock(), own_place(postgres_server) as address:
            return operate(numbers, seed, address)

    hold(FIGURE, attempt)


@pytest.mark.parametrize("fault", rotating(FAULTS), ids=lambda fault: fault["fault"])
def test_a_planted_fault_is_found(fault, postgres_server, django_db_setup, django_db_blocker):
    planted = planted_in_code(fault) if "in" in fault else contextlib.nullcontext()
    with django_db_blocker.unblock(), own_place(postgres_server, fault) as address, planted:
        most = TO_FIND_A_FAULT * (5 if drilling() else 1)
        found = operate(range(most), 7, address, to_the_first=True)
    assert found, f"not found: {fault['fault']}"
