"""A number in the queue tells no more than the reader may open (R5, R8)."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from anwang.access.context import acting
from anwang.access.models import Conflict
from anwang.triage.models import Matter
from anwang.triage.permissions import check_can_use_desk
from anwang.triage.queries.queue import queue_page, same_event_counts
from tests.conftest import as_role
from tests.factories import PASSWORD, desk_worker, screened_report

pytestmark = pytest.mark.django_db


def counted(actor, report: uuid.UUID) -> int:
    """How many same events the queue tells `actor` of a report."""
    with acting(actor, "test"):
        matters, _ = queue_page(check_can_use_desk(actor))
        return same_event_counts(matters).get(report, 0)


def twice_told():
    """(earlier, later): two reports of one event, the later one's headline counting the earlier."""
    earlier = screened_report()
    later = screened_report(same_as=earlier)
    with as_role("worker"):
        matter = Matter.objects.get(pk=later.report)
        matter.headline = matter.headline | {"same_events": 1}
        matter.save()
    return earlier, later


def close_to(actor, report: uuid.UUID) -> None:
    with as_role("worker"):
        Conflict.objects.create(
            account_id=actor.id, object_kind="report", object_id=report,
            ground="declared", source="test",
        )  # fmt: skip


def test_the_queue_counts_the_same_event_for_who_may_open_it():
    desk = desk_worker()
    earlier, later = twice_told()
    assert counted(desk, later.report) == 1
    assert counted(desk, earlier.report) == 0


def test_a_same_event_closed_by_conflict_is_not_counted():
    desk, relative = desk_worker(), desk_worker("desk-two")
    earlier, later = twice_told()
    close_to(relative, earlier.report)
    assert counted(desk, later.report) == 1
    assert counted(relative, later.report) == 0


def test_the_page_says_the_number_to_the_one_and_not_to_the_other():
    desk_worker()
    relative = desk_worker("desk-two")
    earlier, _later = twice_told()
    close_to(relative, earlier.report)
    pages = {}
    for name in ("desk-one", "desk-two"):
        client = Client()
        assert client.login(username=name, password=PASSWORD)
        pages[name] = client.get("/desk/").content.decode()
    assert "同一事件" in pages["desk-one"]
    assert "同一事件" not in pages["desk-two"]
