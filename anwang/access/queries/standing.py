"""What an account's roles need, and until when it has it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from anwang.access.models import Requirement


@dataclass(frozen=True, slots=True)
class Standing:
    """One need of the account's roles. `until` None: never fulfilled, or for an older version."""

    requirement: Requirement
    until: dt.datetime | None
    state: str  # holds, ends-soon, lapsed, missing

    @property
    def is_rules(self) -> bool:
        """Whether the account fulfils it itself, by accepting."""
        return self.requirement.kind == "rules"


def state_of(requirement: Requirement, until: dt.datetime | None, now: dt.datetime) -> str:
    """holds, ends-soon (within its days of warning), lapsed or missing."""
    if until is None:
        return "missing"
    if until <= now:
        return "lapsed"
    return "ends-soon" if until - dt.timedelta(days=requirement.warn_days) <= now else "holds"


def my_standing(now: dt.datetime) -> list[Standing]:
    """The signed-in account's needs: what is missing first, rules before training."""
    with connection.cursor() as cursor:
        cursor.execute("select requirement_id, until from access.my_standing()")
        found = dict(cursor.fetchall())
    return [
        Standing(one, found[one.pk], state_of(one, found[one.pk], now))
        for one in Requirement.objects.filter(pk__in=found).order_by("kind", "pk")
    ]


def all_lapsed() -> bool:
    """Whether the signed-in account has a place, and none that holds: nothing opens to it."""
    with connection.cursor() as cursor:
        cursor.execute("select access.all_lapsed()")
        (lapsed,) = cursor.fetchone()
    return bool(lapsed)
