"""Statements that the database plans once a connection: planning one takes longer than running it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import psycopg

from anwang.common.copying import raw_connection

# A plan made while the register is nearly empty walks whole tables, and would be kept while it is
# filled. The database's own count changes when it has looked at a table, which ends its plans too.
_KEPT_FROM_PERSONS: Final = 1000
_known: dict[str, int] = {}


def note_persons(persons: int) -> None:
    """Tell how many persons the database believes it holds."""
    _known["persons"] = persons


def fetch_prepared(
    statement: str,
    parameters: Sequence[object],
    connection: psycopg.Connection[Any] | None = None,
) -> list[Any]:
    """All rows of one of our own constant statements, in one round trip of the running transaction, or
    of `connection`.

    Parameters travel apart from the text. Lists are given as `array_text`, inside `(select ...)`:
    what the planner cannot count, it plans once for all.
    """
    connection = connection or raw_connection()
    kept = _known.get("persons", 0) >= _KEPT_FROM_PERSONS
    before = connection.prepare_threshold
    connection.prepare_threshold = 1  # Django switches preparing off, for all but us
    try:
        with psycopg.Cursor(connection) as cursor:
            text = statement.encode()
            return cursor.execute(text, parameters, prepare=kept, binary=True).fetchall()
    finally:
        connection.prepare_threshold = before


def array_text(values: Iterable[object]) -> str:
    """Whole numbers or uuids as the text of an array, whose type does not change with their size."""
    return "{" + ",".join(map(str, values)) + "}"
