"""Terms that run while the official calendar changes: a holiday announced late moves their ends (48-4)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from typing import Final

from anwang.access.actions.entries import record_event
from anwang.access.context import SWEEPING, acting
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.rulebook.queries import calendar_before, calendar_in_force
from anwang.rulebook.rules.calendar import WorkCalendar
from anwang.rulebook.rules.clocks import ClockDefinition, due_at, next_warning
from anwang.triage.actions.sweeping import PORTION, PURPOSE, renew_due
from anwang.triage.models import Clock, Happening
from anwang.triage.queries.policies import clocks_of_day

# A calendar that has been in force longer has moved what it moves.
LOOKED_FOR: Final = dt.timedelta(days=7)


def move_by_calendar() -> int:
    """Move the ends of running clocks as the calendar says that came in force of late; how many moved.

    Only an end that the calendar before it gave is moved: what a pause or a person set stays. An end
    is never moved behind this instant, and hours run on as they do.
    """
    with acting(SWEEPING, PURPOSE):
        now = clock_now()
        before = calendar_before(now - LOOKED_FOR)
        if before is None:
            return 0
        calendars, known = (before, calendar_in_force()), clocks_of_day(now)
        ends = dict(_moved_ends(calendars, known, now))
    moved = 0
    wanted = sorted(ends)
    for begin in range(0, len(wanted), PORTION):
        portion = wanted[begin : begin + PORTION]
        with acting(SWEEPING, PURPOSE):
            moved += _move({pk: ends[pk] for pk in portion}, known)
    return moved


def _moved_ends(
    calendars: tuple[WorkCalendar, WorkCalendar], known: Mapping[str, ClockDefinition],
    now: dt.datetime,
) -> Iterator[tuple[uuid.UUID, tuple[dt.datetime, dt.datetime]]]:  # fmt: skip
    """(clock, (its end, its end by the new calendar)) of those that differ."""
    before, after = calendars
    counted = [name for name, one in known.items() if one.unit != "hours"]
    running = Clock.objects.filter(
        state=Clock.State.RUNNING, due_at__gt=now, definition_id__in=counted
    )
    for clock in running.iterator(chunk_size=2000):
        definition = known[clock.definition_id]
        start = _counted_from(clock, definition)
        if start is None or due_at(start, definition, before, clock.paused_days) != clock.due_at:
            continue
        new = due_at(start, definition, after, clock.paused_days)
        if new != clock.due_at and new > now:
            yield clock.pk, (clock.due_at, new)


def _counted_from(clock: Clock, definition: ClockDefinition) -> dt.datetime | None:
    """When the term's event happened; one that counts back runs from the day it was told."""
    if not definition.before:
        started: dt.datetime = clock.started_at
        return started
    told = Happening.objects.filter(matter=clock.matter_id, event=definition.start)
    latest = told.order_by("-noted_at").first()
    return latest.happened_at if latest else None


def _move(
    ends: Mapping[uuid.UUID, tuple[dt.datetime, dt.datetime]], known: Mapping[str, ClockDefinition]
) -> int:
    """Move these clocks, unless somebody else has them in hand or changed them meanwhile."""
    locked = (
        Clock.objects.select_related("matter")
        .select_for_update(of=("matter", "self"), skip_locked=True)
        .filter(pk__in=list(ends), state=Clock.State.RUNNING)
        .order_by("pk")
    )
    moved = [clock for clock in locked if clock.due_at == ends[clock.pk][0]]
    for clock in moved:
        due = ends[clock.pk][1]
        warn_at = next_warning(known[clock.definition_id], clock.started_at, due, clock.warned)
        Clock.objects.filter(pk=clock.pk).update(due_at=due, warn_at=warn_at)
        renew_due(clock.matter)
    if moved:
        record_event(Act.CLOCK_MOVED, actor=SWEEPING, object_kind="report",
                     object_ids=sorted({one.matter_id for one in moved}), purpose=PURPOSE,
                     detail={"clocks": sorted({one.definition_id for one in moved})})  # fmt: skip
    return len(moved)
