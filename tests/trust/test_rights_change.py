"""A change of rights works within 2 s for open sessions, downloads and queued work (R4, S12).

Each trial takes one account that can open one thing, changes one right from another connection, and
asks again until the answer is that of an absent thing. The time counts from the change's commit.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client

from anwang.access.context import Actor, acting
from anwang.access.models import Account
from anwang.cases.actions import accept_offer
from anwang.triage.actions.decisions import confirm
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import add_service_teams, as_role, clone_of, template_database
from tests.factories import DESK, TAOYUAN, TEAM, account, screened_report
from tests.trust.figure import Figure, hold, rotating
from tests.trust.planting import Fault, faults_of, plant_in_database, planted_in_code

pytestmark = pytest.mark.slow
LIMIT_SECONDS = 2.0
FIGURE = Figure(
    "rights_change",
    "change of rights during open sessions, downloads, queued work",
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
    clients: dict[uuid.UUID, Client] = field(default_factory=dict)
    made: int = 0

    def member(self) -> tuple[uuid.UUID, Client]:
        """A fresh worker of the team with an open session."""
        self.made += 1
        with transaction.atomic():
            one = account(f"member-{self.made}-{uuid.uuid4().hex[:6]}", (TEAM, TAOYUAN, "lead"))
            with as_role("worker"):
                found = Account.objects.get(pk=one.id)
        client = Client(raise_request_exception=False)
        client.force_login(found, backend="anwang.access.sign_in.ByNameAndPassword")
        return one.id, client


Change = Callable[[World, uuid.UUID], None]


def ended_account(world: World, who: uuid.UUID) -> None:
    world.admin.execute("update access_account set is_active = false where id = %s", [who])


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


def paths(world: World) -> dict[str, str]:
    """What a member of the team can open."""
    return {"case": f"/cases/{world.case}/", "family": f"/families/{world.number}/"}


def trial(number: int, seed: int, world: World) -> list[str]:
    """One change; the lines that say how it was still open."""
    rng = random.Random(f"{seed}:{number}")
    change, (what, path) = rng.choice(CHANGES), rng.choice(list(paths(world).items()))
    if change is ended_relation:
        what, path = "family", paths(world)["family"]
    who, client = world.member()
    queued = rng.random() < 0.3
    if client.get(path).status_code != 200:
        return [f"{number}: {what} was not open before {change.__name__}"]
    change(world, who)
    begun = time.monotonic()
    try:
        while _open(client, path, who, world, queued=queued):
            if time.monotonic() - begun > LIMIT_SECONDS:
                where = "queued work" if queued else "an open session"
                return [f"{number}: {change.__name__} left {what} open to {where}"]
            time.sleep(0.02)
    finally:
        if change is ended_relation:
            given_back(world)
    return []


def _open(client: Client, path: str, who: uuid.UUID, world: World, *, queued: bool) -> bool:
    """Whether the thing can still be read: by the session, or by work done in the account's name."""
    if not queued:
        return client.get(path).status_code == 200
    with acting(Actor(who), "export"), connection.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from cases_case where id = %s)"
            " + (select count(*) from cases_familyfile where id = %s)",
            [world.case, world.family],
        )
        return bool(cursor.fetchone()[0]) and client.get(path).status_code == 200


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
    admin = psycopg.connect(server.address("postgres", name), autocommit=True)
    try:
        yield _told(admin), server.address("postgres", name)
    finally:
        admin.close()
        connection.close()
        connection.settings_dict |= kept
        with psycopg.connect(server.address("postgres", "postgres"), autocommit=True) as end:
            end.execute(f'drop database if exists "{name}" with (force)')


def _told(admin: psycopg.Connection[Any]) -> World:
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
    return World(admin, receipt.report, case.pk, case.family_id, number)


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
        import anwang.access.sessions as module

        module._KEPT = {}  # type: ignore[attr-defined]
        try:
            with planted_in_code(fault):
                assert _found(world)
        finally:
            del module._KEPT  # type: ignore[attr-defined]


def _found(world: World) -> bool:
    """Whether one of the first trials shows the fault; stops at the first."""
    return any(trial(number, 1, world) for number in range(40))
