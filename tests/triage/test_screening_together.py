"""Several workers at once, on real connections with real commits: nothing lost, nothing twice (P6)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection, connections

from anwang.intake.actions import deliver
from anwang.triage.actions import screening
from anwang.triage.models import Matter, Screening
from tests.conftest import clone_of, template_database
from tests.triage.conftest import SENDER, body

pytestmark = pytest.mark.slow
NAMES = (
    "陳安",
    "林大同",
    "黃春",
    "張明月",
    "李山",
    "王海",
    "吳飛雪",
    "劉石",
    "蔡川",
    "楊木",
    "許金泉",
    "鄭火",
)


@pytest.fixture
def committed(postgres_server, django_db_setup, django_db_blocker) -> Iterator[str]:
    """A database of its own in which tests commit; its name."""
    name = clone_of(
        postgres_server, template_database(postgres_server), f"anwang_committed_{os.getpid()}"
    )
    kept = connections["default"].settings_dict["NAME"]
    with django_db_blocker.unblock():
        connections.close_all()
        connections["default"].settings_dict["NAME"] = name
        try:
            yield name
        finally:
            connections.close_all()
            connections["default"].settings_dict["NAME"] = kept


def become(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"set role anwang_{role}")


def deliver_events(events: int, tellings: int) -> None:
    become("door")
    for event in range(events):
        for telling in range(tellings):
            deliver(
                body(
                    report_id=f"{event}-{telling}",
                    subjects=[
                        {"role": "victim", "name": NAMES[event], "sex": "M",
                         "birth": f"民國{101 + event}年{event + 1}月{event + 1}日",
                         "address": f"桃園市中壢區{NAMES[event][-1]}路{event * 7 + 1}號3樓"},
                    ],
                    narrative=NAMES[-event - 1] * 9,
                ),
                sender="tests",
                actor=SENDER,
            )  # fmt: skip
    become("worker")


def test_four_workers_screen_each_report_once_and_find_every_event(committed):
    deliver_events(events=12, tellings=3)
    done: list[int] = []
    together = threading.Barrier(4)

    def work() -> None:
        become("worker")
        together.wait()
        done.append(screening.screen_waiting())
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # Two that get in each other's way are tried again after a second; none is given up, none done twice.
    until = time.monotonic() + 30
    while screening.waiting() and time.monotonic() < until:
        time.sleep(0.2)
        done.append(screening.screen_waiting())

    assert sum(done) == 36
    assert Screening.objects.count() == 36
    assert set(Matter.objects.values_list("state", flat=True)) == {"awaiting-decision"}
    for event in range(12):
        told = Matter.objects.filter(report__report_id__startswith=f"{event}-")
        first, *later = told.order_by("report__accepted_at")
        assert first.same_event_as is None
        assert {one.same_event_as for one in later} <= {one.pk for one in told}
        assert None not in {one.same_event_as for one in later}


def test_a_matter_that_another_worker_holds_is_passed_over(committed):
    deliver_events(events=2, tellings=1)
    held = Matter.objects.order_by("pk").values_list("pk", flat=True)[0]
    locked, release = threading.Event(), threading.Event()

    def hold() -> None:
        become("worker")
        from django.db import transaction

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select from triage_matter where report_id = %s for update", [held])
            locked.set()
            release.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(20)
    try:
        assert screening.screen_waiting() == 1
        assert Matter.objects.get(pk=held).state == "received"
    finally:
        release.set()
        holder.join()
    assert screening.screen_waiting() == 1
