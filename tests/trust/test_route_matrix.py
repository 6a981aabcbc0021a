"""Every route and command x method x role x relation: no answer tells what it may not (R1-R5, R8).

What is right stands in golden/routes.yaml and in the plan of route_world.py, never in what the
product does. A trial is one way of asking with the ids of one bundle; its answer is searched for the
canaries of all bundles, and where the thing must be absent it is compared with the answer for ids
that never were.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
from collections.abc import Iterator
from functools import cache
from io import StringIO
from itertools import islice
from math import inf
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, get_commands
from django.db import connection, transaction
from django.test import Client

from anwang.access.models import Account
from anwang.access.operator import USERNAME as OPERATOR
from config.console import role_of
from tests.conftest import add_service_teams, as_role, clone_of, template_database
from tests.trust.figure import Figure, commit, drilling, hold, rotating
from tests.trust.planting import Fault, faults_of, plant_in_database, planted_in_code
from tests.trust.route_trials import (
    _TOKEN,
    OPENS,
    Asking,
    Block,
    blocks,
    classed_routes,
    golden,
    ordered,
    trials,
)
from tests.trust.route_world import NOBODY, OTHER_TEAM, Bundle, MatrixWorld, build_world
from tests.trust.test_lists import routes

# A claim ends two minutes after its transaction began: after that everything is refused, and a trial
# shows nothing. A slow machine needs its time.
IN_ONE_TRANSACTION = 1_250
LONGEST_SECONDS = 110
# What a session was last used is taken back with each trial, so one falls idle in half an hour.
SIGNED_IN_SECONDS = 600
VOID = "void: "
FIGURE = Figure(
    "route_matrix",
    "every URL and command x method x role x relation, field by field",
    "0 leaks in 250,000; a new route fails until classed",
    share=5_000,
    whole=250_000,
    portion=IN_ONE_TRANSACTION,
)
DATABASE = "anwang_matrix_{0}"
# All trials of a route or two, which are mixed anew with every commit: nearly every fault is found early.
SHARE_OF_A_FAULT = 10_000


@contextlib.contextmanager
def at_database(server: Any, name: str) -> Iterator[None]:
    """The test's connection at another database, as the application."""
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {
        "NAME": name, "HOST": str(server.sockets), "OPTIONS": {"options": "-c role=anwang_app"},
    }  # fmt: skip
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= kept


def drop(server: Any, name: str) -> None:
    with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture(scope="module")
def populated(
    postgres_server, django_db_blocker, worker_id_or_one
) -> Iterator[tuple[str, MatrixWorld]]:
    """A database of this module alone, with the world in it; (name, world)."""
    name = DATABASE.format(worker_id_or_one)
    clone_of(postgres_server, template_database(postgres_server), name)
    add_service_teams(postgres_server, name)
    with psycopg.connect(postgres_server.address("postgres", name), autocommit=True) as admin:
        admin.execute(
            "insert into directory_team (id, county_id, agency_kind, is_desk, name_zh, name_en,"
            " streams, districts, reviewing_team_id, workers) values (%s, '63000',"
            " 'prevention-centre', false, '範例', 'Example', '[]', '[]', '', 3)",
            [OTHER_TEAM],
        )
    with django_db_blocker.unblock(), at_database(postgres_server, name):
        with transaction.atomic():
            world = build_world()
        yield name, world
    drop(postgres_server, name)


@pytest.fixture(scope="module")
def worker_id_or_one() -> str:
    import os

    return f"{os.environ.get('PYTEST_XDIST_WORKER', 'one')}_{os.getpid()}"


def signed_in(world: MatrixWorld) -> dict[str, Client]:
    """A browser for every account, in which it is signed in."""
    clients = {NOBODY: Client(raise_request_exception=False)}
    for name, pk in world.accounts.items():
        client = Client(raise_request_exception=False)
        with as_role("worker"):
            account = Account.objects.get(pk=pk)
        client.force_login(account, backend="anwang.access.sign_in.ByNameAndPassword")
        clients[name] = client
    return clients


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Thousands of refusals would fill the log of the test run."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def seed_of(seed: int) -> str:
    """In `make test` other blocks with every commit; in the drill all of them, in one order."""
    return str(seed) if drilling() else f"{seed}{commit()}"


def attempt_at(world: MatrixWorld, only: tuple[str, ...] = ()) -> Any:
    """The attempt of the figure; `only` leaves the trials of some routes."""

    @cache  # seventy thousand blocks are mixed once, not for every slice
    def order_of(seed: str) -> list[Block]:
        return ordered((b for b in blocks(world) if not only or b.route.name in only), seed)

    clients: dict[str, Client] = {}
    signed_at = -inf

    def browsers() -> dict[str, Client]:
        nonlocal clients, signed_at
        if time.monotonic() - signed_at > SIGNED_IN_SECONDS:
            with transaction.atomic():
                clients = signed_in(world)
            signed_at = time.monotonic()
        return clients

    def attempt(numbers: range, seed: int) -> list[str]:
        order = order_of(seed_of(seed))
        found: list[str] = []
        for first in range(numbers.start, numbers.stop, IN_ONE_TRANSACTION):
            last = min(first + IN_ONE_TRANSACTION, numbers.stop)
            asking = Asking(world, browsers())
            begun = time.monotonic()
            with transaction.atomic(), quiet():
                for block, bundle in islice(trials(world, order), first, last):
                    found += asking.faults(block, bundle)
                transaction.set_rollback(True)
            if (took := time.monotonic() - begun) > LONGEST_SECONDS:
                found.append(
                    f"{VOID}{first} to {last} took {took:.0f} s, longer than a claim lasts"
                )
        return found

    return attempt


def test_every_route_is_classed() -> None:
    known, there = set(classed_routes()), set(routes())
    assert sorted(there - known) == [], (
        "Routes that are not classed. Add a line for each to tests/trust/golden/routes.yaml: what its"
        " path names, through which ties it opens, which methods it answers, which fields it shows."
    )
    assert sorted(known - there) == [], "Classed routes that are gone: take their lines out."


def our_commands() -> set[str]:
    ours = {config.name for config in apps.get_app_configs() if config.name.startswith("anwang.")}
    return {name for name, app in get_commands().items() if app in ours}


def test_every_command_is_classed() -> None:
    known, there = set(golden()["commands"]), our_commands()
    assert sorted(there - known) == [], (
        "Commands that are not classed. Add a line for each to `commands` in"
        " tests/trust/golden/routes.yaml: what it tells of whom, or what it counts or runs."
    )
    assert sorted(known - there) == [], "Classed commands that are gone: take their lines out."


def test_the_route_matrix_holds(populated) -> None:
    hold(FIGURE, attempt_at(populated[1]))


@pytest.mark.parametrize("fault", rotating(faults_of("route_matrix")), ids=lambda f: f["fault"])
def test_the_matrix_finds_a_dropped_check(populated, postgres_server, fault: Fault) -> None:
    name, world = populated
    attempt = attempt_at(world, tuple(fault["routes"]))

    def found_by_it() -> bool:
        slices = (range(n, n + 150) for n in range(0, SHARE_OF_A_FAULT, 150))
        return any(not line.startswith(VOID) for numbers in slices for line in attempt(numbers, 1))

    if "in" in fault:
        with planted_in_code(fault):
            found = found_by_it()
    else:
        connection.close()
        clone_of(postgres_server, name, f"{name}_f")
        plant_in_database(fault, postgres_server.address("postgres", f"{name}_f"))
        with at_database(postgres_server, f"{name}_f"):
            found = found_by_it()
        drop(postgres_server, f"{name}_f")
    assert found, fault["fault"]


def told_by(command: str, *arguments: str) -> str:
    """What a command prints with the rights that the console gives it, refusals included."""
    out, err = StringIO(), StringIO()
    with transaction.atomic(), as_role(role_of(command)):
        try:
            call_command(command, *arguments, stdout=out, stderr=err)
        except CommandError as refusal:
            err.write(str(refusal))
        transaction.set_rollback(True)
    return out.getvalue() + err.getvalue()


def asked_of_commands(bundle: Bundle) -> Iterator[tuple[str, ...]]:
    yield "explain", bundle.named["receipt"], "--json"
    yield "explain", bundle.named["receipt"]
    yield "household", bundle.named["father"], "--json"


def test_commands_show_the_operator_what_the_operator_reaches(populated) -> None:
    _, world = populated
    said = {("desk",): told_by("desk"), ("desk", "--json"): told_by("desk", "--json"),
            ("desk", "--all", "--json"): told_by("desk", "--all", "--json")}  # fmt: skip
    shown = {}
    for asked, text in said.items():
        for token in _TOKEN.findall(text):
            if token in world.canaries:
                owner, name = world.canaries[token]
                if world.relation(OPERATOR, owner, ("desk",)) not in OPENS:
                    shown[token] = (asked, owner.name, name)
    for bundle in world.bundles:
        opens = world.relation(OPERATOR, bundle, ("desk",)) in OPENS
        for asked in asked_of_commands(bundle):
            text = told_by(*asked)
            for value in asked[1:]:
                text = text.replace(value, "")
            if asked[0] == "explain":
                assert opens == ('"receipt"' in text), (asked, bundle.name)
            for token in _TOKEN.findall(text):
                owner, name = world.canaries.get(token, (None, ""))
                if owner and world.relation(OPERATOR, owner, ("desk",)) not in OPENS:
                    shown[token] = (asked, owner.name, name)
    assert shown == {}


def test_a_receipt_that_is_not_there_is_told_like_one_that_is_closed(populated) -> None:
    _, world = populated
    never = told_by("explain", "77777777777")
    for bundle in world.bundles:
        if world.relation(OPERATOR, bundle, ("desk",)) not in OPENS:
            told = told_by("explain", bundle.named["receipt"])
            assert re.sub(bundle.named["receipt"], "77777777777", told) == never, bundle.name
            assert json.dumps(told)
