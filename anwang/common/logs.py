"""Ordinary logs: what happened and where in the code, never to whom (D6).

Our own messages are written with care; those of libraries are not. An exception's text may quote a
row, and an address a number that somebody typed: neither is written. One record is one line.
"""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from types import TracebackType
from typing import Final

OURS: Final = "anwang"
_Raised = tuple[type[BaseException], BaseException, TracebackType | None]


class Meaningless(logging.Formatter):
    """`2026-03-02T01:12:00.000Z LEVEL logger message`, with exceptions as type and places."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        instant = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = f"{instant} {record.levelname} {record.name} {_said(record)}"
        if record.exc_info and record.exc_info[0] is not None:
            line += f" [{places(record.exc_info)}]"  # type: ignore[arg-type]
        # A sign that ends or hides a line is written as its number: nobody forges a second one.
        return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)


def _said(record: logging.LogRecord) -> str:
    """Our messages as they are; of django.request the route; of others the text without values."""
    if record.name.partition(".")[0] == OURS:
        return record.getMessage()
    request = getattr(record, "request", None)
    if request is None:
        return str(record.msg)
    match = getattr(request, "resolver_match", None)
    status = getattr(record, "status_code", "")
    return f"{status} at {match.view_name if match else 'an unknown address'}"


def places(raised: _Raised) -> str:
    """The type of an exception and where it passed, innermost last; never its text."""
    frames = traceback.extract_tb(raised[2])
    where = " ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames)
    return f"{raised[0].__qualname__} {where}"
