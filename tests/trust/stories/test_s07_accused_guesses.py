"""S07: the accused guesses the reporter from time, wording or "the school knows"."""

from __future__ import annotations

import pytest

from anwang.access.context import acting
from anwang.access.models import AuditEntry, Notice
from anwang.intake.actions import deliver
from anwang.intake.actions.relay import relay, relayed
from anwang.intake.models import Report
from tests.conftest import as_role
from tests.factories import DESK, TAOYUAN, account, desk_worker, report_body
from tests.trust.canaries import Canary, body_of, marks_in

pytestmark = pytest.mark.django_db
TELLING = ("school-safety", "校安", "teacher-seven", "範例老師", "03-3000000", "老師", "國小")


@pytest.fixture
def told():
    """A report that a teacher wrote, and what the desk asked her."""
    teacher = account("teacher-seven", ("68000-school", TAOYUAN, "mandated-reporter"))
    desk = desk_worker("desk-seven")
    receipt = deliver(report_body(), sender="anwang-web", author=teacher.id, actor=teacher)
    with acting(desk):
        relay(receipt.report, "孩子今天到校了嗎？", actor=desk)
    with acting(teacher):
        relay(receipt.report, "到了。", actor=teacher)
    return teacher, desk, receipt


def test_s07_a_message_names_neither_side_nor_channel_nor_office(told):
    teacher, desk, receipt = told
    for actor in (teacher, desk):
        with acting(actor):
            messages = relayed(receipt.report, actor=actor)
        assert [one.to_reporter for one in messages] == [True, False]
        for one in messages:
            shown = str(one)
            assert not [word for word in (*TELLING, DESK, str(actor.id)) if word in shown]


@pytest.mark.usefixtures("told")
def test_s07_notices_and_audit_of_the_relay_tell_no_reporter():
    with as_role("worker"):
        to_office = Notice.objects.get(kind="relay-message", to_team__isnull=False)
        entries = AuditEntry.objects.filter(purpose="relay")
        assert to_office.detail == {} and to_office.to_account is None
        for one in entries:
            assert not [word for word in TELLING if word in f"{one.detail}{one.fields}"]


def test_s07_who_told_is_hidden_where_a_sender_wrote_it_into_the_story():
    receipt = deliver(body_of(3), sender="campus", actor=desk_worker("desk-seven"))
    with as_role("worker"):
        body = str(Report.objects.get(pk=receipt.report).body)
    assert marks_in(body) == set()
    assert Canary(3).reporter["name"] not in body
