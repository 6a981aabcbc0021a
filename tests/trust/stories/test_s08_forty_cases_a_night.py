"""S8: a clerk opens 40 cases a night without tasks."""

from __future__ import annotations

import pytest

from anwang.access.context import acting
from anwang.access.models import Alarm
from anwang.cases.oversight.actions.alarms import evaluate_alarms
from anwang.common.errors import Refused
from anwang.triage.models import Matter
from anwang.triage.permissions import check_can_read_matter
from tests.conftest import as_role
from tests.factories import desk_worker, received_report

pytestmark = pytest.mark.django_db


def test_s08_after_the_limit_nothing_opens_and_the_other_office_is_alarmed():
    clerk = desk_worker("clerk")
    reports = [received_report().report for _ in range(30)]
    with as_role("worker"):
        Matter.objects.filter(pk__in=reports).update(state="answered", due_at=None)
    opened = 0
    with acting(clerk, "test"):
        for report in reports:
            try:
                check_can_read_matter(clerk, report)
                opened += 1
            except Refused:
                pass
    assert opened == 21
    with as_role("worker"):
        evaluate_alarms()
        raised = Alarm.objects.filter(account_id=clerk.id)
        assert {"bulk", "no-task"} <= {one.rule for one in raised}
        assert {one.review_team for one in raised} == {"national-desk"}
