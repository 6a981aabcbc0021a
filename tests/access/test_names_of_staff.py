"""Names of accounts: staff's to staff, and never a citizen's or a reporter's."""

from __future__ import annotations

import uuid

import pytest

from anwang.access.context import Actor, acting
from anwang.access.models import Account, Conflict, Relation
from anwang.common.clock import clock_now
from tests.access.test_invitations import account
from tests.conftest import as_role

pytestmark = pytest.mark.django_db


def seen(by: Actor, *others: Actor) -> list[bool]:
    with acting(by):
        found = set(
            Account.objects.filter(pk__in=[o.id for o in others]).values_list("pk", flat=True)
        )
    return [one.id in found for one in others]


def test_a_citizen_and_a_reporter_see_their_own_name_alone():
    worker, other = account(), account("citizen", team="")
    for role in ("citizen", "mandated-reporter"):
        me = account(role, team="")
        assert seen(me, me, worker, other) == [True, False, False]


def test_staff_see_the_names_of_staff_and_of_nobody_who_reports():
    me = account()
    others = [account(team="68000-welfare"), account("citizen", team=""),
              account("mandated-reporter", team="")]  # fmt: skip
    assert seen(me, *others) == [True, False, False]


def related(team: str, object_id: uuid.UUID, **more: object) -> None:
    with as_role("worker"):
        Relation.objects.create(
            team_id=team, object_kind="report", object_id=object_id, ground="duty-desk",
            through=object_id, **more,
        )  # fmt: skip


def test_names_of_another_county_are_not_read_and_those_of_the_nation_are():
    me = account()
    others = [account("desk", "63000", "63000-desk"), account("ministry", None, "")]
    assert seen(me, *others) == [False, True]


def test_who_reads_the_log_sees_whom_it_names():
    other = account("desk", "63000", "63000-desk")
    assert seen(account("auditor", team=""), other) == [True]


def test_who_works_or_worked_on_the_same_report_is_named_to_who_works_on_it():
    me, other, stranger = (account(), account("desk", "63000", "63000-desk"),
                           account("desk", "65000", "65000-desk"))  # fmt: skip
    report = uuid.uuid4()
    related("68000-desk", report)
    related("63000-desk", report, until=clock_now())
    assert seen(me, other, stranger) == [True, False]
    assert seen(other, me) == [False], "his own team is out of it"


def test_what_is_closed_to_the_reader_leads_to_no_name():
    me, other = account(), account("desk", "63000", "63000-desk")
    report = uuid.uuid4()
    for team in ("68000-desk", "63000-desk"):
        related(team, report)
    assert seen(me, other) == [True]
    with as_role("worker"):
        Conflict.objects.create(
            account_id=me.id,
            object_id=report,
            object_kind="report",
            ground="declared",
            source="tests",
        )
    assert seen(me, other) == [False]
