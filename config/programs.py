"""Starts our own programs as children, each with its database role, and ends them together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
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
    """Start a child that answers to us alone: Ctrl-C in the terminal reaches the parent first."""
    return subprocess.Popen(
        arguments,
        env=environment(role, **variables),
        start_new_session=True,
        preexec_fn=_end_with_parent,
        cwd=CHECKOUT,
    )


def end(children: Iterable[subprocess.Popen[bytes]], seconds: float = 15) -> None:
    """Ask the children to end, wait, and kill those that do not."""
    running = [child for child in children if child.poll() is None]
    for child in running:
        child.send_signal(signal.SIGTERM)
    for child in running:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
