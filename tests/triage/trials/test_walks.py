"""A walk through a family's history: each day with what was known then, and when first."""

from __future__ import annotations

import datetime as dt

import pytest

from anwang.access.context import TRYING, acting
from anwang.common.errors import Refused
from anwang.triage.models import FamilyWalk
from anwang.triage.trials.actions.walks import AlreadyAsked, ask_walk, run_waiting_walks
from anwang.triage.trials.permissions import check_can_walk
from anwang.triage.trials.rules.walked import Said, Step, days_walked, first_caught, in_order
from tests.conftest import as_role
from tests.factories import desk_worker

DAY = dt.date(2026, 3, 2)
LETS_GO = Said("consult", "2", "S-99", False)
ACTS = Said("vulnerable-family", "2", "S-20", True)


def on(day: int, *said: Said, kind="facts", report=None) -> Step:
    return Step(DAY + dt.timedelta(days=day), kind, report, said)


def test_the_first_day_on_which_a_version_acts_is_told_for_each_version():
    steps = [on(0, LETS_GO, LETS_GO), on(3, LETS_GO, ACTS), on(5, ACTS, ACTS)]
    assert first_caught(steps, 0)["day"] == "2026-03-07"
    assert first_caught(steps, 1)["day"] == "2026-03-05"
    assert first_caught(steps[:1], 0) is None


def test_days_of_change_are_walked_and_thinned_only_where_there_are_too_many():
    changes = [DAY - dt.timedelta(days=n) for n in (40, 10, 10, 3)]
    since = DAY - dt.timedelta(days=20)
    assert days_walked(changes, since, DAY) == [
        since, DAY - dt.timedelta(days=10), DAY - dt.timedelta(days=3), DAY,
    ]  # fmt: skip
    many = [DAY - dt.timedelta(days=n) for n in range(300)]
    thinned = days_walked(many, many[-1], DAY, most=20)
    assert len(thinned) == 20 and thinned[0] == many[-1] and thinned[-1] == DAY


def test_a_days_facts_come_before_its_reports():
    report, facts = on(1, ACTS, kind="report", report="r"), on(1, LETS_GO)
    assert in_order([report, facts]) == [facts, report]


@pytest.mark.django_db
def test_a_walk_is_asked_from_a_report_and_done_by_the_worker(past):
    (receipt,) = past()
    actor = desk_worker()
    with acting(actor, "test"):
        permit = check_can_walk(actor, receipt.report)
        walk = ask_walk(receipt.report, permit=permit)
        with pytest.raises(AlreadyAsked):
            ask_walk(receipt.report, permit=permit)
    with as_role("worker"):
        assert run_waiting_walks() == 1
    with acting(actor, "test"):
        done = FamilyWalk.objects.get(pk=walk.pk)
    assert done.state == "done", done.result
    reports = [one for one in done.result["steps"] if one["kind"] == "report"]
    assert [one["report"] for one in reports] == [str(receipt.report)]
    assert done.result["first"][0]["stream"] == "child-protection"


@pytest.mark.django_db
def test_a_walk_is_for_whoever_may_read_the_report_and_nobody_else(past):
    """R2: neither asked for nor seen through another county's desk."""
    (receipt,) = past()
    mine, other = desk_worker(), desk_worker("desk-two", "10013")
    with acting(mine, "test"):
        walk = ask_walk(receipt.report, permit=check_can_walk(mine, receipt.report))
    with acting(other, "test"):
        with pytest.raises(Refused):
            check_can_walk(other, receipt.report)
        assert not FamilyWalk.objects.filter(pk=walk.pk).exists()
    with as_role("worker"), acting(TRYING, "test"):
        assert FamilyWalk.objects.filter(pk=walk.pk).exists()
