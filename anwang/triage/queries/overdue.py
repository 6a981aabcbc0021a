"""What waits for somebody to accept it, and whether what raises the alarm has itself been running."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from anwang.access.permissions import Permit
from anwang.triage.models import OfficeClosure

MOST_UNACCEPTED: Final = 500  # as triage.unaccepted() ends
SILENT_AFTER: Final = dt.timedelta(minutes=5)
# What must be done every minute, each by a name of its own.
SWEEPS: Final = ("ladder", "clocks")
_COLUMNS: Final = (
    "report", "receipt", "county", "desk_team", "offered_team", "state", "grade", "since", "rung",
    "rung_id", "raised_at", "told", "escalation", "acknowledged_at", "mine", "next_at",
)  # fmt: skip
_UNACCEPTED: Final = f"select {', '.join(_COLUMNS)} from triage.unaccepted()"  # noqa: S608 - constants
_SWEPT: Final = """
select wanted.name, s.at, clock.now() from unnest(%s::text[]) wanted (name)
left join triage_sweep s on s.name = wanted.name order by wanted.name
"""


@dataclass(frozen=True, slots=True)
class Unaccepted:
    """A report that nobody has accepted, and how far up its ladder it has come.

    `receipt` only for who reaches the report; `mine`: the reader was called for its last rung.
    """

    report: uuid.UUID
    receipt: str | None
    county: str | None
    desk_team: str
    offered_team: str | None
    state: str
    grade: str | None
    since: dt.datetime
    rung: int
    rung_id: str | None
    raised_at: dt.datetime | None
    told: int | None
    escalation: uuid.UUID | None
    acknowledged_at: dt.datetime | None
    mine: bool
    next_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Swept:
    """When a look that is due every minute was last done; `at` None: never."""

    name: str
    at: dt.datetime | None
    now: dt.datetime

    @property
    def silent(self) -> bool:
        """Whether nobody can rely on it: too long ago, never, or after now (a clock that was set back)."""
        return self.at is None or abs(self.now - self.at) > SILENT_AFTER

    @property
    def minutes(self) -> int:
        """Whole minutes since it was done; 0 where it never was."""
        return int(abs(self.now - self.at).total_seconds() // 60) if self.at else 0


def unaccepted(permit: Permit) -> list[Unaccepted]:
    """What the holder of the permit must know of, the longest waiting first; up to 500."""
    assert permit.purpose == "overdue"
    return rows_unaccepted()


def rows_unaccepted() -> list[Unaccepted]:
    """The same for whoever acts in this transaction; for our commands."""
    with connection.cursor() as cursor:
        cursor.execute(_UNACCEPTED)
        return [Unaccepted(*row) for row in cursor.fetchall()]


def sweeps() -> list[Swept]:
    """Each look that is due every minute, and when it was last done."""
    with connection.cursor() as cursor:
        cursor.execute(_SWEPT, [list(SWEEPS)])
        return [Swept(*row) for row in cursor.fetchall()]


def silent_sweeps() -> list[Swept]:
    """The looks that have not been done for five minutes."""
    return [one for one in sweeps() if one.silent]


def closures(now: dt.datetime) -> list[OfficeClosure]:
    """Offices that are closed now, the first to open first."""
    return list(OfficeClosure.objects.filter(since__lte=now, until__gt=now).order_by("until"))


def as_fields(one: Unaccepted) -> dict[str, Any]:
    """The fields of `anwang clocks --json`: numbers and codes."""
    return {
        "receipt": one.receipt,
        "county": one.county,
        "desk": one.desk_team,
        "offered_to": one.offered_team,
        "state": one.state,
        "grade": one.grade,
        "since": one.since.isoformat(),
        "rung": one.rung,
        "rung_id": one.rung_id,
        "called_at": one.raised_at.isoformat() if one.raised_at else None,
        "called": one.told or 0,
        "heard_at": one.acknowledged_at.isoformat() if one.acknowledged_at else None,
        "next_call_at": one.next_at.isoformat(),
    }
