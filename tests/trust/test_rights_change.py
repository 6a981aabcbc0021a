"""A change of rights works within 2 s for open sessions, downloads, queued and running work (R4, S12).

Each trial takes one account that can read one thing in one way, changes one right from another
connection, and reads again in that way alone until there is nothing. The time counts from the change's
commit. A server's cursor keeps what it saw when it was opened, and no change of rights reaches it: that
nobody opens one in the name of an account is a test of its own here.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client

from anwang.access.context import LOADING, Actor, acting, tell
from anwang.access.models import Account
from anwang.cases.actions import accept_offer
from anwang.triage.actions.decisions import confirm
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import add_service_teams, as_role, clone_of, template_database
from tests.factories import DESK, TAOYUAN, TEAM, account, screened_report
from tests.trust.figure import ROOT, Figure, hold, rotating
from tests.trust.planting import Fault, faults_of, plant_in_database, planted_in_code

pytestmark = pytest.mark.slow
LIMIT_SECONDS = 2.0
AT_ONCE = 50  # accounts made in one transaction
VOID = "void: "
# Programs of ours whose rights nobody changes.
PROGRAMS_CURSORS = {"anwang/triage/actions/calendar.py"}
FIGURE = Figure(
    "rights_change",
    "change of rights during open sessions, downloads, queued and running work",
    "slowest at most 2 s of 5,000",
    share=100,
    whole=5_000,
    portion=250,
)


@dataclass
class World:
    """One family with its case, and everybody who may open it; `admin` commits apart."""

    admin: psycopg.Connection[Any]
    report: uuid.UUID
    case: uuid.UUID
    family: uuid.UUID
    number: str
    running: psycopg.Connection[Any]  # as the application, for work that is under way
    waiting: list[uuid.UUID] = field(default_factory=list)

    def member(self) -> uuid.UUID:
        """A fresh worker of the team."""
        if not self.waiting:
            with transaction.atomic():
                for _ in range(AT_ONCE):
                    one = account(f"member-{uuid.uuid4().hex[:12]}", (TEAM, TAOYUAN, "lead"))
                    self.waiting.append(one.id)
        return self.waiting.pop()


Change = Callable[[World, uuid.UUID], None]


def ended_account(world: World, who: uuid.UUID) -> None:
    """By the product's own act: row rules ask for the seats, which it ends with the account."""
    world.admin.execute("select access.end_account(%s, %s)", [who, LOADING.id])


def ended_seat(world: World, who: uuid.UUID) -> None:
    world.admin.execute(
        "update access_membership set until = clock.now() where account_id = %s", [who]
    )


def other_team(world: World, who: uuid.UUID) -> None:
    world.admin.execute(
        "update access_membership set team_id = '68000-protection-b' where account_id = %s", [who]
    )


def conflict(world: World, who: uuid.UUID) -> None:
    for kind, one in (("report", world.report), ("case", world.case), ("family", world.family)):
        world.admin.execute(
            "insert into access_conflict (id, account_id, object_kind, object_id, ground, source,"
            " since) values (gen_random_uuid(), %s, %s, %s, 'declared', 'tests', clock.now())",
            [who, kind, one],
        )


def ended_relation(world: World, who: uuid.UUID) -> None:
    world.admin.execute(
        "update access_relation set until = clock.now() where team_id = %s and until is null",
        [TEAM],
    )


def given_back(world: World) -> None:
    world.admin.execute("update access_relation set until = null where team_id = %s", [TEAM])


def lapsed_training(world: World, who: uuid.UUID) -> None:
    world.admin.execute(
        "update access_fulfilment set until = clock.now() where account_id = %s", [who]
    )


CHANGES: list[Change] = [
    lapsed_training,
    ended_account,
    ended_seat,
    other_team,
    conflict,
    ended_relation,
]


Read = Callable[[], bool]  # whether the thing can still be read
QUESTION = {
    "case": "select count(*) from cases_case where id = %s",
    "family": "select count(*) from cases_familyfile where id = %s",
}


def in_an_open_session(world: World, who: uuid.UUID, what: str) -> Read:
    path = {"case": f"/cases/{world.case}/", "family": f"/families/{world.number}/",
            "own": "/account/"}[what]  # fmt: skip
    return _asked(who, path)


def as_a_download(world: World, who: uuid.UUID, what: str) -> Read:
    return _asked(who, f"/families/{world.number}/household/genogram.svg")


def _asked(who: uuid.UUID, path: str) -> Read:
    client = Client(raise_request_exception=False)
    with transaction.atomic(), as_role("worker"):
        found = Account.objects.get(pk=who)
    client.force_login(found, backend="anwang.access.sign_in.ByNameAndPassword")
    return lambda: client.get(path).status_code == 200


def by_queued_work(world: World, who: uuid.UUID, what: str) -> Read:
    """Work done later in the account's name: a transaction and a claim of its own each time."""

    def read() -> bool:
        with acting(Actor(who), "export"), connection.cursor() as cursor:
            return _counts(cursor, world, what)

    return read


def by_a_running_export(world: World, who: uuid.UUID, what: str) -> Read:
    """The next portions of work whose transaction began, and read, before the change."""
    cursor = world.running.cursor()
    tell(cursor, Actor(who), "export")
    return lambda: _counts(cursor, world, what)


def _counts(cursor: Any, world: World, what: str) -> bool:
    cursor.execute(QUESTION[what], [world.case if what == "case" else world.family])
    return bool(cursor.fetchone()[0])


WAYS = (in_an_open_session, as_a_download, by_queued_work, by_a_running_export)


def trial(number: int, seed: int, world: World) -> list[str]:
    """One change; the lines that say how it was still open."""
    rng = random.Random(f"{seed}:{number}")
    way, change = WAYS[number % len(WAYS)], CHANGES[number // len(WAYS) % len(CHANGES)]
    what = rng.choice(list(QUESTION))
    if change is ended_relation or way is as_a_download:
        what = "family"
    elif change is ended_account and way is in_an_open_session:
        what = "own"  # which needs no seat, but the account
    who = world.member()
    world.running.rollback()  # the last trial's work
    read = way(world, who, what)
    if not read():
        return [f"{VOID}{number}: {what} was not open {way.__name__} before {change.__name__}"]
    change(world, who)
    begun = time.monotonic()
    try:
        while read():
            if time.monotonic() - begun > LIMIT_SECONDS:
                return [f"{number}: {change.__name__} left {what} open {way.__name__}"]
            time.sleep(0.02)
    finally:
        if change is ended_relation:
            given_back(world)
    return []


@contextlib.contextmanager
def populated(server: Any, label: str) -> Iterator[tuple[World, str]]:
    name = f"anwang_rights_{label}_{os.getpid()}"
    clone_of(server, template_database(server), name)
    add_service_teams(server, name)
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {
        "NAME": name, "HOST": str(server.sockets), "OPTIONS": {"options": "-c role=anwang_app"},
    }  # fmt: skip
    address = server.address("postgres", name)
    admin = psycopg.connect(address, autocommit=True)
    running = psycopg.connect(address, options="-c role=anwang_app")
    try:
        yield _told(admin, running), address
    finally:
        admin.close()
        running.close()
        connection.close()
        connection.settings_dict |= kept
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as end:
            end.execute(f'drop database if exists "{name}" with (force)')


def _told(admin: psycopg.Connection[Any], running: psycopg.Connection[Any]) -> World:
    """A report that the desk gave to the team, and that the team accepted."""
    with transaction.atomic():
        receipt = screened_report()
        desk = account("desk-of-rights", (DESK, TAOYUAN, "desk"))
        lead = account("lead-of-rights", (TEAM, TAOYUAN, "lead"))
    with acting(desk, "test"):
        offer = confirm(receipt.report, change=None, permit=check_can_decide(desk, receipt.report))
        team = offer.team_id
    assert team == TEAM
    with acting(lead, "test"):
        case = accept_offer(offer.pk, permit=check_can_answer_offer(lead, offer.pk))
        number = case.family.number
    return World(admin, receipt.report, case.pk, case.family_id, number, running)


def attempt_in(world: World) -> Callable[[range, int], list[str]]:
    def attempt(numbers: range, seed: int) -> list[str]:
        return [line for number in numbers for line in trial(number, seed, world)]

    return attempt


def test_a_change_of_rights_works_at_once(postgres_server, django_db_blocker) -> None:
    with django_db_blocker.unblock(), populated(postgres_server, "figure") as (world, _):
        hold(FIGURE, attempt_in(world))


@pytest.mark.parametrize(
    "fault", rotating(faults_of("rights_change")), ids=lambda fault: fault["fault"]
)
def test_a_planted_fault_is_found(fault: Fault, postgres_server, django_db_blocker) -> None:
    with django_db_blocker.unblock(), populated(postgres_server, "fault") as (world, address):
        if "sql" in fault:
            plant_in_database(fault, address)
            assert _found(world)
            return
        module = importlib.import_module(fault["in"])
        module._KEPT = {}  # type: ignore[attr-defined]
        try:
            with planted_in_code(fault):
                assert _found(world)
        finally:
            del module._KEPT  # type: ignore[attr-defined]


def _found(world: World) -> bool:
    """Whether one of the first trials shows the fault; stops at the first."""
    trials = (trial(number, 1, world) for number in range(2 * len(WAYS) * len(CHANGES)))
    return any(line for lines in trials for line in lines if not line.startswith(VOID))


def test_no_cursor_is_opened_in_the_name_of_an_account() -> None:
    opening = re.compile(
        r"\.iterator\(|cursor\(name=|declare \w+ cursor|StreamingHttpResponse", re.I
    )
    there = {
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "anwang").rglob("*.py"))
        if opening.search(path.read_text(encoding="utf-8"))
    }
    assert there <= PROGRAMS_CURSORS, (
        "What a server's cursor or a stream still sends, no change of rights stops (R4). Read in"
        f" portions with a statement each, or, where no account acts, name it here: {there}"
    )
    assert there >= PROGRAMS_CURSORS, "A file named here opens no cursor any more: take it out."
