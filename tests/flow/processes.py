"""What runs: the processes that an instance started, told by parent and by its home."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil


def family(pid: int) -> dict[int, str]:
    """The process and all below it: pid -> command line."""
    with contextlib.suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        return {one.pid: _line(one) for one in [top, *top.children(recursive=True)]}
    return {}


def of_home(home: Path) -> dict[int, str]:
    """Every live process that was started with this home, its database's included."""
    found = {}
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.status() == psutil.STATUS_ZOMBIE:
                continue
            line = _line(one)
            named = one.environ().get("ANWANG_HOME") == str(home)
            if named or one.pid == database_pid(home) or f"{home}/" in line:
                found[one.pid] = line
    return found


def database_pid(home: Path) -> int:
    """The main process of the embedded database; 0 when none runs."""
    pointer = home / "database-location"
    data = Path(pointer.read_text().strip()) if pointer.exists() else home / "database"
    try:
        return int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def _line(one: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(one.cmdline())
    return ""
