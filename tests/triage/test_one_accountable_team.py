"""Exactly one accountable team at every instant, whatever desk and teams do at the same moment (V2)."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection, connections, transaction

from anwang.access.actions.accounts import add_account
from anwang.access.context import LOADING, Actor, acting
from anwang.access.models import Account
from anwang.cases.actions import accept_offer
from anwang.common.errors import AnwangError
from anwang.triage.actions.decisions import Change, answer, confirm, reopen
from anwang.triage.actions.offers import refuse_offer, withdraw_offer
from anwang.triage.models import Offer
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import add_service_teams, as_role, clone_of, template_database
from tests.factories import DESK, SECOND_TEAM, TAOYUAN, TEAM, screened_report

pytestmark = pytest.mark.slow
CONNECTIONS, ROUNDS = 6, 25
# Every matter at this snapshot: how many running duties, and whether they are its accountable team's.
WATCH = """
select m.report_id from triage_matter m
where (select count(*) from triage_duty d where d.matter_id = m.report_id and upper_inf(d.during)
       and d.accountable_team = m.accountable_team) <> 1
   or m.state in ('awaiting-decision', 'offered') and not exists (
       select from triage_clock k where k.matter_id = m.report_id and k.stopped_at is null
           and k.state in ('running', 'missed'))
   or (select count(*) from triage_offer o where o.matter_id = m.report_id
       and o.answer in ('open', 'accepted')) > 1
"""
HISTORY = """
select count(*) from (select matter_id, lower(during) as begins,
    lag(upper(during)) over (partition by matter_id order by lower(during)) as ended
    from triage_duty) steps where ended is not null and ended <> begins
"""


@pytest.fixture
def shared(postgres_server, django_db_setup, django_db_blocker):
    """A database of its own that several connections of this process write to at once."""
    name = clone_of(
        postgres_server,
        template_database(postgres_server),
        f"anwang_together_{uuid.uuid4().hex[:8]}",
    )
    add_service_teams(postgres_server, name)
    settings = connections["default"].settings_dict
    before = settings["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        settings["NAME"] = name
        try:
            yield postgres_server.address("postgres", name)
        finally:
            connection.close()
            settings["NAME"] = before
    with psycopg.connect(postgres_server.address("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'drop database "{name}" with (force)')


def _at(team: str, role: str) -> Account:
    return add_account(
        f"at-{team}", display_name="範例", display_name_en="Example", password=None, county=None,
        memberships=[(team, TAOYUAN, role)], actor=LOADING, trained="tests",
    )  # fmt: skip


def people() -> dict[str, Actor]:
    with transaction.atomic(), as_role("worker"), acting(LOADING, "test"):
        made = {
            team: _at(team, role)
            for team, role in ((DESK, "desk"), (TEAM, "team-worker"), (SECOND_TEAM, "team-worker"))
        }
    return {team: Actor(account.pk) for team, account in made.items()}


def at_desk(desk: Actor, report: uuid.UUID, act: Callable[..., object], **more: object) -> None:
    with acting(desk, "decide"):
        act(report, permit=check_can_decide(desk, report), **more)


def at_team(worker: Actor, report: uuid.UUID, act: Callable[..., object], **more: object) -> None:
    with acting(worker, "answer-offer"):
        offer = Offer.objects.filter(matter=report, answer="open").first()
        if offer is not None:
            act(offer.pk, permit=check_can_answer_offer(worker, offer.pk), **more)


def steps_of(who: dict[str, Actor], report: uuid.UUID) -> list[Callable[[], None]]:
    desk = who[DESK]
    steps: list[Callable[[], None]] = [
        lambda: at_desk(desk, report, confirm),
        lambda: at_desk(desk, report, confirm, change=Change("另一組較近", {"team": SECOND_TEAM})),
        lambda: at_desk(desk, report, withdraw_offer),
        lambda: at_desk(desk, report, answer, reason="已說明"),
        lambda: at_desk(desk, report, reopen, reason="再看一次"),
    ]
    for team in (TEAM, SECOND_TEAM):
        worker = who[team]
        steps += [
            lambda worker=worker: at_team(worker, report, accept_offer),
            lambda worker=worker: at_team(
                worker, report, refuse_offer, code="not-our-area", text=""
            ),
        ]
    return steps


def test_one_team_is_accountable_at_every_instant_under_concurrent_decisions(shared):
    who = people()
    with transaction.atomic():
        reports = [screened_report().report for _ in range(4)]
    unexpected: list[BaseException] = []
    done = threading.Event()
    seen_wrong: list[object] = []

    def works(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(ROUNDS):
                step = chance.choice(steps_of(who, chance.choice(reports)))
                try:
                    step()
                except AnwangError:
                    continue  # refused, too late, or no team: said so and wrote nothing
        except BaseException as error:
            unexpected.append(error)
        finally:
            connections.close_all()

    def watches() -> None:
        with psycopg.connect(shared, autocommit=True) as watcher:
            while not done.is_set():
                seen_wrong.extend(watcher.execute(WATCH).fetchall())

    watcher = threading.Thread(target=watches)
    workers = [threading.Thread(target=works, args=(seed,)) for seed in range(CONNECTIONS)]
    watcher.start()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    done.set()
    watcher.join(30)
    assert unexpected == []
    assert seen_wrong == []
    with psycopg.connect(shared, autocommit=True) as afterwards:
        assert afterwards.execute(HISTORY).fetchone() == (0,)
        decided = afterwards.execute("select count(*) from triage_decision").fetchone()[0]
        audited = afterwards.execute(
            "select count(*) from access_auditentry where act in ('decision-confirmed',"
            " 'decision-changed', 'report-answered', 'report-reopened')"
        ).fetchone()[0]
    assert decided == audited > 4
