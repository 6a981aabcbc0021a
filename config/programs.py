"""Starts our own programs as children, each with its database role, and ends them together."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import Any

from config.home import CHECKOUT

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _end_with_parent() -> None:
    """Ask the kernel to terminate this child when its parent dies, even by kill -9."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def environment(role: str, **more: str) -> dict[str, str]:
    """The environment of a child that acts as database role `role`."""
    return os.environ | {"ANWANG_DATABASE_ROLE": role} | more


def command(*arguments: str) -> list[str]:
    """The command line of one of our own commands."""
    return [sys.executable, str(CHECKOUT / "manage.py"), *arguments]


def run(role: str, *arguments: str, **more: Any) -> int:
    """Run one of our own commands to its end and return its status."""
    return subprocess.run(
        command(*arguments), env=environment(role), check=False, **more
    ).returncode


def start(role: str, arguments: list[str], **variables: str) -> subprocess.Popen[bytes]:
    """Start a child that answers to us alone: Ctrl-C in the terminal reaches the parent first.

    Without a role it is no program of ours: it gets no address of a database and no place of keys.
    """
    ours = environment(role, **variables) if role else {"PATH": os.environ.get("PATH", "")}
    return subprocess.Popen(
        arguments,
        env=ours,
        start_new_session=True,
        preexec_fn=_end_with_parent,
        cwd=CHECKOUT,
    )


class Kept:
    """A child that is started again whenever it dies; one that keeps failing waits longer each time.

    `to_its_end`: a child that ends by itself with status 0 is done and stays ended.
    """

    LONGEST_PAUSE = 15.0
    QUICK = 10.0  # seconds; who lived shorter and failed counts as failing again

    def __init__(
        self, role: str, arguments: list[str], *, to_its_end: bool = False, **variables: str
    ) -> None:
        self.role, self.arguments, self.variables = role, arguments, variables
        self.to_its_end, self.done = to_its_end, False
        self.failures, self.not_before = 0, 0.0
        self._start()

    def _start(self) -> None:
        self.begun = time.monotonic()
        self.process = start(self.role, self.arguments, **self.variables)

    def look(self) -> None:
        """Start it again when it has died and its pause is over. Call often; returns at once."""
        status = self.process.poll()
        if status is None or self.done:
            return
        now = time.monotonic()
        if not self.not_before:
            if self.to_its_end and status == 0:
                self.done = True
                return
            # What it left running holds its port: a killed server's own workers.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            failed = status > 0 and now - self.begun < self.QUICK
            self.failures = self.failures + 1 if failed else 0
            self.not_before = now + min(2.0**self.failures - 1, self.LONGEST_PAUSE)
        if now >= self.not_before:
            self.not_before = 0.0
            self._start()


def end(children: Iterable[subprocess.Popen[bytes]], seconds: float = 15) -> None:
    """Ask the children to end, wait `seconds` for them all, and kill those that do not."""
    running = [child for child in children if child.poll() is None]
    for child in running:
        child.send_signal(signal.SIGTERM)
    until = time.monotonic() + seconds
    for child in running:
        try:
            child.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
