"""What happens to a clock is on its proof log, written by the database, and stays (S9)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.context import SWEEPING, acting
from anwang.access.models import Notice
from anwang.common.clock import clock_now
from anwang.triage.actions import screening
from anwang.triage.actions.clocks import begin_again, pause_clock, run_on
from anwang.triage.actions.sweeping import (
    mark_missed_clocks,
    run_paused_clocks_on,
    warn_of_clocks,
)
from anwang.triage.models import Clock, ClockEvent, Matter
from anwang.triage.queries.policies import clocks_of_day
from tests.conftest import as_role
from tests.triage.test_sweeping import ahead

pytestmark = pytest.mark.django_db


def history(clock: Clock) -> list[str]:
    return list(
        ClockEvent.objects.filter(clock=clock).order_by("id").values_list("what", flat=True)
    )


@pytest.fixture
def visit(delivered) -> Clock:
    """A vulnerable family's visit within ten days, besides the first clock."""
    receipt = delivered(received_at=None)
    with as_role("worker"), acting(SWEEPING, "test"):
        screening.screen_waiting()
        matter = Matter.objects.get(pk=receipt.report)
        now = clock_now()
        return Clock.objects.create(
            matter=matter, definition_id="vulnerable-visit-10d", started_at=now,
            due_at=now + dt.timedelta(days=10), warn_at=now + dt.timedelta(days=7),
        )  # fmt: skip


def test_the_database_writes_what_happened_whoever_did_it(delivered):
    receipt = delivered(received_at=None)
    with as_role("worker"):
        clock = Clock.objects.get(matter_id=receipt.report)
        assert history(clock) == ["started"]
        ahead(25)
        mark_missed_clocks()
        assert history(clock) == ["started", "missed"]
        Clock.objects.filter(pk=clock.pk).update(stopped_at=clock_now(), proof=receipt.report)
        assert history(clock) == ["started", "missed", "done-late"]
        last = ClockEvent.objects.filter(clock=clock).latest("id")
    assert last.proof == receipt.report
    assert last.due_at == clock.due_at


@pytest.mark.parametrize(
    "statement", ["update triage_clockevent set what = 'met'", "delete from triage_clockevent"]
)
def test_nobody_changes_what_happened(visit, statement):
    for role in ("app", "worker"):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            as_role(role),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)  # fmt: skip


def test_a_pause_moves_the_due_instant_by_the_days_it_lasted(visit):
    with as_role("worker"), acting(SWEEPING, "test"):
        definition = clocks_of_day(clock_now())["vulnerable-visit-10d"]
        pause_clock(visit, "whereabouts-unknown", clock_now() + dt.timedelta(days=5))
        visit.refresh_from_db()
        assert visit.state == Clock.State.PAUSED
        ahead(3 * 24)
        due = run_on(visit, definition, clock_now())
        visit.refresh_from_db()
    assert visit.state == Clock.State.RUNNING
    assert visit.due_at == due
    assert visit.paused_days == 3
    with as_role("worker"):
        assert history(visit) == ["started", "paused", "resumed"]
        paused = ClockEvent.objects.get(clock=visit, what="paused")
    assert paused.reason == "whereabouts-unknown"
    assert paused.by == SWEEPING.id


def test_a_pause_gives_no_more_time_than_it_lasted(visit):
    with as_role("worker"), acting(SWEEPING, "test"):
        pause_clock(visit, "whereabouts-unknown", clock_now() + dt.timedelta(days=5))
        ahead(24)
        with pytest.raises(DatabaseError, match="no more time"), transaction.atomic(), \
                connection.cursor() as cursor:  # fmt: skip
            cursor.execute(
                "select triage.resume_clock(%s, %s, 1, null)",
                [visit.pk, visit.due_at + dt.timedelta(days=40)],
            )


def test_a_clock_that_ran_out_cannot_be_paused(visit):
    with as_role("worker"), acting(SWEEPING, "test"):
        ahead(24 * 11)
        with pytest.raises(DatabaseError, match="not-running"), transaction.atomic():
            pause_clock(visit, "whereabouts-unknown", clock_now() + dt.timedelta(days=5))


def test_a_paused_clock_runs_on_by_itself_as_if_swept_in_time(visit):
    with as_role("worker"):
        with acting(SWEEPING, "test"):
            pause_clock(visit, "disaster", clock_now() + dt.timedelta(days=2))
        assert run_paused_clocks_on() == 0
        ahead(24 * 6)  # swept four days late
        assert run_paused_clocks_on() == 1
        visit.refresh_from_db()
    assert visit.state == Clock.State.RUNNING
    assert visit.paused_days == 2


def test_its_team_is_warned_once_however_many_warnings_were_slept_through(visit):
    with as_role("worker"):
        assert warn_of_clocks() == 0
        ahead(24 * 9 + 1)  # past the warnings of three days and of one day
        assert warn_of_clocks() == 1
        assert warn_of_clocks() == 0
        told = Notice.objects.filter(kind="clock-warned", object_id=visit.matter_id)
        assert [one.detail for one in told] == [{"clock": "vulnerable-visit-10d"}]
        visit.refresh_from_db()
        assert history(visit) == ["started", "warned"]
    assert visit.warned == 2
    assert visit.warn_at is None


def test_a_team_with_many_late_clocks_is_told_their_number(delivered):
    for _ in range(5):
        delivered(received_at=None)
    with as_role("worker"):
        ahead(25)
        assert mark_missed_clocks() == 5
        (told,) = Notice.objects.filter(kind__in=("clock-missed", "clocks-missed"))
    assert (told.kind, told.detail) == ("clocks-missed", {"counted": 5})


def test_the_next_round_of_a_cycle_begins_when_the_last_is_over(visit):
    with as_role("worker"), acting(SWEEPING, "test"):
        definition = clocks_of_day(clock_now())["service-record-1m"]
        with pytest.raises(DatabaseError, match="no such clock"), transaction.atomic():
            begin_again(visit, definition, clock_now())
        Clock.objects.filter(pk=visit.pk).update(state="met", stopped_at=clock_now())
        due = begin_again(visit, definition, clock_now())
        visit.refresh_from_db()
    assert visit.state == Clock.State.RUNNING
    assert visit.due_at == due
    with as_role("worker"):
        assert history(visit) == ["started", "met", "reopened"]
