"""Desks, teams and rulers that act at the same moment, and what must hold whatever they do.

The steps are the product's own actions with their permissions, over connections of their own. What is
refused has been refused in words (AnwangError, or a DatabaseError of the functions that look who asks);
anything else, and every state that must not be, is a finding.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg
from django.db import connections, transaction

from anwang.access.actions.accounts import add_account
from anwang.access.context import LOADING, Actor, acting
from anwang.access.permissions import Permit
from anwang.cases.actions import accept_offer, close_case
from anwang.cases.actions.transfers import answer_transfer, offer_transfer
from anwang.cases.models import Case, Transfer
from anwang.cases.permissions import check_can_answer_transfer, check_can_work_case
from anwang.common.errors import AnwangError
from anwang.triage.actions.decisions import Change, answer, confirm, reopen
from anwang.triage.actions.disputes import object_to_offer, rule_dispute
from anwang.triage.actions.offers import refuse_offer, withdraw_offer
from anwang.triage.actions.same_events import judge_same_event
from anwang.triage.models import Dispute, Offer
from anwang.triage.permissions import (
    check_can_answer_offer,
    check_can_decide,
    check_can_rule_dispute,
)
from tests.conftest import as_role
from tests.factories import DESK, SECOND_TEAM, TAOYUAN, TEAM, screened_report

TEAMS = (TEAM, SECOND_TEAM)
MANAGER = f"{TAOYUAN}-manager"
CONNECTIONS = 6
POOL = 4  # reports that are worked on at a time: few, so that the steps meet
STEPS_A_REPORT = 60  # then a new one takes its place in the pool
WRONG = {
    "not exactly one running duty of the accountable team": """
        select m.report_id from triage_matter m
        where (select count(*) from triage_duty d where d.matter_id = m.report_id
               and upper_inf(d.during) and d.accountable_team = m.accountable_team) <> 1
           or (select count(*) from triage_duty d where d.matter_id = m.report_id
               and upper_inf(d.during)) <> 1""",
    "a duty with a gap or an overlap": """
        select matter_id from (select matter_id, lower(during) as begins,
            lag(upper(during)) over (partition by matter_id order by lower(during)) as ended
            from triage_duty) steps where ended is not null and ended <> begins""",
    "more than one offer open or accepted": """
        select matter_id from triage_offer where answer in ('open', 'accepted')
        group by 1 having count(*) > 1""",
    "an open case that another team answers for": """
        select c.id from cases_case c join triage_matter m on m.report_id = c.matter_id
        where c.closed_at is null and c.team_id <> m.accountable_team""",
    "a case that is not where its last accepted transfer led": """
        select c.id from cases_case c join triage_offer o on o.id = c.offer_id
        where c.team_id <> coalesce((select t.to_team from cases_transfer t where t.case_id = c.id
            and t.answer = 'accepted' order by t.answered_at desc limit 1), o.team_id)""",
    "a transfer that does not begin where the one before ended": """
        select case_id from (select t.case_id, t.from_team, lag(t.to_team, 1, o.team_id) over
                (partition by t.case_id order by t.answered_at) as before
            from cases_transfer t join cases_case c on c.id = t.case_id
            join triage_offer o on o.id = c.offer_id where t.answer = 'accepted') way
        where from_team <> before""",
    "an accepted transfer without its duty": """
        select t.id from cases_transfer t where t.answer = 'accepted' and not exists (
            select from triage_duty d where d.matter_id = t.matter_id
              and d.accountable_team = t.to_team and lower(d.during) = t.answered_at)""",
    "two transfers of a case at once": """
        select case_id from cases_transfer where answer = 'open' group by 1 having count(*) > 1""",
    "a transfer open of a closed case": """
        select t.id from cases_transfer t join cases_case c on c.id = t.case_id
        where t.answer = 'open' and c.closed_at is not null""",
    "a team that reaches what it neither has nor was asked for": """
        select r.id from access_relation r join triage_matter m on m.report_id = r.through
        where r.until is null and r.ground in ('offer', 'case') and r.team_id <> m.accountable_team
          and not exists (select from triage_offer o where o.matter_id = r.through
              and o.team_id = r.team_id and o.answer = 'open')
          and not exists (select from cases_transfer t where t.matter_id = r.through
              and t.to_team = r.team_id and t.answer = 'open')""",
    "a disputed report without its one open dispute, or over nobody": """
        select m.report_id from triage_matter m
        where (m.state = 'disputed') <> exists (select from triage_dispute d
            where d.matter_id = m.report_id and d.state = 'open'
              and d.care_team = m.accountable_team)""",
    "an open report that no clock runs for": """
        select m.report_id from triage_matter m
        where m.state in ('awaiting-decision', 'offered', 'disputed') and not exists (
            select from triage_clock k where k.matter_id = m.report_id and k.stopped_at is null
              and k.state in ('running', 'missed'))""",
    "a report joined though it was no longer at the desk": """
        select m.report_id from triage_matter m where m.state = 'linked-same-event' and (
            m.same_event_as is null or exists (select from triage_offer o
                where o.matter_id = m.report_id and o.answer in ('open', 'accepted')))""",
    "an accepted report without its case": """
        select o.id from triage_offer o where o.answer = 'accepted'
          and not exists (select from cases_case c where c.offer_id = o.id)""",
    "a dispute settled twice": """
        select p.dispute_id from triage_precedent p join triage_dispute d on d.id = p.dispute_id
        where d.state <> 'ruled'""",
}  # fmt: skip


@dataclass
class Told:
    """What the actions said that they did: found again in the database, or lost."""

    done: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def did(self, step: str) -> None:
        """One step that was not refused."""
        with self.lock:
            self.done[step] += 1

    def wrong(self, line: str) -> None:
        """One finding."""
        with self.lock:
            self.found.append(line)


LOST = {
    "accept": "select count(*) from cases_case",
    "transfer-accept": "select count(*) from cases_transfer where answer = 'accepted'",
    "transfer-refuse": "select count(*) from cases_transfer where answer = 'refused'",
    "transfer-offer": "select count(*) from cases_transfer",
    "object": "select count(*) from triage_dispute",
    "rule": "select count(*) from triage_dispute where state = 'ruled'",
    "close": "select count(*) from cases_case where closed_at is not null",
}


def people() -> dict[str, list[Actor]]:
    """Two at the desk, two in each team, one who rules."""
    made: dict[str, list[Actor]] = {}
    with transaction.atomic(), as_role("worker"), acting(LOADING, "test"):
        for team, role, number in (
            (DESK, "desk", 2), (TEAM, "team-worker", 2), (SECOND_TEAM, "lead", 2),
            (MANAGER, "county-manager", 1),
        ):  # fmt: skip
            made[team] = [
                Actor(add_account(
                    f"{role}-{team}-{n}", display_name="範例", display_name_en="Example",
                    password=None, county=None, memberships=[(team, TAOYUAN, role)], actor=LOADING,
                    trained="tests",
                ).pk)
                for n in range(number)
            ]  # fmt: skip
    return made


class Pool:
    """The few reports that are worked on now; one that has been through much gives way to a new one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.left = [0] * POOL
        self.reports: list[uuid.UUID | None] = [None] * POOL

    def pick(self, chance: random.Random) -> tuple[uuid.UUID, uuid.UUID]:
        """A report, and another one of the pool that came earlier or later."""
        place = chance.randrange(POOL)
        with self.lock:
            for one in {place, (place + 1) % POOL}:
                if self.left[one] <= 0:
                    with transaction.atomic():
                        self.reports[one] = screened_report().report
                    self.left[one] = STEPS_A_REPORT
            self.left[place] -= 1
            first, second = self.reports[place], self.reports[(place + 1) % POOL]
        assert first is not None
        assert second is not None
        return first, second


Act = Callable[[dict[str, list[Actor]], random.Random, uuid.UUID, uuid.UUID], None]


def _desk(who: dict[str, list[Actor]], chance: random.Random) -> Actor:
    return chance.choice(who[DESK])


def _deciding(act: Callable[..., object], **more: object) -> Act:
    def step(
        who: dict[str, list[Actor]], chance: random.Random, report: uuid.UUID, _: uuid.UUID
    ) -> None:
        actor = _desk(who, chance)
        with acting(actor, "decide"):
            act(report, permit=check_can_decide(actor, report), **more)

    return step


def _answering(act: Callable[..., object], **more: object) -> Act:
    def step(
        who: dict[str, list[Actor]], chance: random.Random, report: uuid.UUID, _: uuid.UUID
    ) -> None:
        for team, actor in _in_some_order(who, chance):
            with acting(actor, "answer-offer"):
                offers = Offer.objects.filter(matter=report, team_id=team).order_by("-offered_at")
                if offer := offers.first():
                    act(offer.pk, permit=check_can_answer_offer(actor, offer.pk), **more)
                    return
        raise NothingToDo

    return step


class NothingToDo(AnwangError):
    """There is nothing here for this step."""


def _in_some_order(
    who: dict[str, list[Actor]], chance: random.Random
) -> Iterator[tuple[str, Actor]]:
    """Both teams, each by one of its people: which one has what a step needs, the database says."""
    for team in chance.sample(TEAMS, len(TEAMS)):
        yield team, chance.choice(who[team])


def _joining(same: bool | None) -> Act:
    def step(
        who: dict[str, list[Actor]], chance: random.Random, report: uuid.UUID, other: uuid.UUID
    ) -> None:
        actor = _desk(who, chance)
        with acting(actor, "decide"):
            judge_same_event(report, other, same=same, permit=check_can_decide(actor, report))

    return step


def _rule(
    who: dict[str, list[Actor]], chance: random.Random, report: uuid.UUID, _: uuid.UUID
) -> None:
    actor = who[MANAGER][0]
    with acting(actor, "dispute"):
        known = list(Dispute.objects.filter(matter=report).order_by("-raised_at")[:2])
        if not known:
            raise NothingToDo
        permit, dispute = check_can_rule_dispute(actor, chance.choice(known).pk)
        rule_dispute(
            dispute, to_team=chance.choice(TEAMS), reason="依分工", law="第53條", principle="依分工",
            permit=permit,
        )  # fmt: skip


def _in_case(act: Callable[..., object], **more: object) -> Act:
    def step(
        who: dict[str, list[Actor]], chance: random.Random, report: uuid.UUID, _: uuid.UUID
    ) -> None:
        for team, actor in _in_some_order(who, chance):
            with acting(actor, "case-work"):
                if case := Case.objects.filter(matter=report, team_id=team).first():
                    act(case.pk, permit=check_can_work_case(actor, case.pk), **more)
                    return
        raise NothingToDo

    return step


def _offer_on(case_id: uuid.UUID, *, permit: Permit) -> None:
    """To the team that does not have it, as its permit says which one does."""
    (team,) = set(permit.team_ids)
    to_team = next(one for one in TEAMS if one != team)
    offer_transfer(case_id, to_team=to_team, reason="風險改變", permit=permit)


def _transferring(said: str) -> Act:
    def step(
        who: dict[str, list[Actor]], chance: random.Random, report: uuid.UUID, _: uuid.UUID
    ) -> None:
        side = "from_team" if said == "withdrawn" else "to_team"
        for team, actor in _in_some_order(who, chance):
            with acting(actor, "transfer"):
                known = Transfer.objects.filter(matter=report, **{side: team})
                if transfer := known.order_by("-offered_at").first():
                    permit = check_can_answer_transfer(actor, transfer.pk, back=said == "withdrawn")
                    answer_transfer(transfer.pk, answer=said, code="not-our-area", permit=permit)
                    return
        raise NothingToDo

    return step


STEPS: dict[str, tuple[int, Act]] = {
    "confirm": (6, _deciding(confirm)),
    "confirm-other": (4, _deciding(confirm, change=Change("較近", {"team": SECOND_TEAM}))),
    "withdraw": (1, _deciding(withdraw_offer)),
    "answer": (1, _deciding(answer, reason="已說明")),
    "reopen": (3, _deciding(reopen, reason="再看一次")),
    "accept": (8, _answering(accept_offer)),
    "refuse": (2, _answering(refuse_offer, code="conflict-of-interest", text="")),
    "object": (6, _answering(object_to_offer, ground="not-our-law", statement="不屬本組", wanted="")),
    "rule": (9, _rule),
    "join": (1, _joining(True)),
    "undo-join": (3, _joining(None)),
    "transfer-offer": (10, _in_case(_offer_on)),
    "transfer-accept": (8, _transferring("accepted")),
    "transfer-refuse": (2, _transferring("refused")),
    "transfer-withdraw": (3, _transferring("withdrawn")),
    "close": (1, _in_case(close_case, reason="目標達成")),
}  # fmt: skip
NAMES = tuple(STEPS)
WEIGHTS = tuple(weight for weight, _ in STEPS.values())


def operate(numbers: range, seed: int, address: str, *, to_the_first: bool = False) -> list[str]:
    """Every number is one operation, drawn by itself; they run over several connections at once, and
    with `to_the_first` only until something is found.

    Returns what went wrong: unexpected errors, states that must not be (seen while it ran and at its
    end), and steps that were said to be done and are not there.
    """
    who, pool, told, done = people(), Pool(), Told(), threading.Event()

    def works(own: range) -> None:
        try:
            for number in own:
                if to_the_first and told.found:
                    return
                chance = random.Random(f"{seed}-{number}")
                name = chance.choices(NAMES, WEIGHTS)[0]
                try:
                    STEPS[name][1](who, chance, *pool.pick(chance))
                    told.did(name)
                except AnwangError:
                    continue  # refused in words, and nothing was written
                except Exception as error:
                    told.wrong(f"operation {number} {name}: {type(error).__name__} {error}"[:300])
        finally:
            connections.close_all()

    def watches() -> None:
        with psycopg.connect(address, autocommit=True) as watcher:
            while not done.wait(0.25):
                for line in wrong_states(watcher):
                    told.wrong(f"meanwhile: {line}")

    threads = [
        threading.Thread(target=works, args=(numbers[first::CONNECTIONS],))
        for first in range(CONNECTIONS)
    ]
    watcher = threading.Thread(target=watches)
    for thread in (watcher, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()
    with psycopg.connect(address, autocommit=True) as afterwards:
        return [*told.found, *wrong_states(afterwards), *lost(afterwards, told)]


def wrong_states(watcher: psycopg.Connection) -> Iterator[str]:
    """One line for each state that must not be, as one snapshot sees it."""
    for what, sql in WRONG.items():
        found = watcher.execute(sql).fetchall()
        if found:
            yield f"{what}: {len(found)}"


def lost(afterwards: psycopg.Connection, told: Told) -> Iterator[str]:
    """Steps that were said to be done and are not found, or the other way round."""
    for step, sql in LOST.items():
        row = afterwards.execute(sql).fetchone()
        assert row is not None
        if row[0] != told.done[step]:
            yield f"{step}: {told.done[step]} said to be done, {row[0]} found"
