"""Starts and stops the clocks of a matter and keeps its next due instant right."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from anwang.rulebook.rules.calendar import package_calendar
from anwang.rulebook.rules.clocks import ClockDefinition, due_at
from anwang.triage.models import Clock, Matter

REVIEW_DAYS = 30  # decision 19: when no other clock runs, the review clock does
REVIEW = "review-30d"
STARTS_NOW = frozenset({"report-received"})


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


def stop_clock(matter: Matter, definition_id: str, at: dt.datetime, proof: uuid.UUID) -> None:
    """The duty is done; `proof` names the decision, offer or case that did it."""
    for clock in matter.clocks.filter(definition_id=definition_id, state=Clock.State.RUNNING):
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
    """The matter is closed without a case; its running clocks have nothing left to measure."""
    matter.clocks.filter(state=Clock.State.RUNNING).update(
        state=Clock.State.DROPPED, stopped_at=at, proof=proof
    )


def next_due(matter: Matter, now: dt.datetime) -> dt.datetime:
    """The next unmet clock of the matter, one in law first; the review clock when no other runs
    (decision 19)."""
    running = matter.clocks.filter(state=Clock.State.RUNNING).order_by("-legal", "due_at").first()
    if running is not None:
        return running.due_at
    review, _ = Clock.objects.get_or_create(
        matter=matter,
        definition_id=REVIEW,
        defaults={"legal": False, "started_at": now, "due_at": now + dt.timedelta(days=REVIEW_DAYS)},
    )
    return review.due_at
