"""Slots for checking passwords: a flood of tries cannot take the server's threads or its processor."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Final

from anwang.access.rules.sign_in import sign_in_policy
from anwang.common.errors import AnwangError

_WAIT_SECONDS: Final = 5.0


class Busy(AnwangError):
    """Too many are signing in at this instant. Nothing was tried; try again in a few seconds."""


class Slots:
    """`at_once` checks at a time, `waiting` more in the queue; all others are sent away at once."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._running = threading.BoundedSemaphore(at_once)
        self._inside = threading.BoundedSemaphore(at_once + waiting)

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """One slot for the block. Raises Busy."""
        if not self._inside.acquire(blocking=False):
            raise Busy(str(Busy.__doc__))
        try:
            if not self._running.acquire(timeout=_WAIT_SECONDS):
                raise Busy(str(Busy.__doc__))
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._inside.release()


_policy = sign_in_policy()
# Who comes from a known device never queues behind strangers.
STRANGERS: Final = Slots(_policy.strangers_at_once, _policy.strangers_waiting)
KNOWN: Final = Slots(_policy.known_at_once, _policy.known_waiting)
