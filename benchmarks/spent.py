"""What a piece of work costs: seconds on the clock, and of processors by whose they are; memory.

On a machine that others use too, the clock tells little; seconds of processor tell what the work takes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

GIBIBYTE: Final = 1 << 30
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_LOOKED_EVERY: Final = 1.0  # seconds
_RESTS: Final = 50  # times as long as it looked: it must not cost what it measures


@dataclass(slots=True)
class Spent:
    """Seconds: on the clock, of processors by our own programs, and by the database."""

    wall: float = 0.0
    ours: float = 0.0
    database: float = 0.0

    @property
    def processor(self) -> float:
        """Seconds of processor in all."""
        return self.ours + self.database


class Meter:
    """Measures blocks by name. `server`: process id of the database's main program."""

    def __init__(self, server: int) -> None:
        self._server = server
        self.spent: dict[str, Spent] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Add what the block costs to `spent[name]`. Helpers must have ended with the block."""
        into = self.spent.setdefault(name, Spent())
        wall, ours, database = time.perf_counter(), _own_seconds(), tree_seconds(self._server)
        yield
        into.wall += time.perf_counter() - wall
        into.ours += _own_seconds() - ours
        into.database += tree_seconds(self._server) - database


class Peak:
    """The most memory that this program, its helpers and the database held during the block, in
    bytes: anonymous and shared, by PSS; the page cache is not counted.
    """

    def __init__(self, server: int) -> None:
        self._roots = (os.getpid(), server)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        rest = _LOOKED_EVERY
        while not self._ended.wait(rest):
            began = time.perf_counter()
            pids = {pid for root in self._roots for pid in tree(root)}
            self.bytes = max(self.bytes, sum(map(pss, pids)))
            rest = max(_LOOKED_EVERY, _RESTS * (time.perf_counter() - began))


def server_of(backend: int) -> int:
    """The database's main program, by one of its backends."""
    return status(backend, "PPid")


def tree(root: int) -> list[int]:
    """A program and all below it."""
    parents = {
        int(one.name): status(int(one.name), "PPid")
        for one in Path("/proc").iterdir()
        if one.name.isdigit()
    }
    found, fresh = [root], [root]
    while fresh:
        fresh = [pid for pid, parent in parents.items() if parent in fresh]
        found += fresh
    return found


def tree_seconds(root: int) -> float:
    """Seconds of processor of a program, of what lives below it, and of what ended below it."""
    return sum(_seconds(pid) for pid in tree(root))


def _seconds(pid: int) -> float:
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    # utime, stime, and the same of children that were waited for
    return sum(map(int, told[11:15])) / _TICKS


def _own_seconds() -> float:
    return sum(os.times()[:4])


def status(pid: int, name: str) -> int:
    """A number of /proc/PID/status; -1 where the program has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return -1
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def pss(pid: int) -> int:
    """Bytes of anonymous and shared memory that are a program's part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    counted = ("Pss_Anon:", "Pss_Shmem:")
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(counted))
