"""What time alone does: clocks that ran out, traces that are too old to be compared."""

from __future__ import annotations

from typing import Final

from django.db import connection

from anwang.access.actions.entries import record_event
from anwang.access.context import SWEEPING, acting
from anwang.access.vocabulary import Act
from anwang.triage.actions.clocks import REVIEW, REVIEW_DAYS

PURPOSE: Final = "sweeping"
TRACES_KEPT_DAYS: Final = 400

# A missed clock is not over: it stays the next one due until what it asks for is done. The matter
# never stands without a running clock meanwhile (V2, decision 19). Old reports raise no alarm. Whoever
# acts on a matter locks it before its clocks; so is it here, without waiting, or the two would deadlock.
_MISS: Final = """
with late as (
    select k.id, k.matter_id, k.definition_id, r.historic from triage_clock k
    join triage_matter m on m.report_id = k.matter_id
    join intake_report r on r.id = k.matter_id
    where k.state = 'running' and k.due_at <= clock.now()
    order by k.due_at limit 500 for update of m, k skip locked
), missed as (
    update triage_clock k set state = 'missed' from late where k.id = late.id
    returning k.matter_id, k.definition_id
), reviewed as (
    insert into triage_clock (id, matter_id, definition_id, legal, started_at, due_at, state)
    select gen_random_uuid(), one.matter_id, %(review)s, false, clock.now(),
        clock.now() + make_interval(days => %(days)s), 'running'
    from (select distinct matter_id from late) as one
    where not exists (
        select from triage_clock other where other.matter_id = one.matter_id
            and other.state = 'running' and other.id not in (select id from late))
    on conflict (matter_id, definition_id) do update
        set state = 'running', due_at = excluded.due_at, stopped_at = null
)
select late.matter_id, late.definition_id from late where not late.historic
"""
_FORGET: Final = """
with old as (
    select matter_id from triage_reporttrace
    where received_at < clock.now() - make_interval(days => %s) limit 2000
)
delete from triage_tracekey k using old where k.matter_id = old.matter_id
"""


def mark_missed_clocks() -> int:
    """Mark the clocks whose time is up and return how many raised an alarm; at most 500 a call."""
    with acting(SWEEPING, PURPOSE):
        with connection.cursor() as cursor:
            cursor.execute(_MISS, {"review": REVIEW, "days": REVIEW_DAYS})
            missed = cursor.fetchall()
        if missed:
            record_event(
                Act.CLOCK_MISSED,
                actor=SWEEPING,
                object_kind="report",
                object_ids=sorted({matter for matter, _ in missed}),
                purpose=PURPOSE,
                detail={"clocks": sorted({clock for _, clock in missed})},
            )
    return len(missed)


def forget_old_traces() -> int:
    """Delete keys of reports too old to be the same event as a new one; at most 2,000 reports."""
    with acting(SWEEPING, PURPOSE), connection.cursor() as cursor:
        cursor.execute(_FORGET, [TRACES_KEPT_DAYS])
        return int(cursor.rowcount)
