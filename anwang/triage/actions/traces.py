"""*Same event?* among the reports: leave a trace of these, compare each with those that share a key.

Two reports of one event may be screened by two workers at the same instant. A lock for every key, from
leaving the trace to the commit, makes sure that whichever comes second sees the first, and since it
may be the one accepted earlier, it tells the later report too.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from django.db import connection

from anwang.access.queries.seals import not_sealed
from anwang.people.queries import model_in_force
from anwang.triage.rules.same_event import (
    ReportDigest,
    SameEventPolicy,
    digest_pack,
    digest_unpack,
    event_keys,
    load_policy,
    names_the_same,
    same_event,
)

MOST_KEYS: Final = 200
MOST_CANDIDATES: Final = 40
MOST_A_KEY: Final = 300
_WINDOWS: Final = 3  # of the policy's days: reports further apart may still state the same day
_LOCK_NUMBER: Final = 815_010

# In the order of the numbers, so that no two wait for each other. They are few, since a portion of
# reports has hundreds of keys and the database room for some thousands of locks; two keys of one
# number cost a wait, and only until whoever holds it has written down what it found.
_HOLD = "select pg_advisory_xact_lock(%s, number) from unnest(%s::int[]) number"
_NUMBERS: Final = 256
_LEAVE = """
with asked as materialized (
    select * from jsonb_to_recordset(%s::jsonb)
        a (matter uuid, received_at timestamptz, digest jsonb, keys bigint[])
), trace as (
    insert into triage_reporttrace (matter_id, received_at, digest)
    select matter, received_at, digest from asked
    on conflict (matter_id) do update set digest = excluded.digest
)
insert into triage_tracekey (key, matter_id)
select key, matter from asked cross join unnest(keys) key
on conflict do nothing
"""
# `passed`: the report itself and those screened with it that came after it.
_CANDIDATES = f"""
select a.place, near.*
from jsonb_to_recordset(%(asked)s::jsonb)
    a (place int, keys bigint[], passed uuid[], earliest timestamptz, latest timestamptz)
cross join lateral (
    with shared as (
        select near.matter_id, count(*) as keys
        from unnest(a.keys) as asked (key)
        cross join lateral (
            select k.matter_id from triage_tracekey k where k.key = asked.key limit %(a_key)s
        ) near
        where near.matter_id <> all(a.passed)
        group by near.matter_id
    )
    select t.matter_id, t.digest::text, m.same_event_as
    from shared
    join triage_reporttrace t on t.matter_id = shared.matter_id
    join triage_matter m on m.report_id = t.matter_id
    where t.received_at between a.earliest and a.latest and {not_sealed("t.matter_id")}
    order by shared.keys desc, t.received_at desc limit %(most)s
) near
"""  # noqa: S608 - constants only
# Nobody is told of a sealed report: a later one is none the wiser.
_TELL_LATER = f"""
update triage_matter set same_event_as = %(earlier)s, same_event_probability = %(probability)s,
    headline = headline || jsonb_build_object('same_events',
        coalesce((headline ->> 'same_events')::int, 0) + 1)
where report_id = %(later)s and state = 'awaiting-decision'
    and coalesce(same_event_probability, 0) < %(probability)s
    and {not_sealed("%(earlier)s")}
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class EventFound:
    """An earlier or later report that may tell of the same event. `by_number`: this report names nobody
    whom that one does not name by the same valid number."""

    report: uuid.UUID
    receipt: str
    accepted_at: dt.datetime
    probability: float
    reasons: tuple[tuple[str, str, float], ...]
    earlier: bool
    points_to: uuid.UUID | None
    by_number: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As kept with the screening."""
        return {
            "report": str(self.report),
            "receipt": self.receipt,
            "probability": self.probability,
            "earlier": self.earlier,
            "by_number": self.by_number,
            "reasons": [
                {"comparison": comparison, "level": level, "weight": weight}
                for comparison, level, weight in self.reasons
            ],
        }


@cache
def same_event_policy() -> SameEventPolicy:
    """The shipped constants."""
    return load_policy()


Asked: TypeAlias = tuple[uuid.UUID, ReportDigest]
"""A report's matter and what is compared of it."""


def trace_and_compare(asked: Sequence[Asked]) -> list[list[EventFound]]:
    """For each the reports that may tell of the same event, likeliest first; its trace is left.

    `asked` in the order in which they were accepted: the result is that of one after the other.
    Holds the keys until the transaction ends. At most 40 reports are compared with each.
    """
    policy = same_event_policy()
    keys = [event_keys(digest)[:MOST_KEYS] for _, digest in asked]
    # Whom a report was taken to repeat since the candidates were read.
    points_to: dict[uuid.UUID, uuid.UUID | None] = {}
    found: list[list[EventFound]] = []
    with connection.cursor() as cursor:
        numbers = sorted({key % _NUMBERS for mine in keys for key in mine})
        cursor.execute(_HOLD, [_LOCK_NUMBER, numbers])
        cursor.execute(_LEAVE, [json.dumps(_traces(asked, keys))])
        near = _candidates(cursor, asked, keys, policy)
        for (matter, digest), candidates in zip(asked, near, strict=True):
            mine = _compared(candidates, points_to, digest, policy)
            for other in mine:
                if not other.earlier and _tell_later(cursor, matter, other):
                    points_to[other.report] = matter
            earlier = event_proposed(mine)
            points_to[matter] = earlier.report if earlier else None
            found.append(mine)
    return found


def _traces(asked: Sequence[Asked], keys: Sequence[list[int]]) -> list[dict[str, Any]]:
    return [
        {
            "matter": str(matter),
            "received_at": digest.received_at.isoformat(),
            "digest": digest_pack(digest),
            "keys": mine,
        }
        for (matter, digest), mine in zip(asked, keys, strict=True)
    ]


def event_proposed(found: list[EventFound]) -> EventFound | None:
    """The earlier report to be shown as the same event.

    Where that one points to a still earlier report that is likely too, it is the first of them.
    """
    earlier = {other.report: other for other in found if other.earlier}
    chosen = next(iter(earlier.values()), None)
    while chosen and chosen.points_to in earlier:
        step = earlier.pop(chosen.points_to)
        if step.accepted_at >= chosen.accepted_at:
            break
        chosen = step
    return chosen


Candidate: TypeAlias = tuple[uuid.UUID, ReportDigest, uuid.UUID | None]


def _candidates(
    cursor: Any, asked: Sequence[Asked], keys: Sequence[list[int]], policy: SameEventPolicy
) -> list[list[Candidate]]:
    window = dt.timedelta(days=policy.most_days_apart * _WINDOWS)
    matters = [str(matter) for matter, _ in asked]
    told = [
        {
            "place": place,
            "keys": keys[place],
            "passed": matters[place:],
            "earliest": (digest.received_at - window).isoformat(),
            "latest": (digest.received_at + window).isoformat(),
        }
        for place, (_, digest) in enumerate(asked)
    ]
    cursor.execute(
        _CANDIDATES, {"asked": json.dumps(told), "a_key": MOST_A_KEY, "most": MOST_CANDIDATES}
    )
    near: list[list[Candidate]] = [[] for _ in asked]
    for place, report, digest, points_to in cursor.fetchall():
        near[place].append((report, digest_unpack(json.loads(digest)), points_to))
    return near


def _compared(
    candidates: Sequence[Candidate],
    points_to: Mapping[uuid.UUID, uuid.UUID | None],
    digest: ReportDigest,
    policy: SameEventPolicy,
) -> list[EventFound]:
    found = []
    for report, other, pointed_to in candidates:
        scored = same_event(digest, other, policy, model_in_force())
        if scored.probability >= policy.propose:
            earlier = (other.accepted_at, other.receipt) < (digest.accepted_at, digest.receipt)
            reasons = tuple((r.comparison, r.level, r.weight) for r in scored.reasons)
            found.append(
                EventFound(
                    report, other.receipt, other.accepted_at, scored.probability, reasons, earlier,
                    points_to.get(report, pointed_to), names_the_same(digest, other),
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (-one.probability, one.accepted_at, one.receipt))


def _tell_later(cursor: Any, earlier: uuid.UUID, later: EventFound) -> bool:
    """The other report came later and was screened first: it learns of this one now; whether it did."""
    cursor.execute(
        _TELL_LATER,
        {"earlier": earlier, "later": later.report, "probability": later.probability},
    )
    return bool(cursor.rowcount)
