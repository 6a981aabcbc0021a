"""Starting, ending and starting again, as a user does it (issue 2, what a user can do, 1)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from anwang.web.management.commands import up
from tests.flow import processes
from tests.instance import ROOT, Instance, environment_of, free_port, running

pytestmark = pytest.mark.timeout(600)
SMALL = {"ANWANG_DEMO_PERSONS": "300", "ANWANG_DEMO_REPORTS": "0"}
# A second start takes 10 s at most on an idle machine of 2 cores; the tests share theirs with
# themselves, so that processor time stands in for time on the wall.
AGAIN_CPU_SECONDS = 10
KEPT = """
select r.report_id, count(distinct d.id), count(distinct s.id) from intake_report r
join triage_duty d on d.matter_id = r.id and upper_inf(d.during)
join triage_screening s on s.matter_id = r.id group by 1
"""


def anwang(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment_of(home, **SMALL, **more), capture_output=True, text=True,
        timeout=240,
    )  # fmt: skip


def await_nothing(home: Path, seconds: float = 20) -> dict[int, str]:
    """What still runs for this home after some time; nothing, if all is well."""
    until = time.monotonic() + seconds
    while (left := processes.of_home(home)) and time.monotonic() < until:
        time.sleep(0.2)
    return left


def interrupt(started: Instance) -> None:
    """Ctrl-C: the signal reaches the command alone, as its children have sessions of their own."""
    os.killpg(started.pid, signal.SIGINT)
    assert started.up
    started.up.wait(60)


@pytest.fixture(scope="module")
def home(small_home: Path) -> Path:
    return small_home


def test_up_ends_all_it_started_and_keeps_what_was_entered(home: Path) -> None:
    with running(home, **SMALL) as first:
        begun = processes.family(first.pid)
        begun |= {processes.database_pid(home): "postgres"}
        assert len(begun) >= 5, begun  # up, gunicorn and its two workers, the worker, the database
        first.await_filled()
        file = home / "kept.jsonl"
        file.write_text(json.dumps({"report_id": "KEPT-1", "narrative": "這一件要留著"}))
        [said] = first.anwang("reports", str(file))
        assert said["received"] == 1
        interrupt(first)
    assert await_nothing(home) == {}
    assert {pid for pid in begun if psutil.pid_exists(pid) and _lives(pid)} == set()

    with running(home, **SMALL) as second:
        serving = {
            pid: line
            for pid, line in processes.family(second.pid).items()
            if "manage.py up" in line or "gunicorn" in line
        }
        spent = sum(_cpu(pid) for pid in serving)
        assert spent < AGAIN_CPU_SECONDS, f"the second start took {spent:.1f} s of the processor"
        filled = json.loads((home / "filling.json").read_text())
        assert filled["percent"] == 100 or not filled["done"]
        [account] = [a for a in json.loads((home / "demo-accounts.json").read_text())
                     if a["username"] == "teacher"]  # fmt: skip
        assert account["password"]
        second.await_filled()
        with second.superuser() as connection:
            kept = connection.execute(KEPT).fetchall()
        assert ("KEPT-1", 1, 1) in kept, "what was acknowledged before Ctrl-C is there, and sound"
        assert {row[1:] for row in kept} == {(1, 1)}, "and so is what came before it"
    assert await_nothing(home) == {}


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _cpu(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


def test_an_interruption_that_python_dropped_ends_it_all_the_same() -> None:
    """What a signal raises while Python forks is printed and forgotten: the loop has to know of it."""
    command = up.Command()
    with pytest.raises(up.Interrupted):
        command.interrupt()
    with pytest.raises(up.Interrupted):
        command._watch([])


def test_a_port_in_use_gives_one_clear_line(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = anwang(home, "up", "--port", str(port))
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()
    assert len(said) == 1, done.stderr
    assert str(port) in said[0] and "PORT=" in said[0]
    assert await_nothing(home) == {}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an instance without a demo; making one takes ten seconds."""
    place = tmp_path_factory.mktemp("empty")
    early = anwang(place, "sources", "--json")
    assert early.returncode == 1
    assert "anwang init" in early.stderr
    assert "Traceback" not in early.stderr
    assert anwang(place, "init", "--empty", "--json").returncode == 0
    return place


def test_a_command_alone_starts_the_database_and_leaves_no_process(empty: Path) -> None:
    done = anwang(empty, "sources", "--json")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()]
    assert await_nothing(empty) == {}


def test_two_instances_stand_side_by_side(home: Path, empty: Path) -> None:
    """A demo and an empty instance on another port and home: neither sees the other."""
    with running(home, **SMALL) as first, running(empty, **SMALL) as second:
        assert first.port != second.port
        assert processes.database_pid(home) != processes.database_pid(empty)
        report = {"report_id": "SIDE-1", "sender": "hotline-113", "narrative": "只在第二邊"}
        file = empty / "one.jsonl"
        file.write_text(json.dumps(report))
        [said] = second.anwang("reports", str(file))
        assert (said["received"], said["refused"]) == (1, 0)
        assert [row["report_id"] for row in second.anwang("desk", "--all")] == ["SIDE-1"]
        with first.superuser() as connection:
            [(there,)] = connection.execute(
                "select count(*) from intake_report where report_id = 'SIDE-1'"
            ).fetchall()
        assert there == 0
        assert not (empty / "demo-accounts.json").exists(), "an empty instance has no demo accounts"
    assert await_nothing(home) == {} and await_nothing(empty) == {}


def test_a_server_is_never_filled_unless_asked(tmp_path: Path, postgres_server) -> None:
    """DATABASE_URL names a server: what is not ready says so, and only --demo fills it."""
    import psycopg

    from config.postgres import ensure_roles

    name = "anwang_given_server"
    admin = postgres_server.address("postgres", "postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
    ensure_roles(admin, name)
    place = quote(str(postgres_server.sockets), safe="")
    urls = {
        f"DATABASE_URL{end}": f"postgresql://anwang_{role}@{place}:5432/{name}"
        for end, role in {
            "": "app", "_MIGRATE": "migrator", "_DOOR": "door", "_WORKER": "worker",
            "_AUDITOR": "auditor",
        }.items()
    }  # fmt: skip
    try:
        done = anwang(tmp_path, "up", "--port", str(free_port()), **urls)
        assert done.returncode == 1
        assert "anwang init" in done.stderr and "Traceback" not in done.stderr, done.stderr
        done = anwang(tmp_path, "init", **urls)
        assert done.returncode == 1 and "--demo" in done.stderr, done.stderr
        done = anwang(tmp_path, "init", "--empty", **urls)
        assert done.returncode == 0, done.stderr
        with running(tmp_path, **SMALL, **urls) as started:
            urllib.request.urlopen(f"{started.url}/sign-in/", timeout=20).close()
            assert not (tmp_path / "database").exists(), "no embedded database beside a server"
            with psycopg.connect(postgres_server.address("postgres", name)) as connection:
                [(people,)] = connection.execute("select count(*) from registries_record")
                [(kind,)] = connection.execute("select kind from clock.instance")
            assert (people, kind) == (0, "test")
        assert await_nothing(tmp_path) == {}
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"drop database if exists {name} with (force)")
