"""What somebody leads, in numbers, for who must have it handed over before he leaves (S11, S12)."""

from __future__ import annotations

import uuid

from django.db import connection

from anwang.access.permissions import Permit


def open_duties(account_id: uuid.UUID, permit: Permit) -> dict[str, int]:
    """Team -> how many open cases the account leads there; sealed ones are not there (R8)."""
    assert permit.purpose == "people-and-rights"
    with connection.cursor() as cursor:
        cursor.execute("select team_id, cases from cases.open_duties(%s)", [account_id])
        return dict(cursor.fetchall())
