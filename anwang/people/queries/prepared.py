"""Statements that the database plans once a connection: planning one takes longer than running it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from anwang.common.copying import raw_connection


def fetch_prepared(statement: str, parameters: Sequence[object]) -> list[Any]:
    """All rows of one of our own constant statements, in one round trip of the running transaction.

    Parameters travel apart from the text. Lists are given as `array_text`, inside `(select ...)`:
    what the planner cannot count, it plans once for all.
    """
    connection = raw_connection()
    before = connection.prepare_threshold
    connection.prepare_threshold = 1  # Django switches preparing off, for all but us
    try:
        with psycopg.Cursor(connection) as cursor:
            text = statement.encode()
            return cursor.execute(text, parameters, prepare=True, binary=True).fetchall()
    finally:
        connection.prepare_threshold = before


def array_text(values: Iterable[object]) -> str:
    """Whole numbers or uuids as the text of an array, whose type does not change with their size."""
    return "{" + ",".join(map(str, values)) + "}"
