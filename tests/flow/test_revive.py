"""The embedded database comes up again, also where it is killed while it does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
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
    assert postgres.revive(served)
    assert len(killed) == KILLS and 0 not in killed
    address = postgres.of_home(served).address("postgres", "postgres")
    with psycopg.connect(address) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


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
        postgres.revive(served)
    away.rename(control)
    assert postgres.revive(served)
