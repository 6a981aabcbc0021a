"""Starts and stops the clocks of a matter and keeps its next due instant right."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from anwang.rulebook.rules.calendar import package_calendar
from anwang.rulebook.rules.clocks import ClockDefinition, due_at
from anwang.triage.models import Clock, Matter

REVIEW_DAYS = 30  # decision 19: when no other clock runs, the review clock does
REVIEW = "review-30d"
STARTS_NOW = frozenset({"report-received"})
# A clock whose time is up stays unmet, and the next one due, until what it asks for is done.
UNMET = Q(state=Clock.State.RUNNING) | Q(state=Clock.State.MISSED, stopped_at=None)


def start_clocks(
    matter: Matter, definitions: Iterable[ClockDefinition], started_at: dt.datetime
) -> list[Clock]:
    """Start the clocks that begin with the receipt and do not run yet."""
    calendar = package_calendar()
    known = {clock.definition_id: clock for clock in matter.clocks.all()}
    wanted = [one for one in definitions if one.start in STARTS_NOW and one.id not in known]
    return Clock.objects.bulk_create(
        Clock(
            matter=matter,
            definition_id=one.id,
            legal=one.legal,
            started_at=started_at,
            due_at=due_at(started_at, one, calendar),
        )
        for one in wanted
    )


def unmet(matter: Matter) -> QuerySet[Clock]:
    """The clocks whose duty is still to be done; a missed one stays until it is (P4)."""
    return matter.clocks.filter(
        state__in=[Clock.State.RUNNING, Clock.State.MISSED], stopped_at__isnull=True
    )


def stop_clock(matter: Matter, definition_id: str, at: dt.datetime, proof: uuid.UUID) -> None:
    """The duty is done; `proof` names the decision, offer or case that did it."""
    for clock in unmet(matter).filter(definition_id=definition_id):
        clock.state = Clock.State.MET if at <= clock.due_at else Clock.State.MISSED
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


def next_due(matter: Matter, now: dt.datetime) -> dt.datetime:
    """The next unmet clock of the matter, one in law first; the review clock when no other runs
    (decision 19)."""
    due: dt.datetime
    running = unmet(matter).order_by("-legal", "due_at").first()
    if running is not None:
        due = running.due_at
        return due
    review = {
        "legal": False, "started_at": now, "due_at": now + dt.timedelta(days=REVIEW_DAYS),
        "state": Clock.State.RUNNING, "stopped_at": None, "proof": None,
    }  # fmt: skip
    clock, _ = Clock.objects.update_or_create(matter=matter, definition_id=REVIEW, defaults=review)
    due = clock.due_at
    return due
