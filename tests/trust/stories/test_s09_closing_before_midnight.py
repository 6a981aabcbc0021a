"""S9: a manager orders "close it before midnight so that the 24-hour figure is green"."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.context import acting
from anwang.access.models import AuditEntry
from anwang.triage.actions.decisions import ReasonNeeded, answer
from anwang.triage.permissions import check_can_decide
from tests.conftest import as_role
from tests.factories import clocks_of, desk_worker, screened_report

pytestmark = pytest.mark.django_db


def test_s09_closing_needs_an_act_and_a_reason_and_leaves_no_green_clock():
    desk, receipt = desk_worker(), screened_report()
    with acting(desk, "decide"):
        permit = check_can_decide(desk, receipt.report)
        with pytest.raises(ReasonNeeded):
            answer(receipt.report, permit=permit, reason="  ")
        answer(receipt.report, permit=permit, reason="主管要求今天結掉。")
    assert set(clocks_of(receipt).values()) == {"dropped"}, "closing early is not keeping the term"
    with as_role("worker"):
        (entry,) = AuditEntry.objects.filter(act="report-answered")
    assert entry.actor == desk.id


@pytest.mark.parametrize(
    "change",
    [
        "started_at = started_at + interval '9 hours'",
        "due_at = due_at + interval '9 hours'",
        "definition_id = 'review-30d'",
        "legal = false",
    ],
)
def test_s09_no_account_edits_a_clock(change):
    desk, receipt = desk_worker(), screened_report()
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        acting(desk, "decide"),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"update triage_clock set {change} where matter_id = %s", [receipt.report])


@pytest.mark.parametrize("table", ["triage_clock", "triage_duty", "triage_decision"])
def test_s09_the_history_of_clocks_and_duties_cannot_be_deleted(table):
    desk, receipt = desk_worker(), screened_report()
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        acting(desk, "decide"),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"delete from {table} where matter_id = %s", [receipt.report])
