"""Starts, pauses and stops the clocks of a matter and keeps its next due instant right.

What happens to a clock is put on its proof log by the database (migration 0013), whoever does it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q, QuerySet

from anwang.rulebook.queries import calendar_in_force
from anwang.rulebook.rules.clocks import ClockDefinition, days_paused, due_at, next_warning
from anwang.triage.models import Clock, Matter

REVIEW_DAYS = 30  # decision 19: when no other clock runs, the review clock does
REVIEW = "review-30d"
RECEIPT = "report-received"
# A clock whose time is up stays unmet, and the next one due, until what it asks for is done.
UNMET = Q(state=Clock.State.RUNNING) | Q(state=Clock.State.MISSED, stopped_at=None)


def start_clocks(
    matter: Matter,
    definitions: Iterable[ClockDefinition],
    started_at: dt.datetime,
    event: str = RECEIPT,
    told_at: dt.datetime | None = None,
) -> list[Clock]:
    """Start the clocks that begin with `event` at `started_at` and do not run yet.

    A clock that counts back from its event runs from `told_at` on: the event itself lies ahead.
    """
    calendar = calendar_in_force()
    known = set(matter.clocks.values_list("definition_id", flat=True))
    made = []
    for one in definitions:
        if one.start == event and one.id not in known:
            begins = (told_at or started_at) if one.before else started_at
            due = due_at(started_at, one, calendar)
            made.append(
                Clock(
                    matter=matter,
                    definition_id=one.id,
                    legal=one.legal,
                    started_at=begins,
                    due_at=due,
                    warn_at=next_warning(one, begins, due, 0),
                )
            )
    return Clock.objects.bulk_create(made)


def begin_again(clock: Clock, definition: ClockDefinition, at: dt.datetime) -> dt.datetime:
    """The next round of a cycle, whose last one is over: its term counts from `at`."""
    due = due_at(at, definition, calendar_in_force())
    with connection.cursor() as cursor:
        cursor.execute(
            "select triage.begin_again(%s, %s, %s)",
            [clock.pk, due, next_warning(definition, at, due, 0)],
        )
    return due


def unmet(matter: Matter) -> QuerySet[Clock]:
    """The clocks whose duty is still to be done: a missed one stays until it is (P4), so does a
    paused one."""
    return matter.clocks.filter(UNMET | Q(state=Clock.State.PAUSED))


def stop_clock(matter: Matter, definition_id: str, at: dt.datetime, proof: uuid.UUID) -> None:
    """The duty is done; `proof` names the decision, offer or case that did it."""
    for clock in unmet(matter).filter(definition_id=definition_id):
        late = at > clock.due_at and clock.state != Clock.State.PAUSED
        clock.state = Clock.State.MISSED if late else Clock.State.MET
        clock.stopped_at = at
        clock.proof = proof
        clock.save(update_fields=["state", "stopped_at", "proof"])


def run_again(matter: Matter, definition_id: str) -> None:
    """The duty is open again, with its first due instant: a refused offer wins no time."""
    matter.clocks.filter(definition_id=definition_id).update(
        state=Clock.State.RUNNING, stopped_at=None, proof=None
    )


def drop_clocks(matter: Matter, at: dt.datetime, proof: uuid.UUID) -> None:
    """The matter is closed without a case; its unmet clocks have nothing left to measure."""
    unmet(matter).update(state=Clock.State.DROPPED, stopped_at=at, proof=proof)


def resume_clocks(matter: Matter) -> None:
    """The matter is open again: what was dropped runs on, with its first due instants."""
    matter.clocks.filter(state=Clock.State.DROPPED).update(
        state=Clock.State.RUNNING, stopped_at=None, proof=None
    )


def pause_clock(clock: Clock, reason: str, until: dt.datetime) -> None:
    """Let the clock stand still. The database refuses where it does not run or may not be paused."""
    with connection.cursor() as cursor:
        cursor.execute("select triage.pause_clock(%s, %s, %s)", [clock.pk, reason, until])


def run_on(clock: Clock, definition: ClockDefinition, at: dt.datetime) -> dt.datetime:
    """Let a paused clock run on from `at`; its due instant moves by what it stood still.

    Days are counted as the Act counts them; hours exactly.
    """
    calendar = calendar_in_force()
    since = clock.paused_at or at
    days = days_paused(since, at, definition, calendar)
    if definition.unit == "hours":
        due = clock.due_at + max(at - since, dt.timedelta(0))
    else:
        paused = clock.paused_days + days
        due = max(clock.due_at, due_at(clock.started_at, definition, calendar, paused))
    warn_at = next_warning(definition, clock.started_at, due, clock.warned)
    with connection.cursor() as cursor:
        cursor.execute("select triage.resume_clock(%s, %s, %s, %s)", [clock.pk, due, days, warn_at])
    return due


def next_due(matter: Matter, now: dt.datetime) -> dt.datetime:
    """The next unmet clock of the matter, one in law first; the review clock when no other runs
    (decision 19), so also while all others stand still."""
    running = matter.clocks.filter(UNMET).order_by("-legal", "due_at").first()
    if running is not None:
        due: dt.datetime = running.due_at
        return due
    with connection.cursor() as cursor:
        cursor.execute("select triage.review_from_now(%s, %s)", [matter.pk, REVIEW_DAYS])
        (due,) = cursor.fetchone()
    return due
