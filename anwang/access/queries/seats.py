"""What an account may work as now."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Seat:
    """One current membership: the team, its county (None: national) and the role held in it."""

    team_id: str
    county: str | None
    role: str


def seats_of(account_id: uuid.UUID) -> tuple[Seat, ...]:
    """The current memberships of an account, sorted by team and role."""
    with connection.cursor() as cursor:
        cursor.execute("select team_id, county, role from access.seats_of(%s)", [account_id])
        return tuple(Seat(*row) for row in cursor.fetchall())
