"""Stops an automatic step in a county, or lets it run again; the word before stays on record."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.triage.trials.models import StepSwitch
from anwang.triage.trials.queries.steps import STEPS, SWITCH_LOCK


class NoSuchStep(AnwangError):
    """There is no automatic step of this name."""


class NeedsReason(AnwangError):
    """Letting an automatic step run again needs a reason."""


@transaction.atomic
def switch_step(
    step: str, county: str | None, *, runs: bool, permit: Permit, reason: str = ""
) -> StepSwitch:
    """Say whether the step runs in a county (None: everywhere); it holds from the next decision on.

    What is under way at this instant is waited for. Raises NoSuchStep, NeedsReason.
    """
    if step not in STEPS:
        raise NoSuchStep(_("沒有這個自動步驟。"))
    if runs and not reason.strip():
        raise NeedsReason(_("重新啟用需要理由。"))
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [SWITCH_LOCK])
    said = StepSwitch.objects.create(
        step=step,
        county=county,
        runs=runs,
        reason=reason.strip(),
        by=permit.actor.id,
        at=clock_now(),
    )
    record_event(
        Act.STEP_SWITCHED, actor=permit.actor, object_kind="step", object_ids=[said.pk],
        purpose=permit.purpose, result="runs" if runs else "stopped",
        detail={"step": step, "county": county},
    )  # fmt: skip
    return said
