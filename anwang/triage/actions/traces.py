"""*Same event?* among the reports: leave a trace of this one, compare it with those that share a key.

Two reports of one event may be screened by two workers at the same instant. A lock on every key, from
leaving the trace to the commit, makes sure that whichever comes second sees the first, and since it
may be the one accepted earlier, it tells the later report too. Reports that share no key, which are
never compared, do not wait for each other.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

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

# In the order of the numbers, so that no two wait for each other; two keys of one number cost a wait.
_HOLD = "select pg_advisory_xact_lock(%s, number) from unnest(%s::int[]) number"
_NUMBERS: Final = 2**31
_LEAVE = """
with trace as (
    insert into triage_reporttrace (matter_id, received_at, digest)
    values (%(matter)s, %(received_at)s, %(digest)s)
    on conflict (matter_id) do update set digest = excluded.digest
)
insert into triage_tracekey (key, matter_id)
select key, %(matter)s from unnest(%(keys)s::bigint[]) as key
on conflict do nothing
"""
_CANDIDATES = f"""
with shared as (
    select near.matter_id, count(*) as keys
    from unnest(%(keys)s::bigint[]) as asked (key)
    cross join lateral (
        select k.matter_id from triage_tracekey k where k.key = asked.key limit %(a_key)s
    ) near
    where near.matter_id <> %(matter)s
    group by near.matter_id
)
select t.matter_id, t.digest, m.same_event_as
from shared
join triage_reporttrace t on t.matter_id = shared.matter_id
join triage_matter m on m.report_id = t.matter_id
where t.received_at between %(earliest)s and %(latest)s and {not_sealed("t.matter_id")}
order by shared.keys desc, t.received_at desc limit %(most)s
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


def trace_and_compare(matter: uuid.UUID, digest: ReportDigest) -> list[EventFound]:
    """Reports that may tell of the same event, likeliest first; the trace of this one is left.

    Holds the keys until the transaction ends. At most 40 reports are compared.
    """
    policy = same_event_policy()
    keys = event_keys(digest)[:MOST_KEYS]
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [_LOCK_NUMBER, sorted({key % _NUMBERS for key in keys})])
        cursor.execute(
            _LEAVE,
            {
                "matter": matter,
                "received_at": digest.received_at,
                "digest": json.dumps(digest_pack(digest)),
                "keys": keys,
            },
        )
        found = _compared(_candidates(cursor, matter, digest, keys, policy), digest, policy)
        for other in found:
            if not other.earlier:
                _tell_later(cursor, matter, other)
    return found


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


def _candidates(
    cursor: Any,
    matter: uuid.UUID,
    digest: ReportDigest,
    keys: list[int],
    policy: SameEventPolicy,
) -> list[tuple[uuid.UUID, ReportDigest, uuid.UUID | None]]:
    window = dt.timedelta(days=policy.most_days_apart * _WINDOWS)
    cursor.execute(
        _CANDIDATES,
        {
            "matter": matter,
            "keys": keys,
            "a_key": MOST_A_KEY,
            "earliest": digest.received_at - window,
            "latest": digest.received_at + window,
            "most": MOST_CANDIDATES,
        },
    )
    return [
        (row[0], digest_unpack(json.loads(row[1]) if isinstance(row[1], str) else row[1]), row[2])
        for row in cursor.fetchall()
    ]


def _compared(
    candidates: list[tuple[uuid.UUID, ReportDigest, uuid.UUID | None]],
    digest: ReportDigest,
    policy: SameEventPolicy,
) -> list[EventFound]:
    found = []
    for report, other, points_to in candidates:
        scored = same_event(digest, other, policy, model_in_force())
        if scored.probability >= policy.propose:
            earlier = (other.accepted_at, other.receipt) < (digest.accepted_at, digest.receipt)
            reasons = tuple((r.comparison, r.level, r.weight) for r in scored.reasons)
            found.append(
                EventFound(
                    report, other.receipt, other.accepted_at, scored.probability, reasons, earlier,
                    points_to, names_the_same(digest, other),
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (-one.probability, one.accepted_at, one.receipt))


def _tell_later(cursor: Any, earlier: uuid.UUID, later: EventFound) -> None:
    """The other report came later and was screened first: it learns of this one now."""
    cursor.execute(
        _TELL_LATER,
        {"earlier": earlier, "later": later.report, "probability": later.probability},
    )
