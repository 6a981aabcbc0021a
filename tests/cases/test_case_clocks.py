"""Clocks of a case: started by what happened, paused for allowed reasons, never moved by hand (S9)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.context import acting
from anwang.access.models import AuditEntry
from anwang.cases.actions import finish_duty
from anwang.cases.actions.clocks import (
    NoSuchEvent,
    NoSuchPause,
    note_happening,
    pause_duty,
    resume_duty,
)
from anwang.cases.models import Case
from anwang.cases.permissions import check_can_work_case
from anwang.common.clock import clock_now
from anwang.triage.actions.decisions import NotNow
from anwang.triage.models import Clock, Happening, Matter
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import TAOYUAN, TEAM, account, desk_worker, screened_report
from tests.triage.test_sweeping import ahead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]
LONG = "child-investigation-30d"


@pytest.fixture
def lead():
    return account("lead-one", (TEAM, TAOYUAN, "lead"))


@pytest.fixture
def case(lead) -> Case:
    return accept(lead, offered(desk_worker(), screened_report()))


def clock_of(case: Case, definition: str = LONG) -> Clock:
    with as_role("worker"):
        return Clock.objects.get(matter_id=case.matter_id, definition_id=definition)


def act(actor, case: Case, action, *args, **more):
    with acting(actor, "case-work"):
        return action(case.pk, *args, permit=check_can_work_case(actor, case.pk), **more)


def test_a_lead_lets_a_clock_stand_still_and_run_on(lead, case):
    before = clock_of(case)
    act(lead, case, pause_duty, LONG, reason="whereabouts-unknown", days=7)
    paused = clock_of(case)
    assert paused.state == Clock.State.PAUSED
    with as_role("worker"):
        assert Matter.objects.get(pk=case.matter_id).due_at is not None
        assert Clock.objects.filter(matter_id=case.matter_id, state="running").exists()
    ahead(24 * 4)
    act(lead, case, resume_duty, LONG)
    after = clock_of(case)
    assert after.state == Clock.State.RUNNING
    assert after.paused_days == 4
    assert before.due_at < after.due_at <= before.due_at + dt.timedelta(days=4 + 10)
    with as_role("worker"):
        acts = set(AuditEntry.objects.values_list("act", flat=True))
    assert {"clock-paused", "clock-resumed"} <= acts


@pytest.mark.parametrize(
    ("clock", "reason", "days"),
    [
        (LONG, "whereabouts-unknown", 15),  # longer than the policy allows
        (LONG, "holiday", 3),  # no such reason
        (LONG, "disaster", 3),  # a supervisor's to say
        (LONG, "whereabouts-unknown", 0),
    ],
)
def test_a_pause_needs_its_reason_its_role_and_its_length(lead, case, clock, reason, days):
    with pytest.raises(NoSuchPause):
        act(lead, case, pause_duty, clock, reason=reason, days=days)
    assert clock_of(case).state == Clock.State.RUNNING


def test_a_worker_who_is_no_lead_pauses_nothing(case):
    worker = account("worker-one", (TEAM, TAOYUAN, "team-worker"))
    with pytest.raises(NoSuchPause):
        act(worker, case, pause_duty, LONG, reason="whereabouts-unknown", days=3)


def test_the_application_can_move_no_clock_by_itself(lead, case):
    clock = clock_of(case)
    with acting(lead, "case-work"):
        for column in ("due_at", "started_at", "paused_days"):
            value = "100" if column == "paused_days" else "clock.now() + interval '90 days'"
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    f"update triage_clock set {column} = {value} where id = %s", [clock.pk]
                )
        with pytest.raises(DatabaseError, match="another clock runs"), transaction.atomic(), \
                connection.cursor() as cursor:  # fmt: skip
            cursor.execute("select triage.review_from_now(%s, 30)", [case.matter_id])


def test_a_placement_starts_its_72_hours_from_when_it_happened(lead, case):
    happened = clock_now() - dt.timedelta(hours=5)
    started = act(lead, case, note_happening, "placed", happened)
    assert {one.definition_id for one in started} == {"placement-72h", "long-term-plan-24m"}
    clock = clock_of(case, "placement-72h")
    assert clock.due_at == happened + dt.timedelta(hours=72)
    with as_role("worker"):
        (told,) = Happening.objects.filter(matter_id=case.matter_id)
        assert Matter.objects.get(pk=case.matter_id).due_at == clock.due_at
    assert (told.event, told.happened_at, told.by) == ("placed", happened, lead.id)


def test_the_day_a_placement_expires_starts_what_is_due_before_it(lead, case):
    expires = clock_now() + dt.timedelta(days=60)
    act(lead, case, note_happening, "placement-expires", expires)
    assessed, filed = clock_of(case, "placement-assess-15d"), clock_of(case, "placement-file-7d")
    assert assessed.due_at < filed.due_at < expires
    assert assessed.started_at < clock_now()


@pytest.mark.parametrize(
    ("event", "days"), [("placed", 2), ("dispatched", 0), ("placed", -500), ("nothing-known", 0)]
)
def test_what_cannot_have_happened_starts_nothing(lead, case, event, days):
    with pytest.raises(NoSuchEvent):
        act(lead, case, note_happening, event, clock_now() + dt.timedelta(days=days))


def test_a_cycle_that_was_done_begins_again(lead, case):
    act(lead, case, note_happening, "youth-file-opened", clock_now())
    act(lead, case, finish_duty, "youth-visit-1m")
    again = clock_of(case, "youth-visit-1m")
    assert again.state == Clock.State.RUNNING
    assert again.stopped_at is None


def test_a_review_that_was_done_runs_again(lead, case):
    with as_role("worker"):
        left = list(
            Clock.objects.filter(matter_id=case.matter_id, stopped_at=None)
            .values_list("definition_id", flat=True)
        )  # fmt: skip
    for one in left:
        act(lead, case, finish_duty, one)
    ahead(24 * 29)
    act(lead, case, finish_duty, "review-30d")
    review = clock_of(case, "review-30d")
    assert review.state == Clock.State.RUNNING
    assert review.due_at > clock_now() + dt.timedelta(days=29)


def test_a_clock_that_moved_on_is_refused(lead, case):
    with pytest.raises(NotNow):
        act(lead, case, resume_duty, LONG)
    act(lead, case, finish_duty, LONG)
    with pytest.raises(NotNow):
        act(lead, case, pause_duty, LONG, reason="whereabouts-unknown", days=3)
