"""Runs the versions in shadow beside those in force, on every report that was just screened.

It reads what the screening stored and writes apart, after the fact: a shadow that fails or is slow
can neither hold a report up nor change anything about it.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any, Final

from anwang.access.actions.entries import record_event
from anwang.access.context import TRYING, acting
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.triage.models import Screening
from anwang.triage.rules.attached import read_stored
from anwang.triage.rules.propose import Proposal, propose, said_of
from anwang.triage.trials.actions.running import PURPOSE
from anwang.triage.trials.models import ShadowOutcome
from anwang.triage.trials.queries.versions import (
    PolicySet,
    Version,
    versions_in_force,
    versions_in_shadow,
    with_tried,
)
from anwang.triage.trials.rules.decided import LISTED

logger = logging.getLogger(__name__)

AT_A_TIME: Final = 200
LOOKS_BACK: Final = dt.timedelta(days=1)


def run_shadows() -> int:
    """Compare the latest screenings that no shadow has seen; returns how many were compared."""
    with acting(TRYING, PURPOSE):
        shadows = versions_in_shadow()
        if not shadows:
            return 0
        now = clock_now()
        policies = PolicySet(
            with_tried(versions_in_force(), shadows), now.astimezone(TAIPEI).date()
        )
        waiting = (
            Screening.objects.filter(at__gt=now - LOOKS_BACK, shadow=None)
            .exclude(proposal={})
            .select_related("matter")
            .order_by("at")[:AT_A_TIME]
        )
        made = [one for screening in waiting if (one := _outcome(screening, policies, shadows))]
        ShadowOutcome.objects.bulk_create(made, ignore_conflicts=True)
        if made:
            record_event(
                Act.SHADOW_COMPARED, actor=TRYING, object_kind="trial", purpose=PURPOSE,
                detail={"compared": len(made), "differing": sum(bool(one.fields) for one in made),
                        "versions": [one.name for one in shadows]},
            )  # fmt: skip
    return len(made)


def _outcome(
    screening: Screening, policies: PolicySet, shadows: list[Version]
) -> ShadowOutcome | None:
    """What the shadows would have proposed; None where they cannot be asked (a table has a gap)."""
    inputs = {name: read_stored(value) for name, value in screening.inputs.items()}
    try:
        proposal = propose(inputs, policies.of(screening.matter.county))
    except AnwangError as error:
        logger.warning(
            "A shadow does not decide screening %s: %s", screening.pk, type(error).__name__
        )
        return None
    before, after = _compared(screening.proposal), dict(said_of(proposal))
    return ShadowOutcome(
        screening=screening,
        matter=screening.matter,
        county=screening.matter.county,
        screened_at=screening.at,
        versions={one.name: one.version for one in shadows},
        fields=[name for name in after if _plain(name, before[name]) != _plain(name, after[name])],
        before=before,
        after=after,
        rows_after=_rows(proposal),
    )


def _compared(proposal: Mapping[str, Any]) -> dict[str, Any]:
    names = ("grade", "grade_class", "stream", "agency_kind", "joint_with", "passed_to", "clocks")
    return {name: proposal.get(name) for name in names}


def _plain(name: str, value: Any) -> Any:
    """Lists are compared as sets: their order says nothing."""
    return sorted(value or ()) if name in LISTED else value


def _rows(proposal: Proposal) -> dict[str, str]:
    rows: dict[str, str] = {}
    for reason in proposal.reasons:
        rows.setdefault(str(reason["rule"]), str(reason["row"]))
    return rows
