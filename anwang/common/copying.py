"""Rows into PostgreSQL by COPY, as text lines.

The lines are made by the caller and sent whole, so that another thread can wait for the database
while the next lines are made. COPY goes into temporary tables only (decision 5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast

import orjson
import psycopg
from django.db import connections
from psycopg import sql

NULL = "\\N"
_WRITTEN = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_ESCAPES = str.maketrans(_WRITTEN)
_MEANT = {written: meant for meant, written in _WRITTEN.items()}
_ESCAPED = re.compile(r"\\[\\tnr]")


def text_cell(text: str) -> str:
    """`text` as a cell of a COPY line."""
    return text if text.isalnum() else text.translate(_ESCAPES)


def cell_text(cell: str) -> str:
    """The text that `text_cell` made a cell of."""
    return _ESCAPED.sub(lambda found: _MEANT[found.group()], cell) if "\\" in cell else cell


def json_cell(value: Any) -> str:
    """`value` as a JSON cell of a COPY line. JSON escapes breaks and tabs itself."""
    return orjson.dumps(value).decode().replace("\\", "\\\\")


def bytes_cell(value: bytes | None) -> str:
    """Bytes as a cell of a COPY line."""
    return NULL if value is None else "\\\\x" + value.hex()


def raw_connection(using: str = "default") -> psycopg.Connection[Any]:
    """The driver's connection under Django's: the same transaction, usable from another thread."""
    connections[using].ensure_connection()
    return cast("psycopg.Connection[Any]", connections[using].connection)


@contextmanager
def second_connection(using: str = "default") -> Iterator[psycopg.Connection[Any] | None]:
    """Another connection for a block, which sees what is committed; None inside a transaction, of which it
    would see nothing.
    """
    if connections[using].in_atomic_block:
        yield None
        return
    own = connections.create_connection(using)
    try:
        own.ensure_connection()
        yield cast("psycopg.Connection[Any]", own.connection)
    finally:
        own.close()


def text_of(lines: Iterable[str]) -> bytes:
    """Lines (cells joined by tabs, no line end) as the text that COPY reads."""
    text = "\n".join(lines)
    return text.encode() + b"\n" if text else b""


def copy_text(cursor: psycopg.Cursor[Any], table: str, columns: Sequence[str], text: bytes) -> None:
    """COPY what `text_of` gave into a temporary table."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), names)
    if text:
        with cursor.copy(statement) as copy:
            copy.write(text)


class Behind:
    """One thread that writes what it is given, in order, while the caller makes the next.

    At most one write waits, so memory is bounded by two batches. An error of a write is raised by
    the next call. The caller leaves the connection alone between `write` and `settle`.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=1)
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.settle()
        finally:
            self._threads.shutdown(wait=True)

    def write(self, action: Callable[[], None]) -> None:
        """Run `action` behind the caller's back, after the one before it has ended."""
        self.settle()
        self._running = self._threads.submit(action)

    def settle(self) -> None:
        """Wait until everything given is written. Raises what the write raised."""
        running, self._running = self._running, None
        if running is not None:
            running.result()
