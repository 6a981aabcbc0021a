"""A small committed world for the figure on conflicts: families, and staff who are close to them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from anwang.access.context import Actor, acting
from anwang.cases.actions import accept_offer
from anwang.cases.oversight.actions.conflicts import declare_conflict
from anwang.cases.permissions import check_can_declare
from anwang.triage.actions.decisions import confirm
from anwang.triage.models import Matter, SameEventJudgement, Screening
from anwang.triage.permissions import check_can_answer_offer, check_can_decide
from tests.conftest import as_role
from tests.factories import TAOYUAN, TEAM, account, received_report, report_body, screened_report
from tests.relatives import Known, child_of, is_human, known_person, marry, older_version, say

NUMBERS = ("A123456789", "B123456780", "F131104093")
CLOSENESS = ("self", "brother", "former-spouse", "older-version", "household", "declared",
             "second-account", "told-by-number")  # fmt: skip
SEATS = {
    "desk": [("68000-desk", TAOYUAN, "desk")],
    "worker": [(TEAM, TAOYUAN, "team-worker")],
    "lead": [(TEAM, TAOYUAN, "lead")],
    "supervisor": [(TEAM, TAOYUAN, "supervisor")],
    "auditor": [("national-auditor", None, "auditor"), ("68000-desk", TAOYUAN, "desk")],
    "operator": [("operators", None, "operator"), (TEAM, TAOYUAN, "lead")],
}


@dataclass
class Closed:
    """What must not be there for one account."""

    reports: list[uuid.UUID] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    families: list[uuid.UUID] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    cases: list[uuid.UUID] = field(default_factory=list)


@dataclass
class World:
    """Conflicted accounts with what is closed to each; `free` is close to nobody."""

    closed: list[tuple[str, Actor, Closed]]
    free: Actor
    free_worker: Actor
    all: Closed


def conflicted_world() -> World:
    """Build it in committed transactions, by the doors that everybody uses."""
    everything, closed = Closed(), []
    with transaction.atomic():
        free, free_worker = (
            account("free", *SEATS["desk"]),
            account("free-worker", *SEATS["worker"]),
        )
    for place, closeness in enumerate(CLOSENESS):
        seats = list(SEATS.items())
        for step in range(2):
            role, seat = seats[(place + 3 * step) % len(seats)]
            with transaction.atomic():
                found, actor = _one(
                    closeness, f"{closeness}-{role}", seat, place + step, free_worker
                )
            closed.append((f"{closeness}-{role}", actor, found))
            for name in vars(found):
                getattr(everything, name).extend(getattr(found, name))
    return World(closed, free, free_worker, everything)


def _one(
    closeness: str, name: str, seats: list[tuple[str, str | None, str]], turn: int, worker: Actor
) -> tuple[Closed, Actor]:
    child, father = known_person(f"陳{name[:3]}"), known_person(f"範{name[-3:]}")
    child_of(child, father)
    actor = account(name, *seats)
    found = Closed()
    if closeness == "told-by-number":
        number = NUMBERS[turn % len(NUMBERS)]
        father = known_person(number=number)
        is_human(actor.id, father)
        told = received_report(**report_body(subjects=[
            {"role": "respondent", "name": "某甲", "national_id": number}]))  # fmt: skip
        found.reports.append(told.report)
        found.receipts.append(told.receipt)
        return found, actor
    # It becomes known whose account it is after the report for some, before it for the others.
    human = _human(closeness, father)
    if human and turn % 2:
        is_human(actor.id, human)
    first = screened_report(child=child.person, by_number=True)
    _picture(first.report, child, father)
    second = received_report(subjects=[{"role": "victim", "name": "不詳"}])
    with as_role("worker"):
        SameEventJudgement.objects.create(
            matter_id=second.report, earlier_id=first.report, same=True, by=uuid.uuid4()
        )
    found.reports += [first.report, second.report]
    found.receipts += [first.receipt, second.receipt]
    if turn % 3 != 2:
        _accepted(first, worker, found)
    if human and not turn % 2:
        is_human(actor.id, human)
    if closeness in ("declared", "second-account"):
        actor = _declared(closeness, actor, name, seats, first.receipt)
    return found, actor


def _human(closeness: str, father: Known) -> Known | None:
    own = known_person()
    if closeness == "self":
        return father
    if closeness == "brother":
        grandfather = known_person()
        child_of(father, grandfather)
        child_of(own, grandfather)
    elif closeness == "former-spouse":
        marry(father, own, until=dt.date(2012, 1, 1))
    elif closeness == "older-version":
        older_version(father, "kin-spouse", own.token.hex())
    elif closeness == "household":
        number = uuid.uuid4().hex
        say(father, "registered-household", number)
        say(own, "registered-household", number)
    else:
        return None
    return own


def _picture(report: uuid.UUID, child: Known, father: Known) -> None:
    members: list[dict[str, Any]] = [
        {"person_id": str(one.person), "name": one.name, "subject": place, "role": role,
         "living": True, "registered": True, "age": 7, "relation": None, "born_on": None}
        for place, (one, role) in enumerate(((child, "victim"), (father, "respondent")))
    ]  # fmt: skip
    with as_role("worker"):
        last = Screening.objects.filter(matter=report).latest("at")
        last.pk = uuid.uuid4()
        last.picture = last.picture | {"members": members}
        last.save(force_insert=True)


def _accepted(receipt: Any, worker: Actor, found: Closed) -> None:
    """The report becomes a case of the team, with its family file."""
    desk = account(f"desk-{uuid.uuid4().hex[:8]}", *SEATS["desk"])
    with acting(desk, "test"):
        permit = check_can_decide(desk, receipt.report)
        offer = confirm(
            receipt.report, permit=permit, seen=Matter.objects.get(pk=receipt.report).changed_at
        )
    assert offer is not None
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("update triage_offer set team_id = %s where id = %s", [TEAM, offer.pk])
        cursor.execute("update triage_matter set offered_team = %s where report_id = %s",
                       [TEAM, receipt.report])  # fmt: skip
    with acting(worker, "test"):
        case = accept_offer(offer.pk, permit=check_can_answer_offer(worker, offer.pk))
    found.cases.append(case.pk)
    found.families.append(case.family_id)
    found.numbers.append(case.family.number)


def _declared(
    closeness: str, actor: Actor, name: str, seats: list[tuple[str, str | None, str]], receipt: str
) -> Actor:
    """A declaration by the account, or by another account of the same human."""
    declarer = actor
    if closeness == "second-account":
        human = known_person()
        declarer = account(f"{name}-2", *SEATS["desk"])
        is_human(actor.id, human)
        is_human(declarer.id, human)
    with acting(declarer, "test"):
        declare_conflict(receipt, "從小認識這一家", permit=check_can_declare(declarer))
    return actor
