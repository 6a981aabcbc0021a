"""Who may try policies, walk a family's history, and stop an automatic step."""

from __future__ import annotations

import uuid
from typing import Final

from anwang.access.actions.entries import record_apart
from anwang.access.context import DISPATCHING, Actor
from anwang.access.permissions import Permit, check_role, refuse
from anwang.access.vocabulary import Act, Role
from anwang.common.errors import AnwangError
from anwang.triage.permissions import check_can_read_matter
from anwang.triage.trials.models import Backtest
from anwang.triage.trials.queries.steps import step_runs_on

TRYING: Final = "trying-policies"
# Counts of a whole county or of the nation; none of them opens a report.
TRIERS: Final = (Role.DESK, Role.SUPERVISOR, Role.COUNTY_MANAGER, Role.MINISTRY)
STOPPERS: Final = TRIERS
# Stopping needs no second thought; letting it run again is for who answers for the county.
STARTERS: Final = (Role.COUNTY_MANAGER, Role.MINISTRY)


def check_can_try(actor: Actor) -> Permit:
    """A permit to ask for trials and to read what they counted; put on record as read."""
    permit = check_role(actor, TRIERS, TRYING)
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="trial", purpose=TRYING, fields=["counts"]
    )
    return Permit(actor, "role", TRYING, permit.seats, frozenset({"counts"}), audit_id)


def county_of(permit: Permit) -> str | None:
    """Whose reports the permit's holder may have counted: a county's, or None for the nation's."""
    counties = [seat.county for seat in permit.seats]
    return None if None in counties else counties[0]


def check_can_read_backtest(actor: Actor, run: uuid.UUID) -> Permit:
    """A permit to read one back-test and those of its reports that the reader reaches himself."""
    permit = check_role(actor, TRIERS, TRYING)
    if not Backtest.objects.filter(pk=run).exists():
        refuse(actor, TRYING, [run])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="trial", object_ids=[run], purpose=TRYING,
        fields=["counts", "proposal"],
    )  # fmt: skip
    return Permit(actor, "role", TRYING, permit.seats, frozenset({"counts", "proposal"}), audit_id)


def check_can_walk(actor: Actor, matter_id: uuid.UUID | None) -> Permit:
    """A permit to walk the history of a report's people: to read the report, for this purpose."""
    return check_can_read_matter(actor, matter_id, "walking-history")


class StepStopped(AnwangError):
    """Somebody has stopped this automatic step here or everywhere; a person decides."""


def check_step_runs(step: str, county: str | None) -> Permit:
    """Leave for our program to do an automatic step now. Raises StepStopped where somebody stopped it.

    Asked in the transaction that acts: no permit is kept.
    """
    if not step_runs_on(step, county):
        raise StepStopped(f"Step {step} is stopped in county {county}.")
    return Permit(DISPATCHING, "step", step, ())


def check_can_switch(actor: Actor, county: str | None, *, to_run: bool) -> Permit:
    """A permit to stop an automatic step in a county, or to let it run again."""
    permit = check_role(actor, STARTERS if to_run else STOPPERS, "automatic-steps")
    if not any(seat.county in (None, county) for seat in permit.seats):
        refuse(actor, "automatic-steps", [county or "nation"])
    return permit
