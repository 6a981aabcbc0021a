"""Pure work on batches in other processes, results in order: loads use every core of the machine.

The processes are forked with the work in them, so nothing but the batches travels. They hold no
connection, end with the block, and die with the command even if it is killed.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from anwang.common.memory import settle_memory

Given = TypeVar("Given")
Made = TypeVar("Made")

_PR_SET_PDEATHSIG = 1
_work: Callable[[Any], Any] | None = None


class Workers(Generic[Given, Made]):
    """Does `work` on each batch: in `count` processes, or right here when `count` is 0.

    `work` must be pure but for its own caches, and its results must not depend on the order.
    """

    def __init__(self, work: Callable[[Given], Made], count: int) -> None:
        self._work = work
        self._count = count if "fork" in multiprocessing.get_all_start_methods() else 0
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self._count:
            self._pool = ProcessPoolExecutor(
                max_workers=self._count,
                mp_context=multiprocessing.get_context("fork"),
                initializer=_begin,
                initargs=(self._work, os.getpid()),
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def each(self, batches: Iterable[Given]) -> Iterator[Made]:
        """The results in the order of `batches`; two batches a process are on their way."""
        if self._pool is None:
            yield from map(self._work, batches)
            return
        waiting: deque[Future[Made]] = deque()
        for batch in batches:
            waiting.append(self._pool.submit(_do, batch))
            if len(waiting) > self._count + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def workers_for(rows: int, *, worth: int = 12_000) -> int:
    """How many processes pay for so many rows: none for a small file or a single core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return min(cores, 4) if rows >= worth and cores > 1 else 0


def _begin(work: Callable[[Any], Any], parent: int) -> None:
    global _work
    _work = work
    settle_memory()
    dies_with(parent)


def dies_with(parent: int) -> None:
    """This process, just forked by `parent`, ends with it, and leaves the terminal's Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command ends its helpers itself
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _do(batch: Any) -> Any:
    assert _work is not None
    return _work(batch)
