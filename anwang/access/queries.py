"""Reads of the trust rooms."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
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


def sender_of(secret: str) -> tuple[uuid.UUID, str] | None:
    """Id and name of the sender with this credential, or None."""
    with connection.cursor() as cursor:
        cursor.execute("select id, name from access.sender_of(%s)", [secret])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None


def demo_accounts() -> list[dict[str, Any]]:
    """Accounts to try the demo with: [{username, password, who: {zh, en}}]; none elsewhere.

    The file is written when a demo is filled; a production instance never has it (decision 10).
    """
    try:
        text = (settings.HOME / "demo-accounts.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    found: list[dict[str, Any]] = json.loads(text)
    return found
