"""Who reports never learns whether somebody is known: not by the answer, the work done for it, or later."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anwang.intake.actions import Receipt
from anwang.intake.models import Report
from tests.cases.identity_world import CHILD, known, screened
from tests.conftest import as_role
from tests.factories import received_report

pytestmark = pytest.mark.django_db
STRANGER = {"role": "victim", "name": "伍無名", "birth": "民國101年1月2日", "sex": "M",
            "address": "桃園市中壢區別處路9號"}  # fmt: skip
TOLD = {"role": "victim", "name": "陳小安", "birth": "民國107年5月1日", "sex": "M",
        "address": "桃園市中壢區範例路1段2號3樓"}  # fmt: skip


def delivered(subject: dict[str, str]) -> tuple[Receipt, list[str]]:
    """The receipt, and the statements that were run for it without their values."""
    with CaptureQueriesContext(connection) as run:
        receipt = received_report(subjects=[subject])
    asked = [one["sql"].split("(")[0][:60] for one in run.captured_queries]
    return receipt, [one for one in asked if "SAVEPOINT" not in one]


def test_the_door_says_and_does_the_same_for_somebody_known_and_for_a_stranger():
    known(CHILD)
    one, for_known = delivered(TOLD)
    other, for_stranger = delivered(STRANGER)
    assert for_known == for_stranger
    shown = [
        {name: type(value) for name, value in vars_of(receipt).items()} for receipt in (one, other)
    ]
    assert shown[0] == shown[1]
    same = {name for name, value in vars_of(one).items() if value == vars_of(other)[name]}
    assert {name for name in vars_of(one) if name not in same} <= {
        "receipt",
        "report",
        "accepted_at",
    }


def vars_of(receipt: Receipt) -> dict[str, object]:
    return {name: getattr(receipt, name) for name in receipt.__dataclass_fields__}


def test_the_report_its_author_may_read_does_not_change_when_somebody_is_recognised():
    known(CHILD)
    before = received_report(subjects=[TOLD])
    with as_role("worker"):
        written = Report.objects.get(pk=before.report).body
    after = screened(subjects=[TOLD])
    with as_role("worker"):
        assert Report.objects.get(pk=after.report).body["subjects"] == written["subjects"]
