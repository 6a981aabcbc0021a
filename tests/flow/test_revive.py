"""The embedded database comes up again, also where it is killed while it does."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from config import postgres
from tests.flow import processes

pytestmark = pytest.mark.timeout(240)
KILLS = 3


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    with postgres.embedded(tmp_path):
        yield tmp_path


def kill(home: Path) -> int:
    """Kill the database's main process and wait for its end; its number, 0 where none was up."""
    pid = processes.database_pid(home)
    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        if pid:
            dying = psutil.Process(pid)
            os.kill(pid, 9)
            dying.wait(30)
            return pid
    return 0


def test_a_database_killed_again_before_it_answers_is_brought_up_all_the_same(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, killed = postgres._start, []

    def start_and_die(*arguments: Any) -> None:
        start(*arguments)
        if len(killed) < KILLS:
            killed.append(kill(served))

    monkeypatch.setattr(postgres, "PATIENCE_SECONDS", 150.0)
    assert kill(served)
    monkeypatch.setattr(postgres, "_start", start_and_die)
    assert postgres.Watch(served).look()
    assert len(killed) == KILLS and 0 not in killed
    assert answers(served)


def test_one_that_does_not_start_says_why_and_starts_once_that_is_mended(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "PATIENCE_SECONDS", 1.0)
    server = postgres.of_home(served)
    control = server.data / "global" / "pg_control"
    away = control.with_name("pg_control.away")
    assert kill(served)
    control.rename(away)
    with pytest.raises(postgres.ServerFailed, match="pg_control"):
        postgres.Watch(served).look()
    away.rename(control)
    assert postgres.Watch(served).look()


def test_a_database_that_stays_in_recovery_for_ever_is_started_anew(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres.Watch, "ASK_SECONDS", 0.2)
    monkeypatch.setattr(postgres.Watch, "STUCK_SECONDS", 3.0)
    stuck = leave_in_recovery(served)
    watch, until = postgres.Watch(served), time.monotonic() + 60
    asking = threading.Event()
    asking.set()
    with ThreadPoolExecutor(4) as pool:  # whoever waits for it goes on asking
        for _ in range(4):
            pool.submit(ask, served, asking)
        try:
            while not watch.look():
                assert time.monotonic() < until, "it was left as it is"
                time.sleep(0.1)
        finally:
            asking.clear()
    assert processes.database_pid(served) != stuck
    assert answers(served)
    time.sleep(1)
    assert not watch.look()  # and what answers is left alone


def leave_in_recovery(home: Path) -> int:
    """Kill a process of the server, and the one that then reads the log back; the number of the main
    program, which lives on and answers nobody.
    """
    until = time.monotonic() + 120
    while time.monotonic() < until:
        postgres.Watch(home).look()
        main = psutil.Process(processes.database_pid(home))
        kill_child(main, "checkpointer")
        killed = quiet = time.monotonic()
        while quiet - killed < 2 and main.is_running() and not (hit := answers(home)):
            quiet = time.monotonic()
            killed = quiet if kill_child(main, "startup") else killed
        if main.is_running() and not hit:
            return main.pid
    raise AssertionError("the server was never left in recovery: this test shows nothing any more")


def kill_child(main: psutil.Process, name: str) -> bool:
    """Kill a child of the server by its name; whether there was one."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in main.children():
            if " ".join(one.cmdline()).startswith(f"postgres: {name}"):
                one.kill()
                return True
    return False


def ask(home: Path, asking: threading.Event) -> None:
    while asking.is_set():
        answers(home)


def answers(home: Path) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(
            postgres.of_home(home).address("postgres", "postgres"), connect_timeout=5
        ).close()
        return True
    return False
