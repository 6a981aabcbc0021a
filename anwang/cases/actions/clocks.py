"""What a team says of its case's clocks: that one stands still, runs on, or that something happened
which starts some. The database keeps the proof log and the time (S9)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.cases.models import Case
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.rulebook.rules.clocks import ClockDefinition, PauseReason
from anwang.triage.actions.clocks import next_due, pause_clock, run_on, start_clocks
from anwang.triage.actions.decisions import NotNow
from anwang.triage.models import Clock, Happening, Matter
from anwang.triage.queries.policies import clocks_of_day, events_of_teams, pauses_of_day

MOST_AHEAD: Final = dt.timedelta(days=3 * 366)
MOST_AGO: Final = dt.timedelta(days=366)


class NoSuchPause(AnwangError):
    """This clock may not stand still for this reason, so long, or not by this person."""


class NoSuchEvent(AnwangError):
    """No clock of a case starts with this event, or the day cannot be."""


@transaction.atomic
def pause_duty(
    case_id: uuid.UUID, definition_id: str, *, reason: str, days: int, permit: Permit
) -> dt.datetime:
    """Let a clock of the case stand still and return until when at most; then it runs on by itself.

    Raises NotNow where it does not run, NoSuchPause.
    """
    case, matter = open_case(case_id)
    clock, definition = _clock(matter, definition_id, Clock.State.RUNNING)
    found = allowed_pauses(definition, permit).get(reason)
    if found is None or not 1 <= days <= found.at_most_days:
        raise NoSuchPause(_("這個時鐘不能因這個理由、這麼久，或由您暫停。"))
    at = clock_now()
    until = at + dt.timedelta(days=days)
    try:
        with transaction.atomic():
            pause_clock(clock, reason, until)
    except DatabaseError as error:
        if "clock: not-running" not in str(error):
            raise
        raise NotNow(_("已經逾期或停止的時鐘不能暫停。")) from None
    _keep_due(matter, at)
    record_event(Act.CLOCK_PAUSED, actor=permit.actor, object_kind="case", object_ids=[case.pk],
                 purpose=permit.purpose,
                 detail={"clock": definition_id, "reason": reason, "days": days})  # fmt: skip
    return until


@transaction.atomic
def resume_duty(case_id: uuid.UUID, definition_id: str, *, permit: Permit) -> dt.datetime:
    """Let a clock of the case run on and return when it is due now. Raises NotNow."""
    case, matter = open_case(case_id)
    clock, definition = _clock(matter, definition_id, Clock.State.PAUSED)
    at = clock_now()
    due = run_on(clock, definition, at)
    _keep_due(matter, at)
    record_event(Act.CLOCK_RESUMED, actor=permit.actor, object_kind="case", object_ids=[case.pk],
                 purpose=permit.purpose, detail={"clocks": [definition_id]})  # fmt: skip
    return due


@transaction.atomic
def note_happening(
    case_id: uuid.UUID, event: str, happened_at: dt.datetime, *, permit: Permit
) -> list[Clock]:
    """Say that something happened to the family; the clocks that begin with it are started.

    What lies ahead (the day a placement expires) starts the clocks that count back from it.
    Raises NoSuchEvent, NotNow.
    """
    case, matter = open_case(case_id)
    at = clock_now()
    if event not in events_of_teams(at) or not at - MOST_AGO < happened_at < at + MOST_AHEAD:
        raise NoSuchEvent(_("請選一件發生的事，並填一年內或將來三年內的日期。"))
    definitions = [one for one in clocks_of_day(at).values() if one.start == event]
    if happened_at > at and not any(one.before for one in definitions):
        raise NoSuchEvent(_("這件事還沒有發生，等發生了再登記。"))
    Happening.objects.create(
        matter=matter, event=event, happened_at=happened_at, noted_at=at, by=permit.actor.id
    )
    started = start_clocks(matter, definitions, happened_at, event, at)
    _keep_due(matter, at)
    record_event(Act.HAPPENING_NOTED, actor=permit.actor, object_kind="case", object_ids=[case.pk],
                 purpose=permit.purpose,
                 detail={"event": event, "clocks": [one.definition_id for one in started]})  # fmt: skip
    return started


def allowed_pauses(definition: ClockDefinition, permit: Permit) -> dict[str, PauseReason]:
    """Reasons for which the holder of the permit may let the clock stand still."""
    roles = {str(seat.role) for seat in permit.seats}
    return {
        one.id: one
        for one in pauses_of_day()
        if one.id in definition.pause and not roles.isdisjoint(one.by)
    }


def open_case(case_id: uuid.UUID) -> tuple[Case, Matter]:
    """An open case with its matter, both locked, the matter first. Raises NotNow."""
    found = Case.objects.filter(pk=case_id).values_list("matter_id", flat=True).first()
    matter = Matter.objects.select_for_update(of=("self",)).filter(pk=found).first()
    case = Case.objects.select_for_update(of=("self",)).filter(pk=case_id, closed_at=None).first()
    if matter is None or case is None:
        raise NotNow(_("這個個案已經結案。"))
    return case, matter


def _clock(matter: Matter, definition_id: str, state: Clock.State) -> tuple[Clock, ClockDefinition]:
    clock = matter.clocks.filter(
        definition_id=definition_id, state=state, stopped_at__isnull=True
    ).first()
    definition = clocks_of_day(clock_now()).get(definition_id)
    if clock is None or definition is None:
        raise NotNow(_("這個時鐘的狀態已經改變，請重新看過。"))
    return clock, definition


def _keep_due(matter: Matter, at: dt.datetime) -> None:
    matter.due_at, matter.changed_at = next_due(matter, at), at
    matter.save(update_fields=["due_at", "changed_at"])
