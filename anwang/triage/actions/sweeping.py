"""What time alone does: clocks that ran out, are to be warned of or run on, traces that are too old."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

from django.db import connection

from anwang.access.actions.entries import record_event
from anwang.access.actions.notices import notify
from anwang.access.context import SWEEPING, acting
from anwang.access.vocabulary import Act, NoticeKind
from anwang.common.clock import clock_now
from anwang.rulebook.rules.clocks import ClockDefinition, next_warning
from anwang.triage.actions.clocks import REVIEW, REVIEW_DAYS, next_due, run_on
from anwang.triage.models import CLOSED, Clock, Matter, State
from anwang.triage.queries.policies import clocks_of_day

PURPOSE: Final = "sweeping"
PORTION: Final = 500
# A team with more than this many at once gets one notice with their number, not one each.
SINGLY: Final = 3
TRACES_KEPT_DAYS: Final = 400

# A missed clock is not over: it stays the next one due until what it asks for is done. The matter
# never stands without a running clock meanwhile (V2, decision 19). Old reports raise no alarm. Whoever
# acts on a matter locks it before its clocks; so is it here, without waiting, or the two would deadlock.
_MISS: Final = """
with late as (
    select k.id, k.matter_id, k.definition_id, m.accountable_team, r.historic from triage_clock k
    join triage_matter m on m.report_id = k.matter_id
    join intake_report r on r.id = k.matter_id
    where k.state = 'running' and k.due_at <= clock.now()
    order by k.due_at limit 500 for update of m, k skip locked
), missed as (
    update triage_clock k set state = 'missed', calls = 0,
        call_at = case when not late.historic then k.due_at end
    from late where k.id = late.id
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
        set state = 'running', started_at = excluded.started_at, due_at = excluded.due_at,
            stopped_at = null, proof = null
)
select late.matter_id, late.definition_id, late.accountable_team from late where not late.historic
"""
_FORGET: Final = """
with old as (
    select matter_id from triage_reporttrace
    where received_at < clock.now() - make_interval(days => %s) limit 2000
)
delete from triage_tracekey k using old where k.matter_id = old.matter_id
"""


def look_at_clocks() -> int:
    """All that time alone does to clocks, and a mark that it was done; how many clocks it touched."""
    done = run_paused_clocks_on() + mark_missed_clocks() + warn_of_clocks()
    done += call_for_late_duties()
    with acting(SWEEPING, PURPOSE), connection.cursor() as cursor:
        cursor.execute("select triage.swept('clocks')")
    return done


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
                object_ids=sorted({matter for matter, _, _ in missed}),
                purpose=PURPOSE,
                detail={"clocks": sorted({clock for _, clock, _ in missed})},
            )
            _tell(NoticeKind.CLOCK_MISSED, NoticeKind.CLOCKS_MISSED, missed)
    return len(missed)


def call_for_late_duties() -> int:
    """Call the people above for duties of cases that stay undone; how many, at most 500 a call."""
    with acting(SWEEPING, PURPOSE):
        with connection.cursor() as cursor:
            cursor.execute("select triage.call_for_late_duties(%s)", [PORTION])
            late = [row[0] for row in cursor.fetchall()]
        if late:
            record_event(Act.DUTY_CALLED, actor=SWEEPING, object_kind="report",
                         object_ids=sorted(set(late)), purpose=PURPOSE)  # fmt: skip
    return len(late)


def warn_of_clocks() -> int:
    """Warn the accountable teams of clocks that end soon; how many clocks, at most 500 a call.

    Of several warnings that were missed while nothing swept, only the latest is given.
    """
    with acting(SWEEPING, PURPOSE):
        now = clock_now()
        due = list(
            Clock.objects.select_related("matter__report")
            .select_for_update(of=("matter", "self"), skip_locked=True)
            .filter(state=Clock.State.RUNNING, warn_at__lte=now)
            .order_by("warn_at")[:PORTION]
        )
        known = clocks_of_day(now)
        told = []
        for clock in due:
            definition = known.get(clock.definition_id)
            given, following = clock.warned, None
            while definition is not None:
                given += 1
                following = next_warning(definition, clock.started_at, clock.due_at, given)
                if following is None or following > now:
                    break
            Clock.objects.filter(pk=clock.pk).update(
                warned=max(given, clock.warned + 1), warn_at=following
            )
            if clock.due_at > now and not clock.matter.report.historic:
                told.append((clock.matter_id, clock.definition_id, clock.matter.accountable_team))
        if told:
            record_event(Act.CLOCK_WARNED, actor=SWEEPING, object_kind="report",
                         object_ids=sorted({one[0] for one in told}), purpose=PURPOSE)  # fmt: skip
            _tell(NoticeKind.CLOCK_WARNED, NoticeKind.CLOCKS_WARNED, told)
    return len(told)


def run_paused_clocks_on() -> int:
    """Clocks whose pause has lasted as long as it may run on by themselves; how many did."""
    with acting(SWEEPING, PURPOSE):
        now = clock_now()
        known = clocks_of_day(now)
        waiting = list(
            Clock.objects.select_related("matter")
            .select_for_update(of=("matter", "self"), skip_locked=True)
            .filter(state=Clock.State.PAUSED, paused_until__lte=now)
            .order_by("paused_until")[:PORTION]
        )
        for clock in waiting:
            # A policy that has dropped the clock meanwhile leaves it as it stood, to run on.
            definition = known.get(clock.definition_id) or _as_it_stood(clock)
            until = clock.paused_until or now
            run_on(clock, definition, max(min(until, now), clock.paused_at or now))
            renew_due(clock.matter)
        if waiting:
            record_event(Act.CLOCK_RESUMED, actor=SWEEPING, object_kind="report",
                         object_ids=sorted({one.matter_id for one in waiting}), purpose=PURPOSE,
                         detail={"clocks": sorted({one.definition_id for one in waiting})})  # fmt: skip
    return len(waiting)


def _as_it_stood(clock: Clock) -> ClockDefinition:
    """A definition for a clock that no policy in force knows: by the hour, so exactly its pause."""
    return ClockDefinition(
        id=clock.definition_id, unit="hours", amount=1, before=False, start="", stop="", owner="team",
        legal=clock.legal, text={}, citation="", confidence="U", valid_from=clock.started_at.date(),
    )  # fmt: skip


def renew_due(matter: Matter) -> None:
    """The matter's next due instant, where it still waits or is worked on."""
    closed = matter.state in CLOSED and (matter.state != State.ACCEPTED or matter.due_at is None)
    if not closed:
        Matter.objects.filter(pk=matter.pk).update(due_at=next_due(matter, clock_now()))


def _tell(one: NoticeKind, many: NoticeKind, clocks: Iterable[tuple[uuid.UUID, str, str]]) -> None:
    """(report, clock, team) each: a notice a clock, or one with their number where they are many."""
    of_team: dict[str, list[tuple[uuid.UUID, str]]] = {}
    for matter, clock, team in clocks:
        of_team.setdefault(team, []).append((matter, clock))
    for team, found in of_team.items():
        if len(found) > SINGLY:
            notify(many, to_team=team, detail={"counted": len(found)})
            continue
        for matter, clock in found:
            notify(one, to_team=team, object_kind="report", object_id=matter,
                   detail={"clock": clock})  # fmt: skip


def forget_old_traces() -> int:
    """Delete keys of reports too old to be the same event as a new one; at most 2,000 reports."""
    with acting(SWEEPING, PURPOSE), connection.cursor() as cursor:
        cursor.execute(_FORGET, [TRACES_KEPT_DAYS])
        return int(cursor.rowcount)
