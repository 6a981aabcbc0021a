"""Break-glass, attempts and declared conflicts (section 6, R5): what the database itself holds."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.actions.attempts import record_attempt
from anwang.access.context import Actor, acting
from anwang.access.models import Attempt, Glass, Notice
from anwang.cases.oversight.actions.attempts import forget_old_attempts, resolve_attempts
from anwang.cases.oversight.actions.conflicts import (
    NoSuchNumber,
    declare_conflict,
    end_declared_conflict,
)
from anwang.cases.oversight.actions.glass import (
    GlassHolds,
    NothingThere,
    break_glass,
    end_glass,
    raise_overdue_reviews,
    review_glass,
)
from anwang.cases.oversight.queries import declared_conflicts, through_glass
from anwang.cases.permissions import (
    check_can_break_glass,
    check_can_declare,
    check_can_look_through,
    check_can_review,
)
from anwang.common.errors import Refused
from anwang.intake.models import Report
from tests.conftest import as_role
from tests.factories import TAIPEI_CITY, account, desk_worker, received_report, team_worker
from tests.relatives import is_human, known_person

pytestmark = pytest.mark.django_db
REASON = "孩子現在被關在屋內且有人揮刀，等不及主責回電確認"
NATIONAL = ("national-desk", None, "desk")


def broken(actor: Actor, receipt: str, **more) -> Glass:
    with acting(actor, "test"):
        permit = check_can_break_glass(actor)
        return break_glass(receipt, more.pop("fields", ["narrative"]), more.pop("reason", REASON),
                           permit=permit)  # fmt: skip


def sees(actor: Actor, report: uuid.UUID) -> bool:
    with acting(actor, "test"):
        return Report.objects.filter(pk=report).exists()


@pytest.fixture
def stranger() -> Actor:
    return desk_worker("far-away", TAIPEI_CITY)


def test_the_glass_opens_one_report_of_another_county_and_nothing_else(stranger):
    asked, other = received_report(), received_report()
    assert not sees(stranger, asked.report)
    glass = broken(stranger, asked.receipt)
    assert sees(stranger, asked.report)
    assert not sees(stranger, other.report)
    with acting(stranger, "test"):
        permit, opened = check_can_look_through(stranger, glass.pk)
        shown = through_glass(opened, permit)
    assert shown.narrative and shown.people is None and shown.danger is None


def test_it_ends_in_the_database_after_an_hour_at_most(stranger):
    """G1."""
    receipt = received_report()
    glass = broken(stranger, receipt.receipt)
    assert (glass.ends_at - glass.opened_at).total_seconds() == 3600
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '61 minutes', true)")
    assert not sees(stranger, receipt.report)
    with acting(stranger, "test"), pytest.raises(Refused):
        check_can_look_through(stranger, glass.pk)


def test_ending_it_closes_at_once(stranger):
    receipt = received_report()
    glass = broken(stranger, receipt.receipt)
    with acting(stranger, "test"):
        assert end_glass(glass.pk, permit=check_can_break_glass(stranger))
    assert not sees(stranger, receipt.report)


def test_through_the_glass_nothing_can_be_written(stranger):
    receipt = received_report()
    broken(stranger, receipt.receipt)
    with acting(stranger, "test"), connection.cursor() as cursor:
        cursor.execute(
            "update triage_matter set grade = '1' where report_id = %s", [receipt.report]
        )
        assert cursor.rowcount == 0


@pytest.mark.parametrize("reason", ["", "危險", " " * 30, "短理由" * 6])
def test_a_short_reason_breaks_nothing(stranger, reason):
    """G2."""
    receipt = received_report()
    with pytest.raises(GlassHolds):
        broken(stranger, receipt.receipt, reason=reason)
    assert not sees(stranger, receipt.report)


def test_no_conflict_is_opened_by_the_glass_and_the_answer_is_that_of_nothing(stranger):
    """G4, R5."""
    own = known_person("陳大方")
    is_human(stranger.id, own)
    with as_role("worker"), connection.cursor() as cursor:
        receipt = received_report()
        cursor.execute(
            "insert into access_conflict (id, account_id, object_kind, object_id, ground, source)"
            " values (gen_random_uuid(), %s, 'report', %s, 'relative', 'register')",
            [stranger.id, receipt.report],
        )
    with pytest.raises(NothingThere) as of_conflict:
        broken(stranger, receipt.receipt)
    with pytest.raises(NothingThere) as of_nothing:
        broken(stranger, "ZZZZZZZZZZZ")
    assert str(of_conflict.value) == str(of_nothing.value)
    assert not sees(stranger, receipt.report)


def test_a_conflict_that_becomes_known_closes_an_open_glass(stranger):
    receipt = received_report()
    broken(stranger, receipt.receipt)
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "insert into access_conflict (id, account_id, object_kind, object_id, ground, source)"
            " values (gen_random_uuid(), %s, 'report', %s, 'relative', 'register')",
            [stranger.id, receipt.report],
        )
    assert not sees(stranger, receipt.report)


def test_two_others_are_told_in_the_same_transaction(stranger):
    """G3."""
    privacy = account("privacy", ("68000-privacy", "68000", "privacy-officer"))
    supervisor = account("desk-head", ("68000-desk", "68000", "supervisor"))
    glass = broken(stranger, received_report().receipt)
    with as_role("worker"):
        told = Notice.objects.filter(kind="glass-broken", detail__glass=str(glass.pk))
        assert {one.to_account for one in told} == {privacy.id, supervisor.id}


def test_where_there_is_no_such_officer_the_next_offices_are_told(stranger):
    glass = broken(stranger, received_report().receipt)
    with as_role("worker"):
        told = Notice.objects.filter(kind="glass-broken", detail__glass=str(glass.pk))
        assert {one.to_team for one in told} == {"national-desk", "ministry-oversight"}


def test_another_office_reviews_and_never_the_user(stranger):
    """G5."""
    glass = broken(stranger, received_report().receipt)
    assert glass.review_team == "national-desk"
    colleague = desk_worker("colleague", TAIPEI_CITY)
    reviewer = account("national-reviewer", NATIONAL)
    for refused in (stranger, colleague):
        with acting(refused, "test"), pytest.raises(GlassHolds):
            review_glass(glass.pk, "justified", "合理", permit=check_can_review(refused))
    with acting(reviewer, "test"):
        review_glass(glass.pk, "unclear", "請補充說明", permit=check_can_review(reviewer))
    with as_role("worker"):
        assert Glass.objects.get(pk=glass.pk).verdict == "unclear"


def test_an_overdue_review_rises_one_level_a_day():
    own = desk_worker("desk-user", TAIPEI_CITY)
    glass = broken(own, received_report().receipt)
    with as_role("worker"):
        assert raise_overdue_reviews() == 0
        with connection.cursor() as cursor:
            cursor.execute("select set_config('clock.ahead', '25 hours', true)")
        assert raise_overdue_reviews() == 1
        assert raise_overdue_reviews() == 0
        raised = Glass.objects.get(pk=glass.pk)
        assert (raised.review_level, raised.review_team) == (1, "ministry-oversight")


def test_the_application_cannot_write_a_glass_by_itself(stranger):
    with (
        acting(stranger, "test"),
        connection.cursor() as cursor,
        pytest.raises(DatabaseError),
        transaction.atomic(),
    ):
        cursor.execute("insert into access_glass (id) values (gen_random_uuid())")


@pytest.fixture
def in_conflict():
    """Somebody of a team, and a report about a relative of his."""
    worker, receipt = team_worker(), received_report()
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute(
            "insert into access_conflict (id, account_id, object_kind, object_id, ground, source)"
            " values (gen_random_uuid(), %s, 'report', %s, 'relative', 'register')",
            [worker.id, receipt.report],
        )
    return worker, receipt


def test_an_attempt_on_a_conflict_tells_the_other_office(in_conflict):
    """R5, S1: within 60 s, since the task comes by every five."""
    worker, receipt = in_conflict
    record_attempt(worker, "triage:report", receipt.receipt)
    record_attempt(worker, "triage:report", "ZZZZZZZZZZZ")
    with as_role("worker"):
        assert resolve_attempts() == 2
        assert resolve_attempts() == 0
        told = Notice.objects.get(kind="conflict-attempted")
    assert told.object_id == receipt.report
    assert told.detail["account"] == str(worker.id)


def test_an_attempt_on_the_second_id_of_an_address_is_told_too(in_conflict):
    worker, receipt = in_conflict
    record_attempt(worker, "people:beside", uuid.uuid4(), receipt.report)
    with as_role("worker"):
        assert resolve_attempts() == 1
        assert Notice.objects.get(kind="conflict-attempted").object_id == receipt.report


def test_attempts_are_forgotten_after_a_week():
    record_attempt(team_worker(), "triage:report", "ZZZZZZZZZZZ")
    with as_role("worker"):
        assert forget_old_attempts() == 0
        with connection.cursor() as cursor:
            cursor.execute("select set_config('clock.ahead', '8 days', true)")
        assert forget_old_attempts() == 1
        assert not Attempt.objects.exists()


def test_who_declares_to_know_a_family_sees_nothing_more_and_only_another_ends_it():
    worker, receipt = desk_worker(), received_report()
    with acting(worker, "test"):
        declare_conflict(receipt.receipt, "是我的鄰居", permit=check_can_declare(worker))
    assert not sees(worker, receipt.report)
    with acting(worker, "test"):
        assert declared_conflicts() == []
        with pytest.raises(NoSuchNumber):
            declare_conflict(receipt.receipt, "是我的鄰居", permit=check_can_declare(worker))
    reviewer = account("national-reviewer", NATIONAL)
    with acting(reviewer, "test"):
        (one,) = declared_conflicts()
        end_declared_conflict(one["id"], "已不往來", permit=check_can_review(reviewer))
    assert sees(worker, receipt.report)
