"""A case's duties are done in the database's time, and closing is an act with a reason (S9)."""

from __future__ import annotations

import pytest

from anwang.access.context import acting
from anwang.access.models import AuditEntry
from anwang.cases.actions import close_case, finish_duty
from anwang.cases.models import Case
from anwang.cases.permissions import check_can_work_case
from anwang.common.errors import Refused
from anwang.triage.actions.clocks import unmet
from anwang.triage.actions.decisions import NotNow, ReasonNeeded
from anwang.triage.models import Clock, Matter
from tests.cases.test_accepting import accept, offered
from tests.conftest import as_role
from tests.factories import desk_worker, screened_report, team_worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


@pytest.fixture
def worker():
    return team_worker()


@pytest.fixture
def desk():
    return desk_worker()


@pytest.fixture
def case(worker, desk) -> Case:
    return accept(worker, offered(desk, screened_report()))


def matter_of(case: Case) -> Matter:
    with as_role("worker"):
        return Matter.objects.get(pk=case.matter_id)


def open_clocks(case: Case) -> list[str]:
    with as_role("worker"):
        return list(
            unmet(matter_of(case)).order_by("due_at").values_list("definition_id", flat=True)
        )


def finish(worker, case, clock):
    with acting(worker, "case-work"):
        finish_duty(case.pk, clock, permit=check_can_work_case(worker, case.pk))


def close(worker, case, reason):
    with acting(worker, "case-work"):
        close_case(case.pk, reason=reason, permit=check_can_work_case(worker, case.pk))


def test_a_duty_done_stops_its_clock_and_the_next_one_is_due(worker, case):
    first, *_ = open_clocks(case)
    finish(worker, case, first)
    with as_role("worker"):
        clock = Clock.objects.get(matter_id=case.matter_id, definition_id=first)
        entries = AuditEntry.objects.filter(act="duty-done").count()
    assert clock.state == Clock.State.MET
    assert clock.proof == case.pk
    assert first not in open_clocks(case)
    assert matter_of(case).due_at is not None
    assert entries == 1


def test_when_all_is_done_the_review_clock_runs(worker, case):
    for clock in open_clocks(case):
        finish(worker, case, clock)
    assert open_clocks(case) == ["review-30d"]


def test_a_clock_is_done_once(worker, case):
    (clock, *_) = open_clocks(case)
    finish(worker, case, clock)
    with pytest.raises(NotNow):
        finish(worker, case, clock)


def test_closing_drops_what_was_not_done_and_says_so(worker, case):
    left = open_clocks(case)
    close(worker, case, "目標達成，家庭同意結案。")
    with as_role("worker"):
        states = set(
            Clock.objects.filter(matter_id=case.matter_id, definition_id__in=left)
            .values_list("state", flat=True)
        )  # fmt: skip
        entry = AuditEntry.objects.get(act="case-closed")
        case.refresh_from_db()
    assert states == {Clock.State.DROPPED}
    assert sorted(entry.detail["dropped"]) == sorted(left)
    assert case.closed_at is not None
    assert matter_of(case).due_at is None
    with pytest.raises(NotNow):
        close(worker, case, "再一次")


def test_closing_without_a_reason_is_refused(worker, case):
    with pytest.raises(ReasonNeeded):
        close(worker, case, "  ")


def test_another_team_can_neither_do_a_duty_nor_close(case, desk):
    with acting(desk, "case-work"), pytest.raises(Refused):
        check_can_work_case(desk, case.pk)
