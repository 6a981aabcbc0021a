"""Where the tests' databases lie: in memory where there is room for them, else on the disk.

A database is over a thousand files. On a disk that is told of each one that goes, making and removing
the clone for one test took ten times as long as the test.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
LEAST_BYTES = 4 << 30  # two servers with their logs, and those of the instances
_NUMBERS = itertools.count(1)


def place() -> Path:
    """The folder for what is thrown away after the run."""
    with contextlib.suppress(OSError):
        room = os.statvfs(MEMORY)
        if os.access(MEMORY, os.W_OK) and room.f_bavail * room.f_frsize >= LEAST_BYTES:
            return MEMORY
    return Path(tempfile.gettempdir())


def fresh_home() -> Path:
    """An empty home for an instance of this process; `remove_homes` takes it away."""
    home = place() / f"{_prefix()}{os.getpid()}-{next(_NUMBERS)}"
    home.mkdir(mode=0o711)  # the database's own user walks through it
    return home


def remove_homes() -> None:
    """Remove the homes of this process, and what processes left that were killed."""
    for home in place().glob(f"{_prefix()}*"):
        pid = int(home.name.removeprefix(_prefix()).partition("-")[0])
        if pid == os.getpid() or not Path(f"/proc/{pid}").exists():
            shutil.rmtree(home, ignore_errors=True)


def _prefix() -> str:
    return f"anwang-home-{os.geteuid()}-"
