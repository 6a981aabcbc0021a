"""S17: somebody floods intake so that true reports drown. The public door has its own later."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from anwang.access.actions.senders import add_sender
from anwang.access.context import acting
from anwang.common.clock import clock_now
from anwang.triage.models import Clock, Duty, Matter
from anwang.triage.permissions import check_can_use_desk
from anwang.triage.queries.queue import counts_of_queue, queue_page
from tests.conftest import as_role
from tests.factories import account, desk_worker, screened_report

pytestmark = pytest.mark.django_db
FLOOD = 55  # more than a page


@pytest.fixture
def flooding() -> str:
    operator = account("sender-maker", ("", None, "operator"))
    with acting(operator, "test"):
        return add_sender("flooder", actor=operator)


def test_s17_nobody_is_turned_away_and_what_is_urgent_stands_on_the_first_page(flooding):
    client = Client()
    for number in range(FLOOD):
        answer = client.post(
            "/api/v1/reports",
            json.dumps({"report_id": f"F-{number}", "county": "桃園市", "narrative": "範例"}),
            content_type="application/json", headers={"Authorization": f"Bearer {flooding}"},
        )  # fmt: skip
        assert answer.status_code == 201, "a citizen's report is never refused for a flood"
    urgent = screened_report(grade="1", immediate_danger="yes")
    with as_role("worker"):
        # As its screening leaves it: the first hours of somebody in danger are fewer.
        early = Clock.objects.filter(matter=urgent.report).earliest("due_at").started_at
        Matter.objects.filter(pk=urgent.report).update(due_at=early)
        assert Duty.objects.filter(during__endswith=None).count() == FLOOD + 1
        assert Matter.objects.count() == FLOOD + 1
    desk = desk_worker()
    with acting(desk, "test"):
        permit = check_can_use_desk(desk)
        first, more = queue_page(permit, 1)
        counts = counts_of_queue(permit, clock_now())
    assert first[0].pk == urgent.report and more
    assert (counts.open, counts.urgent) == (FLOOD + 1, 1)
