"""A real `anwang load`, killed and then cut off from its database, goes on behind what it kept."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from anwang.access.context import LOADING
from anwang.registries.actions.deliveries import load_file
from anwang.registries.models import Delivery
from anwang.registries.queries import feeds
from config.home import CHECKOUT
from tests.registries.conftest import REGISTRY, person, write_csv

ROWS, PORTION = 600, 20
# Everything that a load leaves, without the ids that differ from one to the next.
LEFT = """
select 'record', right(id::text, 12), record_key, values::text, withdrawn::text from registries_record
union all
select 'fact', right(record_id::text, 12), kind, value::text, concat(key, valid_from, valid_to)
from registries_fact
union all
select 'aside', line::text, rule, "column", sheet from registries_quarantinedrow
union all
select 'delivery', state, accepted::text, quarantined::text, concat(reasons, profile, checkpoint)
from registries_delivery
order by 1, 2, 3, 4
"""
TAKEN = "select id::text, xmin::text from registries_record"


@pytest.fixture
def admin(own_database: str, postgres_server: Any) -> Iterator[psycopg.Connection[Any]]:
    address = postgres_server.address("postgres", own_database)
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Six hundred rows, some with a fault, one key twice."""
    rows = [person(f"R-{no}", phone=f"09{no:08d}") for no in range(ROWS - 1)]
    for no in (7, 311, 590):
        rows[no]["sex"] = "no such code"
    return write_csv(tmp_path / "people.csv", [*rows, person("R-3")], mode="full")


@pytest.fixture
def begin(own_database: str, postgres_server: Any, path: Path) -> Callable[[], Any]:
    """Start `anwang load` of the file in portions of twenty rows."""
    environment = os.environ | {
        "ANWANG_SOCKETS": str(postgres_server.sockets),
        "ANWANG_DATABASE": own_database,
        "ANWANG_DATABASE_ROLE": "worker",
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [
        sys.executable, "manage.py", "load", REGISTRY, str(path), "--portion", str(PORTION), "--json",
    ]  # fmt: skip
    return lambda: subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@contextlib.contextmanager
def stopped(admin: psycopg.Connection[Any], load: Any, behind: int) -> Iterator[tuple[int, int]]:
    """Rows that `load` has kept, more than `behind`, and its backend, while it waits with the next
    portion: what it notes of itself is held by us.
    """
    until = time.monotonic() + 120
    while load.poll() is None and time.monotonic() < until:
        with admin.transaction():
            # Let it go on for a moment between two looks, which each hold it.
            row = admin.execute(
                "select (checkpoint ->> 'rows')::int from registries_delivery"
                " where state = 'loading' and (checkpoint ->> 'rows')::int > %s for update", [behind],
            ).fetchone()  # fmt: skip
            if row is not None:
                yield row[0], waiting_backend(admin, until)
                return
        time.sleep(0.002)
    load.kill()
    raise AssertionError(load.communicate())


def waiting_backend(admin: psycopg.Connection[Any], until: float) -> int:
    """The backend that waits for us."""
    while time.monotonic() < until:
        found = admin.execute(
            "select pid from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))"
        ).fetchone()
        if found:
            return int(found[0])
        time.sleep(0.002)
    raise AssertionError("Nobody waits.")


@pytest.mark.timeout(300)
def test_what_was_killed_and_cut_off_ends_as_if_nothing_had_been(admin, begin, path) -> None:
    killed = begin()
    with stopped(admin, killed, 0) as (kept, _):
        taken = dict(admin.execute(TAKEN).fetchall())
        assert feed().state == "never" and feed().loads
        killed.kill()
        killed.communicate()
    assert killed.returncode == -9 and 0 < kept < ROWS and kept % PORTION == 0
    until_gone(admin)
    assert feed().state == "failed" and not feed().loads

    cut = begin()
    with stopped(admin, cut, kept) as (kept_then, backend):
        admin.execute("select pg_terminate_backend(%s)", [backend])
        said = cut.communicate(timeout=60)[1]
    assert cut.returncode and f"the first {kept} rows are taken" in said
    assert kept < kept_then < ROWS
    taken_then = dict(admin.execute(TAKEN).fetchall())

    last = begin()
    out, said = last.communicate(timeout=120)
    assert last.returncode == 0, said
    assert f"前 {kept_then} 列已收" in said and '"accepted": 596, "quarantined": 4' in out
    now = dict(admin.execute(TAKEN).fetchall())
    assert taken.items() <= taken_then.items() <= now.items()
    assert len(taken) < len(taken_then) < len(now) == 596
    assert feed().state == "ok"

    broken = admin.execute(LEFT).fetchall()
    admin.execute("truncate registries_delivery, registries_record, registries_fact cascade")
    assert load_file(REGISTRY, path, actor=LOADING).accepted == 596
    assert admin.execute(LEFT).fetchall() == broken


def feed() -> Any:
    (found,) = [one for one in feeds() if one.source.pk == REGISTRY]
    return found


def until_gone(admin: psycopg.Connection[Any]) -> None:
    """Wait until the server has noticed that the killed program is no more."""
    until = time.monotonic() + 60
    held = "select 1 from pg_locks where locktype = 'advisory' and classid = 815020"
    while admin.execute(held).fetchone() and time.monotonic() < until:
        time.sleep(0.01)
    assert Delivery.objects.get().state == "loading"
