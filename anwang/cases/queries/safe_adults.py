"""The children of a case, and who was named safe for them in it; never a number (R13, I7)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from anwang.access.permissions import Permit
from anwang.cases.queries import names_of


@dataclass(frozen=True, slots=True)
class Child:
    """A subject of the case's report, by place (from 0); one without number cannot be named for."""

    place: int
    name: str
    has_number: bool


@dataclass(frozen=True, slots=True)
class NamedAdult:
    """A judgement of the case. `adult` is empty for somebody who does not stand in the family file."""

    id: uuid.UUID
    child: str
    adult: str
    ground: str
    by: str
    since: dt.datetime
    until: dt.datetime | None
    ended: bool


def children_of(
    case_id: uuid.UUID, subjects: Sequence[Mapping[str, Any]], permit: Permit
) -> list[Child]:
    """The children whom the case's report (its `subjects`) is about; grown-ups are left out."""
    assert permit.audit_id is not None
    with connection.cursor() as cursor:
        cursor.execute("select * from cases.children_of_case(%s)", [case_id])
        rows = cursor.fetchall()
    return [
        Child(place, _name(subjects, place), has_number)
        for place, has_number, grown_up in sorted(rows)
        if not grown_up
    ]


def named_adults(
    case_id: uuid.UUID, subjects: Sequence[Mapping[str, Any]], now: dt.datetime, permit: Permit
) -> list[NamedAdult]:
    """Who was named in this case, newest first; what was ended stays."""
    assert permit.audit_id is not None
    with connection.cursor() as cursor:
        cursor.execute("select * from cases.safe_adults_of(%s)", [case_id])
        rows = cursor.fetchall()
    names = names_of([], [row[4] for row in rows])
    return [
        NamedAdult(
            named, _name(subjects, place), adult or "", ground, names.account(by), since, until,
            ended=until is not None and until <= now,
        )
        for named, place, adult, ground, by, since, until in rows
    ]  # fmt: skip


def leads_case(case_id: uuid.UUID, permit: Permit) -> bool:
    """Whether the permit's account leads the open case now."""
    with connection.cursor() as cursor:
        cursor.execute("select cases.i_lead(%s)", [case_id])
        return bool(cursor.fetchone()[0])


def _name(subjects: Sequence[Mapping[str, Any]], place: int | None) -> str:
    if place is None or place >= len(subjects):
        return ""
    said = subjects[place]
    return str(said.get("name") or said.get("name_romanised") or "")
