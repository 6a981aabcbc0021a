"""A worker process of its own: it hears the bell, and a kill at any instant loses and doubles nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.utils.module_loading import import_string
from procrastinate.contrib.django import app

from anwang.intake.actions import deliver
from anwang.triage.models import Matter, Screening
from tests.triage.conftest import SENDER, body
from tests.triage.test_screening_together import become, committed  # noqa: F401

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def worker(database: str, sockets: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "ANWANG_SOCKETS": str(sockets),
        "ANWANG_DATABASE": database,
        "ANWANG_DATABASE_ROLE": "worker",
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }
    running = subprocess.Popen(
        [sys.executable, "manage.py", "work", *arguments], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.wait(20)


def delivered(reports: int) -> None:
    become("door")
    for number in range(reports):
        deliver(body(narrative=f"{number}" * 9), sender="tests", actor=SENDER)
    become("worker")


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False


def waiting() -> int:
    return Matter.objects.filter(state="received").count()


def test_a_killed_worker_loses_nothing_and_doubles_nothing(committed, postgres_server):  # noqa: F811
    """P6"""
    with worker(committed, postgres_server.sockets) as first:
        become("worker")
        delivered(1)
        assert within(20, lambda: waiting() == 0)
        delivered(1)
        assert within(2, lambda: waiting() == 0)  # by the bell, not by the sweeper
        delivered(80)
        within(10, lambda: waiting() < 70)
        first.kill()
        first.wait(20)
    # As if the killed worker's lease had run out.
    Matter.objects.filter(state="received").update(changed_at="2026-01-01T00:00Z")
    with worker(committed, postgres_server.sockets, "--until-idle") as second:
        assert second.wait(60) == 0
    assert waiting() == 0
    assert Screening.objects.count() == 82
    assert Screening.objects.values("matter").distinct().count() == 82
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from access_auditentry where act = 'report-screened'")
        assert cursor.fetchone() == (82,)


def test_every_task_has_a_queue_that_the_worker_serves():
    """The worker serves all queues; a task without one would be nobody's."""
    ours = {
        name: task for name, task in app.tasks.items() if task.func.__module__.startswith("anwang")
    }
    assert "triage.screen_waiting" in ours
    assert all(task.queue != "default" for task in ours.values())
    assert all(import_string(f"{t.func.__module__}.{t.func.__name__}") for t in ours.values())


def test_periodic_tasks_come_at_the_times_meant():
    """Seconds stand last in six fields; elsewhere they would ring all through a minute."""
    for periodic in app.periodic_registry.periodic_tasks.values():
        parts = periodic.cron.split()
        assert len(parts) == 5 or parts[-1] != "*", json.dumps(periodic.cron)
