"""A whole instance as a user starts it: `anwang up` in a home of its own, on a port of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from config import postgres

ROOT = Path(__file__).resolve().parent.parent
PASSWORD_FILE = "demo-accounts.json"
HOMES: set[Path] = set()  # of the instances that this process started


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Instance:
    """A running instance: its address, its home, and its commands."""

    home: Path
    port: int
    up: subprocess.Popen[str] | None  # None: somebody else's, and already running

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process of `anwang up` itself."""
        assert self.up is not None
        return self.up.pid

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.home)

    def anwang(self, *arguments: str, check: bool = True) -> list[Any]:
        """Run a command with --json and return its lines."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments, "--json"],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{arguments}: status {done.returncode}\n{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    def password(self, username: str) -> str:
        accounts = json.loads((self.home / PASSWORD_FILE).read_text())
        return next(a["password"] for a in accounts if a["username"] == username)

    def superuser(self) -> psycopg.Connection[Any]:
        """The embedded database with all rights: to see what the rows really are."""
        return psycopg.connect(postgres.of_home(self.home).address("postgres"), autocommit=True)

    def await_filled(self, seconds: float = 240) -> None:
        """Wait until the demo year is in."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(FileNotFoundError, ValueError):
                if json.loads((self.home / "filling.json").read_text()).get("done"):
                    return
            time.sleep(0.5)
        raise AssertionError("The demo was not filled in time.")


def environment_of(home: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANWANG_", "DATABASE_URL"))}
    return kept | {
        "ANWANG_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        "ANWANG_DEMO_PERSONS": "3000",
        "ANWANG_DEMO_REPORTS": "60",
    } | more  # fmt: skip


def neutral_page(port: int) -> str:
    """Where the quick exit leads in tests: another origin, for which no network is needed."""
    return f"http://localhost:{port}/health/"


@contextlib.contextmanager
def running(home: Path, **more: str) -> Iterator[Instance]:
    """`anwang up` until the block ends; ended by Ctrl-C, as a user does."""
    HOMES.add(home)
    port = free_port()
    log = (home / "up.log").open("w")
    up = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=ROOT, env=environment_of(home, **{"ANWANG_QUICK_EXIT": neutral_page(port)} | more),
        stdout=log, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        _await(port, up, home)
        yield Instance(home, port, up)
    finally:
        if up.poll() is None:
            os.killpg(up.pid, signal.SIGINT)
            try:
                up.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(up.pid, signal.SIGKILL)
                up.wait()
        log.close()


def remove_data() -> None:
    """Remove what these instances keep outside their homes, as they do for root (config/postgres.py)."""
    for home in HOMES:
        pointer = home / "database-location"
        if pointer.exists():
            shutil.rmtree(Path(pointer.read_text().strip()).parent, ignore_errors=True)


def _await(port: int, up: subprocess.Popen[str], home: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if up.poll() is not None:
            raise AssertionError((home / "up.log").read_text())
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=2).close()
            return
        time.sleep(0.3)
    raise AssertionError((home / "up.log").read_text())
