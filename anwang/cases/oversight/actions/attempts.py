"""What an attempt on something absent was: in conflict, then the other office is told (R5, S1)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import connection, transaction

from anwang.access.actions.entries import record_event
from anwang.access.actions.notices import notify
from anwang.access.context import SWEEPING, Actor, acting
from anwang.access.models import Attempt
from anwang.access.vocabulary import Act, NoticeKind
from anwang.common.clock import clock_now

PURPOSE: Final = "attempts"
PORTION: Final = 500
KEPT: Final = timedelta(days=7)
# A number may be a receipt, a family's number or the id of a case, an offer or an attachment.
_BY_NUMBER: Final = """
select r.receipt, 'report', r.id from intake_report r where r.receipt = any(%(words)s)
union all select f.number, 'family', f.id from cases_familyfile f where f.number = any(%(words)s)
"""
_BY_ID: Final = """
select c.id, 'case', c.id from cases_case c where c.id = any(%(ids)s)
union all select r.id, 'report', r.id from intake_report r where r.id = any(%(ids)s)
union all select p.id, 'person', p.id from people_person p where p.id = any(%(ids)s)
union all select f.id, 'family', f.id from cases_familyfile f where f.id = any(%(ids)s)
union all select o.id, 'report', o.matter_id from triage_offer o where o.id = any(%(ids)s)
union all select a.id, 'report', a.report_id from intake_attachment a where a.id = any(%(ids)s)
"""
_IN_CONFLICT: Final = """
select c.ground from access_conflict c
where c.account_id = %s and c.object_id = %s and c.since <= %s
  and (c.until is null or c.until > %s)
order by c.since limit 1
"""


@dataclass(frozen=True, slots=True)
class Named:
    """An object that an attempt named, and by what word."""

    word: str
    kind: str
    id: uuid.UUID


Watcher = Callable[[Attempt, Named], bool]


def resolve_attempts(limit: int = PORTION) -> int:
    """Look at attempts nobody has looked at yet; how many. Runs with the worker's rights."""
    with acting(SWEEPING, PURPOSE):
        waiting = list(
            Attempt.objects.select_for_update(skip_locked=True)
            .filter(resolved_at=None)
            .order_by("pk")[:limit]
        )
        named = _objects({word for one in waiting for word in one.named.split()})
        for one in waiting:
            for word in one.named.split():
                for found in named.get(word, ()):
                    # Every watcher looks, so that none hides behind another.
                    for watch in WATCHERS:
                        watch(one, found)
        Attempt.objects.filter(pk__in=[one.pk for one in waiting]).update(resolved_at=clock_now())
    return len(waiting)


def forget_old_attempts() -> int:
    """Attempts are kept a week; their number. What mattered of them stands in the audit."""
    with acting(SWEEPING, PURPOSE):
        return Attempt.objects.filter(at__lt=clock_now() - KEPT).delete()[0]


def tell_other_office(attempt: Attempt, named: Named) -> bool:
    """Put an attempt on a conflicted object on record and tell the office over the actor."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_CONFLICT, [attempt.actor, named.id, attempt.at, attempt.at])
        row = cursor.fetchone()
        if row is None:
            return False
        cursor.execute("select cases.office_over(%s)", [attempt.actor])
        (office,) = cursor.fetchone()
    with transaction.atomic():
        record_event(
            Act.CONFLICT_ATTEMPTED, actor=Actor(attempt.actor), object_kind=named.kind,
            object_ids=[named.id], purpose=attempt.route[:40], result="refused",
            detail={"ground": row[0], "attempt": attempt.pk, "at": attempt.at.isoformat()},
        )  # fmt: skip
        notify(
            NoticeKind.CONFLICT_ATTEMPTED, to_team=office, object_kind=named.kind, object_id=named.id,
            detail={"account": str(attempt.actor), "attempt": attempt.pk, "ground": row[0]},
        )  # fmt: skip
    return True


# Who looks at an attempt once it is known what it named. Each returns whether it was his.
WATCHERS: list[Watcher] = [tell_other_office]


def _objects(words: set[str]) -> dict[str, list[Named]]:
    """Word -> the objects it names."""
    ids = {one: word for word in words if (one := _as_id(word))}
    upper = {word.upper(): word for word in words}
    found: dict[str, list[Named]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_BY_NUMBER, {"words": list(upper)})
        numbered = [(upper[number], kind, one) for number, kind, one in cursor.fetchall()]
        cursor.execute(_BY_ID, {"ids": list(ids)})
        for word, kind, one in [*numbered, *((ids[w], k, o) for w, k, o in cursor.fetchall())]:
            found.setdefault(word, []).append(Named(word, kind, one))
    return found


def _as_id(word: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(word)
    except ValueError:
        return None
