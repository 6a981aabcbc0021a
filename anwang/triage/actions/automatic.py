"""Does by itself what a county's policy lets go: dispatches a report, or joins it to the one that it
repeats; or says why a person decides after all.

Runs behind the screening, in transactions of its own: the report stands at the desk already, so that
a failure here costs nothing. Whoever decides first has decided (rules/automatic.py says what else
asks for a person). A dispatch is a decision and an offer like a person's, made by a program of ours:
the desk stays accountable until a team accepts, and takes the offer back like any other.
"""

from __future__ import annotations

import logging
import uuid
from typing import Final

from django.db import connection, transaction

from anwang.access.actions.entries import record_event
from anwang.access.context import DISPATCHING, acting
from anwang.access.permissions import Permit
from anwang.access.queries.seals import seal_over
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.intake.models import ReportAddition
from anwang.triage.actions import joining
from anwang.triage.actions.decisions import NoTeam, SecondPersonNeeded, confirm
from anwang.triage.instruments.models import Answer
from anwang.triage.models import Decision, Matter, Screening, State
from anwang.triage.queries.policies import tables_in_force
from anwang.triage.rules.answers import given_in
from anwang.triage.rules.automatic import Hold, Standing, holds, holds_join
from anwang.triage.rules.policies import TriagePolicies
from anwang.triage.rules.told import subjects_of
from anwang.triage.trials.permissions import StepStopped, check_step_runs
from anwang.triage.trials.queries.steps import AUTO_DISPATCH, JOIN_REPEATS

logger = logging.getLogger(__name__)

PORTION: Final = 200
_MAY_GO: Final = "select triage.may_go_by_itself(%s, %s)"


class PersonChooses(AnwangError):
    """Nothing may go to this team without a person who chooses it."""


def dispatch_waiting(limit: int = PORTION) -> int:
    """Look at up to `limit` screenings that policy lets go by themselves; how many went.

    A report that somebody holds at this moment waits for the next look.
    """
    with acting(DISPATCHING, AUTO_DISPATCH):
        waiting = Screening.objects.filter(automatic=Screening.Automatic.WAITING)
        found = list(waiting.order_by("at").values_list("pk", flat=True)[:limit])
    return sum(_look(screening) for screening in found)


def _look(screening: uuid.UUID) -> bool:
    """Whether the report went. Never raises for what lies in it."""
    try:
        with acting(DISPATCHING, AUTO_DISPATCH):
            return _act(screening)
    except Exception as error:
        if not connection.is_usable():
            raise
        # The class of the error only: its text may quote what the report says (D6).
        name = type(error).__name__
        logger.warning("Automatic step on screening %s failed: %s.", screening, name)
    with acting(DISPATCHING, AUTO_DISPATCH):
        if found := _locked(screening):
            _hold(*found, [Hold.FAILED])
    return False


def _locked(screening: uuid.UUID) -> tuple[Matter, Screening] | None:
    """The matter, then its screening, both ours alone; None where somebody else has either."""
    of = Screening.objects.filter(pk=screening).values_list("matter_id", flat=True).first()
    free = Matter.objects.select_for_update(of=("self",), skip_locked=True)
    matter = free.filter(pk=of).first()
    if matter is None:
        return None
    waiting = Screening.objects.select_for_update(of=("self",), skip_locked=True)
    made = waiting.filter(pk=screening, automatic=Screening.Automatic.WAITING).first()
    return (matter, made) if made else None


def _act(screening: uuid.UUID) -> bool:
    found = _locked(screening)
    if found is None:
        return False
    matter, made = found
    if _is_decided(matter, made):
        return _hold(matter, made, [Hold.DECIDED])
    return _join(matter, made) if joining.is_to_join(made) else _dispatch(matter, made)


def _join(matter: Matter, made: Screening) -> bool:
    if seal_over([matter.pk]) is not None:
        return _hold(matter, made, [Hold.PERSON_CHOOSES])
    try:
        found = joining.earlier_of(matter)
    except joining.NotFree:
        return False
    earlier = found[1] if found else None
    try:
        permit = check_step_runs(JOIN_REPEATS, matter.county)
    except StepStopped:
        return _hold(matter, made, holds_join(_standing(matter, made, runs=False), earlier))
    if because := holds_join(_standing(matter, made, runs=True), earlier):
        return _hold(matter, made, because)
    if found is None or not joining.join(matter, found[0], made, permit):
        return _hold(matter, made, [Hold.EARLIER_NOT_OPEN])
    Screening.objects.filter(pk=made.pk).update(automatic=Screening.Automatic.DONE)
    return True


def _dispatch(matter: Matter, made: Screening) -> bool:
    try:
        permit = check_step_runs(AUTO_DISPATCH, matter.county)
    except StepStopped:
        return _hold(matter, made, holds(_standing(matter, made, runs=False)))
    if because := holds(_standing(matter, made, runs=True)):
        return _hold(matter, made, because)
    try:
        _offer(matter, permit)
    except (NoTeam, PersonChooses):
        return _hold(matter, made, [Hold.PERSON_CHOOSES])
    except SecondPersonNeeded:
        return _hold(matter, made, [Hold.DESK_ASKED])
    Screening.objects.filter(pk=made.pk).update(automatic=Screening.Automatic.DONE)
    return True


def _is_decided(matter: Matter, screening: Screening) -> bool:
    """Whether somebody was faster, ever: what a person took back is a person's."""
    return (
        matter.state != State.AWAITING_DECISION
        or Decision.objects.filter(matter=matter).exists()
        or (joining.is_to_join(screening) and joining.is_judged(matter))
        or Screening.objects.filter(matter=matter, at__gt=screening.at).exists()
    )


def _standing(matter: Matter, screening: Screening, *, runs: bool) -> Standing:
    report = matter.report
    return Standing(
        runs=runs,
        historic=report.historic,
        waited=clock_now() - screening.at,
        failed_steps=[*matter.failed_steps, *screening.failed_steps],
        added=ReportAddition.objects.filter(report=report).exists()
        or Answer.objects.filter(matter=matter).exists()
        or bool(given_in(screening.picture)),
        protected=any(bool(one.get("protected")) for one in subjects_of(report.body)),
        grade=matter.grade,
        stream=matter.stream,
        proposal=screening.proposal,
        inputs=screening.inputs,
        policies=_policies_as_then(matter, screening),
    )


def _policies_as_then(matter: Matter, screening: Screening) -> TriagePolicies | None:
    """The tables in force, where they are those of the screening; what was ended acts no more."""
    policies, versions = tables_in_force(matter.county)
    return policies if versions == screening.versions.get("policies") else None


@transaction.atomic
def _offer(matter: Matter, permit: Permit) -> None:
    """Decide as proposed and offer, all or nothing. Raises NoTeam, PersonChooses."""
    offer = confirm(matter.pk, permit=permit, seen=matter.changed_at)
    if offer is None:  # never closed by itself
        raise PersonChooses
    with connection.cursor() as cursor:
        cursor.execute(_MAY_GO, [matter.pk, offer.team_id])
        (may_go,) = cursor.fetchone()
    if not may_go:
        raise PersonChooses


def _hold(matter: Matter, screening: Screening, because: tuple[Hold, ...] | list[Hold]) -> bool:
    """Leave the report to a person, with what asks for one. The matter itself is not touched."""
    codes = [str(one) for one in because]
    step = JOIN_REPEATS if joining.is_to_join(screening) else AUTO_DISPATCH
    Screening.objects.filter(pk=screening.pk).update(
        automatic=Screening.Automatic.HELD, held_because=codes
    )
    record_event(Act.DISPATCH_HELD, actor=DISPATCHING, object_kind="report",
                 object_ids=[matter.pk], purpose=step, detail={"because": codes})  # fmt: skip
    return False
