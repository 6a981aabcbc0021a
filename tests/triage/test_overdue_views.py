"""The page of what nobody accepted: who sees what, hearing a call, closing an office."""

from __future__ import annotations

import pytest
from django.test import Client

from anwang.triage.models import Escalation, OfficeClosure
from tests.conftest import as_role
from tests.factories import DESK, PASSWORD, TAOYUAN, account, screened_report
from tests.triage.test_ladder import climb_at
from tests.triage.test_sweeping import ahead as set_ahead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("service_teams")]


def called_for(hours: float = 2.1) -> str:
    """A report that nobody accepted; the clock is back where it was, or sessions would have ended."""
    receipt = screened_report()
    climb_at(hours)
    set_ahead(0)
    return receipt.receipt


def at_desk(name: str, role: str, team: str = DESK) -> Client:
    account(name, (team, TAOYUAN, role))
    client = Client()
    assert client.login(username=name, password=PASSWORD)
    return client


def test_the_desk_sees_the_report_and_says_that_it_heard():
    desk = at_desk("desk-one", "desk")
    receipt = called_for()
    page = desk.get("/overdue/").content.decode()
    assert receipt in page
    assert "我收到了" in page
    with as_role("worker"):
        (raised,) = Escalation.objects.all()
    assert desk.post(f"/overdue/{raised.pk}/heard/", follow=True).status_code == 200
    with as_role("worker"):
        raised.refresh_from_db()
    assert raised.acknowledged_at is not None


def test_a_manager_sees_times_and_no_number():
    manager = at_desk("manager", "county-manager", "68000-county")
    receipt = called_for()
    page = manager.get("/overdue/").content.decode()
    assert receipt not in page
    assert "第 1 次" in page


def test_a_supervisor_closes_his_office_and_opens_it_again():
    supervisor = at_desk("desk-supervisor", "supervisor")
    said = {"team": DESK, "hours": "12", "reason": "淹水停班"}
    page = supervisor.post("/overdue/offices/close/", said, follow=True).content.decode()
    assert "淹水停班" in page
    page = supervisor.post(f"/overdue/offices/{DESK}/open/", follow=True).content.decode()
    assert "淹水停班" not in page
    with as_role("worker"):
        assert OfficeClosure.objects.count() == 1
