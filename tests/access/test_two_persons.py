"""Acts of two persons: the ordinary way, and each step that must fail."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.actions.two_persons import NotAskedWell, NotWithTwo, approve, ask, decline, use
from anwang.access.context import Actor, acting
from anwang.access.models import AuditEntry, Conflict, Notice, Twofold
from tests.conftest import as_role
from tests.factories import account

pytestmark = pytest.mark.django_db
WHY = "法院來文要求，案號在卷，須於今日回覆承辦法官說明。"
REPORT = uuid.UUID(int=4711)


@pytest.fixture
def lead() -> Actor:
    return account("two-lead", ("68000-protection", "68000", "lead"))


@pytest.fixture
def officer() -> Actor:
    return account("two-officer", ("68000-office", "68000", "reporter-protection-officer"))


def asked(
    actor: Actor, act: str = "reveal-reporter", ground: str = "court-order", **more
) -> uuid.UUID:
    with acting(actor):
        return ask(act, "report", REPORT, ground, more.get("text", WHY), {"field": "x"}, actor)


def approved(request: uuid.UUID, actor: Actor) -> None:
    with acting(actor):
        approve(request, actor)


def used(request: uuid.UUID, actor: Actor) -> dict:
    with acting(actor):
        return use(request, actor)


def test_a_request_is_approved_by_another_rank_and_used_by_who_asked(lead, officer):
    request = asked(lead)
    approved(request, officer)
    assert used(request, lead) == {"field": "x"}
    with pytest.raises(NotWithTwo) as refusal:
        used(request, lead)
    assert refusal.value.reason == "used-already"


def test_both_sides_are_told_and_each_step_is_on_record(lead, officer):
    request = asked(lead)
    approved(request, officer)
    used(request, lead)
    with as_role("worker"):
        told = dict(Notice.objects.filter(object_id=REPORT).values_list("to_account", "kind"))
        acts = list(AuditEntry.objects.filter(detail__request=str(request)).order_by("no"))
    assert told == {officer.id: "two-persons-asked", lead.id: "two-persons-approved"}
    assert [one.act for one in acts] == [
        "two-persons-asked", "two-persons-approved", "two-persons-used",
    ]  # fmt: skip


def test_nobody_approves_his_own_request(lead):
    request = asked(lead)
    with pytest.raises(NotWithTwo) as refusal:
        approved(request, lead)
    assert refusal.value.reason == "same-human"


def test_who_asked_does_not_use_what_nobody_approved(lead):
    with pytest.raises(NotWithTwo):
        used(asked(lead), lead)


def test_another_one_does_not_use_an_approval(lead, officer):
    request = asked(lead)
    approved(request, officer)
    other = account("two-lead-b", ("68000-protection", "68000", "lead"))
    for thief in (other, officer):
        with pytest.raises(NotWithTwo):
            used(request, thief)


def test_an_approval_is_not_given_twice_nor_after_declining(lead, officer):
    request = asked(lead)
    with acting(officer):
        decline(request, "沒有附公文", officer)
    with pytest.raises(NotWithTwo) as refusal:
        approved(request, officer)
    assert refusal.value.reason == "answered-already"


def test_an_approver_of_another_county_does_not_count(lead):
    far = account("two-far", ("63000-office", "63000", "reporter-protection-officer"))
    with pytest.raises(NotWithTwo) as refusal:
        approved(asked(lead), far)
    assert refusal.value.reason == "may-not-approve"


def test_a_conflict_of_either_side_ends_it(lead, officer):
    request = asked(lead)
    approved(request, officer)
    with as_role("worker"):
        Conflict.objects.create(
            account_id=officer.id, object_kind="report", object_id=REPORT, ground="relative",
            source="declared",
        )  # fmt: skip
    with pytest.raises(NotWithTwo) as refusal:
        used(request, lead)
    assert refusal.value.reason == "conflicted"


def test_a_short_text_or_no_ground_is_said(lead):
    with pytest.raises(NotAskedWell):
        asked(lead, text="急" * 19 + " " * 30)
    with pytest.raises(NotAskedWell):
        asked(lead, ground="because")


def test_the_application_cannot_write_a_request_by_itself(lead, officer):
    request = asked(lead)
    for statement in (
        "update access_twofold set approved_by = asked_by",
        "insert into access_twofold select * from access_twofold",
        "delete from access_twofold",
    ):
        with (
            acting(lead),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with acting(lead):
        assert Twofold.objects.get(pk=request).approved_by is None
