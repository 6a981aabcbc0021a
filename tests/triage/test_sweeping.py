"""Clocks that run out are marked, stay the next ones due, and leave no matter without a clock."""

from __future__ import annotations

import pytest
from django.db import connection

from anwang.common.clock import clock_now
from anwang.triage.actions import screening
from anwang.triage.actions.clocks import next_due, stop_clock
from anwang.triage.actions.sweeping import forget_old_traces, mark_missed_clocks
from anwang.triage.models import Clock, Matter, TraceKey
from tests.conftest import as_role

pytestmark = pytest.mark.django_db


def ahead(hours: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', %s, true)", [f"{hours} hours"])


def test_a_clock_that_ran_out_is_missed_and_still_the_next_one_due(delivered):
    """V2"""
    receipt = delivered(received_at=None)
    with as_role("worker"):
        screening.screen_waiting()
        assert mark_missed_clocks() == 0
        ahead(25)
        assert mark_missed_clocks() == 1
        assert mark_missed_clocks() == 0
        matter = Matter.objects.get(pk=receipt.report)
        missed = Clock.objects.get(matter=matter, state="missed")
        assert matter.due_at == missed.due_at == next_due(matter, clock_now())
        running = Clock.objects.get(matter=matter, state="running")
        assert running.definition_id == "review-30d"
        assert not running.legal


def test_a_missed_clock_can_still_be_stopped(delivered):
    receipt = delivered(received_at=None)
    with as_role("worker"):
        ahead(25)
        mark_missed_clocks()
        matter = Matter.objects.get(pk=receipt.report)
        missed = Clock.objects.get(matter=matter, state="missed")
        stop_clock(matter, missed.definition_id, clock_now(), matter.pk)
        missed.refresh_from_db()
        assert missed.state == "missed"
        assert missed.stopped_at is not None


def test_an_old_report_raises_no_alarm(delivered):
    receipt = delivered(historic=True, received_at="2025-03-02T09:12:00+08:00")
    with as_role("worker"):
        assert mark_missed_clocks() == 0
        assert Clock.objects.filter(matter_id=receipt.report, state="running").exists()


def test_keys_of_old_reports_are_forgotten(delivered):
    receipt = delivered(received_at=None)
    with as_role("worker"):
        screening.screen_waiting()
        assert TraceKey.objects.filter(matter_id=receipt.report).exists()
        assert forget_old_traces() == 0
        ahead(24 * 500)
        assert forget_old_traces() > 0
        assert not TraceKey.objects.filter(matter_id=receipt.report).exists()
