"""Sends reports by HTTP, and watches for the instant at which each one's proposal can be read."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg

SENDERS = 24
LOOK_SECONDS = 0.04
SETTLED_SECONDS = 90.0
Body = Mapping[str, Any]
_SHOWN = """
select r.receipt from intake_report r join triage_matter m on m.report_id = r.id
where r.receipt = any(%s) and m.state <> 'received'
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A report that was answered; instants of the monotonic clock, in seconds."""

    receipt: str
    due: float
    answered: float


class Watch:
    """Looks every few hundredths of a second which of the receipts stand on the desk by now."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._waiting: set[str] = set()
        self._shown: dict[str, float] = {}
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def expect(self, receipt: str) -> None:
        """From now on watch for this one too."""
        with self._lock:
            self._waiting.add(receipt)

    def settle(self, seconds: float = SETTLED_SECONDS) -> dict[str, float]:
        """Wait until all expected are shown (or the time is over): receipt -> instant."""
        until = time.monotonic() + seconds
        while self._waiting and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        self._ends.set()
        self._thread.join()
        return dict(self._shown)

    def _look(self) -> None:
        while not self._ends.is_set():
            with self._lock:
                asked = list(self._waiting)
            if asked:
                found = self._connection.execute(_SHOWN, [asked]).fetchall()
                now = time.monotonic()
                with self._lock:
                    for (receipt,) in found:
                        self._shown[receipt] = now
                        self._waiting.discard(receipt)
            time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def watching(address: str) -> Iterator[Watch]:
    """A watch with a connection of its own."""
    with psycopg.connect(address, autocommit=True) as connection:
        watch = Watch(connection)
        try:
            yield watch
        finally:
            watch.settle(0)


class _Door:
    """A sender's kept-open connection, one a thread."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._own = threading.local()

    def send(self, body: bytes) -> str:
        """The receipt. Raises where the server takes nothing; a closed connection is opened anew."""
        for again in (False, True):
            if not hasattr(self._own, "connection"):
                self._own.connection = http.client.HTTPConnection(
                    "127.0.0.1", self._port, timeout=60
                )
            try:
                self._own.connection.request("POST", "/api/v1/reports", body, self._headers)
                answer = self._own.connection.getresponse()
                content = answer.read()
                break
            except (http.client.HTTPException, ConnectionError):
                self._own.connection.close()
                del self._own.connection
                if again:
                    raise
        if answer.status != 201:
            raise RuntimeError(f"Status {answer.status}: {content[:300]!r}")
        return str(json.loads(content)["receipt"])


def at_instants(
    port: int, key: str, bodies: Sequence[Body], instants: Sequence[float], watch: Watch
) -> list[Sent]:
    """Send each body at its instant (seconds from now), whatever became of the ones before."""
    door = _Door(port, key)
    packed = [json.dumps(body, ensure_ascii=False).encode() for body in bodies]
    began = time.monotonic() + 0.2

    def one(place: int) -> Sent:
        due = began + instants[place]
        receipt = door.send(packed[place])
        answered = time.monotonic()
        watch.expect(receipt)
        return Sent(receipt, due, answered)

    with ThreadPoolExecutor(SENDERS) as threads:
        running = []
        for place, instant in enumerate(instants):
            time.sleep(max(0.0, began + instant - time.monotonic()))
            running.append(threads.submit(one, place))
        return [each.result() for each in running]


def as_fast_as_taken(
    port: int, key: str, bodies: Sequence[Body], *, clients: int, watch: Watch | None = None
) -> list[Sent]:
    """Send all bodies over some connections, each as soon as the one before was answered."""
    door = _Door(port, key)

    def one(body: bytes) -> Sent:
        due = time.monotonic()
        receipt = door.send(body)
        answered = time.monotonic()
        if watch:
            watch.expect(receipt)
        return Sent(receipt, due, answered)

    packed = [json.dumps(body, ensure_ascii=False).encode() for body in bodies]
    with ThreadPoolExecutor(clients) as threads:
        return list(threads.map(one, packed))
