"""The real thing to send to: `anwang up` on a benchmark's database, with its server and worker."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from benchmarks.harness import Bench
from config.home import CHECKOUT


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(running: Bench, database: str) -> Iterator[int]:
    """`anwang up` on `database`, given by address as on a server; the port, ready to be asked."""
    port = free_port()
    environment = running.environment("app", database) | running.addresses(database)
    log = running.home / f"up-{database}.log"
    with log.open("w") as out:
        up = started(["up", "--port", str(port)], environment, out)
        try:
            await_answer(port, up, log)
            yield port
        finally:
            ended(up)


def started(
    arguments: list[str], environment: dict[str, str], out: IO[str]
) -> subprocess.Popen[bytes]:
    """One of our commands as a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments], cwd=CHECKOUT, env=environment, stdout=out,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def ended(up: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """End it as a user does, by Ctrl-C; kill it when that takes too long."""
    if up.poll() is not None:
        return
    os.killpg(up.pid, signal.SIGINT)
    try:
        up.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(up.pid, signal.SIGKILL)
        up.wait()


def await_answer(
    port: int,
    up: subprocess.Popen[bytes],
    log: Path,
    *,
    path: str = "/health/",
    seconds: float = 180,
) -> float:
    """Wait until `path` answers; the instant (monotonic). Raises with the log's end if it does not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if up.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10).close()
            return time.monotonic()
        time.sleep(0.1)
    raise RuntimeError(f"`anwang up` does not answer:\n{log.read_text(errors='replace')[-3000:]}")


def credential(running: Bench, database: str, name: str) -> str:
    """A delivering system's credential, made by the operator's command."""
    told = json.loads(running.run("app", database, "sender", "add", name, "--json"))
    return str(told["credential"])


def cpu_seconds(running: Bench) -> dict[str, float]:
    """Processor seconds used so far by the database and by the children of this process, by kind.

    Differences of two calls do not depend on what else the machine does, as waiting times do.
    """
    parents = _processes()
    spent = {"database": 0.0, "web": 0.0, "worker": 0.0}
    postmaster = int((running.server.data / "postmaster.pid").read_text().split("\n", 1)[0])
    for pid in _below(postmaster, parents):
        spent["database"] += _ticks(pid, ended_children=pid == postmaster)
    for pid in _below(os.getpid(), parents):
        command = _command(pid)
        if "gunicorn" in command:
            spent["web"] += _ticks(pid)
        elif command.endswith("manage.py work"):
            spent["worker"] += _ticks(pid)
    return spent


def _processes() -> dict[int, int]:
    found = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with contextlib.suppress(OSError):
                found[int(place.name)] = int(_stat(int(place.name))[1])
    return found


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def _below(root: int, parents: dict[int, int]) -> list[int]:
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def _ticks(pid: int, *, ended_children: bool = False) -> float:
    try:
        fields = _stat(pid)[11:15]
    except OSError:
        return 0.0
    wanted = fields if ended_children else fields[:2]
    return sum(map(int, wanted)) / os.sysconf("SC_CLK_TCK")
