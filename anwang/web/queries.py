"""Who looked at me: when, which office, in which role, for what; never a worker's name (D4)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import connection

from anwang.access.permissions import Permit
from anwang.directory.models import Team

MOST_LOOKS: Final = 200  # as cases.who_looked() ends


@dataclass(frozen=True, slots=True)
class Look:
    """One look; `office` and the code's words are {zh, en}."""

    at: dt.datetime
    office: dict[str, str]
    role: str
    purpose: str


def looks_at(permit: Permit, about: bytes | None = None) -> list[Look]:
    """Looks of the last two years, newest first, at most MOST_LOOKS. Empty for everybody who may not ask.

    What is left out is decided by the database (cases.who_looked), by policies/looked_at_me.yaml.
    """
    with connection.cursor() as cursor:
        cursor.execute("select * from cases.who_looked(%s)", [about])
        rows = cursor.fetchall()
    teams = Team.objects.in_bulk({team for _, team, _, _ in rows})
    return [Look(at, _name(teams.get(team)), role, purpose) for at, team, role, purpose in rows]


def _name(team: Team | None) -> dict[str, str]:
    if team is None:
        return {"zh": "其他機關", "en": "Another office"}
    return {"zh": team.name_zh, "en": team.name_en}
