"""Questions of who is who that an account may answer: what waits, one of them, what is behind it.

Every one is asked of functions that look who asks (migrations/0014_who_is_who.py).
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import connection

from anwang.access.models import Twofold
from anwang.access.permissions import Permit
from anwang.people.rules.forms import Forms

QUESTIONS_A_PAGE: Final = 50
AGES: Final = ("day", "week", "month", "older")
KINDS: Final = ("subject", "two-numbers", "one-number", "merge")
MERGE: Final = "merge-persons"
_NUMBER_BYTES: Final = 32

_PAGE: Final = """
select q.id, q.kind, q.about, q.since, q.state, q.margin, q.persons, q.records, q.reasons, q.author,
    r.receipt
from cases.identity_questions(null, true) q
left join intake_report r on r.id = q.about
where (%(kind)s = '' or q.kind = %(kind)s)
  and (%(since)s::timestamptz is null or (q.since, q.id) > (%(since)s, %(id)s::uuid))
order by q.since, q.id limit %(most)s
"""
_ONE: Final = """
select q.id, q.kind, q.about, q.since, q.state, q.margin, q.persons, q.records, q.reasons, q.author,
    r.receipt from cases.identity_questions(%s, false) q left join intake_report r on r.id = q.about
"""
_AROUND: Final = """
with waiting as (select id, since from cases.identity_questions(null, true))
(select id, -1 from waiting where (since, id) < (%(since)s, %(id)s::uuid)
 order by since desc, id desc limit 1)
union all
(select id, 1 from waiting where (since, id) > (%(since)s, %(id)s::uuid) order by since, id limit 1)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `persons` in the machine's order, `reasons` of each where it has any."""

    id: uuid.UUID
    kind: str
    about: uuid.UUID | None
    since: dt.datetime
    state: str
    margin: float
    persons: tuple[uuid.UUID, ...]
    records: tuple[uuid.UUID, ...]
    reasons: tuple[Mapping[str, Any], ...]
    author: str
    receipt: str | None = None
    name: str = ""

    @property
    def of_record(self) -> bool:
        """Whether it asks whom one record means (else whether persons are one)."""
        return self.kind in ("subject", "two-numbers")

    def told_of(self, person: uuid.UUID) -> Mapping[str, Any]:
        """Probability, weight and reasons with which the machine named a person; empty for none."""
        return next((r for r in self.reasons if r.get("person_id") == str(person)), {})


@dataclass(frozen=True, slots=True)
class RecordSeen:
    """A record behind a question. Its number is no number: equal ones have equal bytes, and that
    is all. `written`: name and addresses as the source wrote them.
    """

    person: uuid.UUID | None
    record: uuid.UUID
    source: str
    key: str
    asked: bool
    forms: Forms
    written: Mapping[str, str]
    judgement: str | None
    by_person: bool
    probability: float | None

    @property
    def has_number(self) -> bool:
        """Whether the record holds a valid number."""
        return self.forms.id_token is not None


@dataclass(frozen=True, slots=True)
class Judged:
    """What somebody said on a question."""

    id: uuid.UUID
    kind: str
    records: tuple[uuid.UUID, ...]
    person: uuid.UUID | None
    other: uuid.UUID | None
    reason: str
    by: uuid.UUID
    at: dt.datetime
    undone: bool
    two_persons: bool


@dataclass(frozen=True, slots=True)
class Agreed:
    """An act of two persons that was approved and waits to be carried out."""

    id: uuid.UUID
    person: uuid.UUID
    other: uuid.UUID
    undoes: uuid.UUID | None
    ends_at: dt.datetime


def waiting_counts() -> dict[str, dict[str, int]]:
    """Kind -> age (AGES) -> how many questions of the asker's own wait; nothing is left out."""
    counts = {kind: dict.fromkeys(AGES, 0) for kind in KINDS}
    with connection.cursor() as cursor:
        cursor.execute("select kind, age, waiting from cases.identity_counts()")
        for kind, age, waiting in cursor.fetchall():
            counts.setdefault(kind, dict.fromkeys(AGES, 0))[age] = waiting
    return counts


def questions_page(
    permit: Permit, *, kind: str = "", after: tuple[dt.datetime, uuid.UUID] | None = None
) -> tuple[list[Question], bool]:
    """The oldest questions that wait behind `after`, and whether more follow."""
    since, last = after or (None, None)
    with connection.cursor() as cursor:
        cursor.execute(
            _PAGE, {"kind": kind, "since": since, "id": last, "most": QUESTIONS_A_PAGE + 1}
        )
        found = [_question(row) for row in cursor.fetchall()]
        shown, more = found[:QUESTIONS_A_PAGE], len(found) > QUESTIONS_A_PAGE
        cursor.execute("select * from cases.identity_names(%s)", [[one.id for one in shown]])
        names = dict(cursor.fetchall())
    return [replace(one, name=names.get(one.id, "")) for one in shown], more


def question(wanted: uuid.UUID) -> Question | None:
    """A question by its id, or by a report's own record; None where it is not the asker's."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE, [wanted])
        row = cursor.fetchone()
    return _question(row) if row else None


def beside(one: Question) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The questions that wait before and after this one in the queue."""
    with connection.cursor() as cursor:
        cursor.execute(_AROUND, {"since": one.since, "id": one.id})
        found = {place: pk for pk, place in cursor.fetchall()}
    return found.get(-1), found.get(1)


def records_of(one: Question, permit: Permit) -> list[RecordSeen]:
    """The current records behind a question, the one asked about first; at most 200."""
    if permit.audit_id is None:
        raise PermissionError("Records are read on a permit whose reading is on record.")
    with connection.cursor() as cursor:
        cursor.execute("select * from cases.identity_records(%s)", [one.id])
        return [
            RecordSeen(person, record, source, key, asked, _forms(forms, number), _read(written) or {},
                       judgement, bool(by_person), probability)
            for person, record, source, key, asked, number, forms, written, judgement, by_person,
            probability in cursor.fetchall()
        ]  # fmt: skip


def judgements_on(one: Question) -> list[Judged]:
    """What people have said on it, newest first."""
    with connection.cursor() as cursor:
        cursor.execute("select * from cases.identity_judgements(%s)", [one.id])
        return [
            Judged(pk, kind, tuple(records), person, other, reason, by, at, undone, two)
            for pk, kind, records, person, other, reason, by, at, undone, two in cursor.fetchall()
        ]


def agreed_on(one: Question, permit: Permit, now: dt.datetime) -> list[Agreed]:
    """What the permit's account asked for about this question, was approved, and may carry out."""
    found = Twofold.objects.filter(
        asked_by=permit.actor.id, act=MERGE, used_at=None, ends_at__gt=now,
        payload__question=str(one.id),
    ).order_by("-approved_at")  # fmt: skip
    return [
        Agreed(each.pk, each.object_id, uuid.UUID(each.payload["other"]),
               uuid.UUID(each.payload["undoes"]) if each.payload.get("undoes") else None, each.ends_at)
        for each in found
        if each.object_id is not None and each.ends_at is not None
    ]  # fmt: skip


def _question(row: tuple[Any, ...]) -> Question:
    pk, kind, about, since, state, margin, persons, records, reasons, author, receipt = row
    return Question(pk, kind, about, since, state, margin, tuple(persons), tuple(records),
                    tuple(_read(reasons)), author, receipt)  # fmt: skip


def _forms(packed: Any, number: int | None) -> Forms:
    token = {} if number is None else {"i": number.to_bytes(_NUMBER_BYTES, "little").hex()}
    return Forms.unpack(_read(packed) | token)


def _read(value: Any) -> Any:
    """A JSON column, which a plain cursor gives as text."""
    return json.loads(value) if isinstance(value, str) else value
