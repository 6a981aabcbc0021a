"""Whose credential is this?"""

from __future__ import annotations

import uuid

from django.db import connection


def sender_of(secret: str) -> tuple[uuid.UUID, str] | None:
    """Id and name of the sender with this credential, or None."""
    with connection.cursor() as cursor:
        cursor.execute("select id, name from access.sender_of(%s)", [secret])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None
