"""What pages of trials show: runs, the single reports that the reader reaches, shadows."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from anwang.access.permissions import Permit
from anwang.intake.models import Report
from anwang.triage.trials.models import Backtest, BacktestDifference, FamilyWalk, ShadowOutcome

MOST_RUNS: Final = 50
MOST_LINES: Final = 100
# Counts over all reports of the asker's county, also those he does not reach; small ones are null.
_SHADOWED: Final = "select county, field, compared, differing from triage.shadow_counts(%s)"


@dataclass(frozen=True, slots=True)
class ShadowCount:
    """Of the screenings compared, how many differ in a field (`any`: in one at least)."""

    county: str | None
    field: str
    compared: int | None
    differing: int | None


def backtests(permit: Permit, version_no: int | None = None) -> QuerySet[Backtest]:
    """Runs that the row rules let the reader see, newest first; results left out."""
    found = Backtest.objects.defer("result", "tried").order_by("-asked_at")
    return (found.filter(version_no=version_no) if version_no else found)[:MOST_RUNS]


def differences(run: uuid.UUID, permit: Permit) -> tuple[list[BacktestDifference], dict[Any, str]]:
    """Up to 100 reports that are decided otherwise and that the reader reaches, with receipts.

    The row rules leave the others out; how many there are is in the result, as a count.
    """
    if permit.audit_id is None:
        raise PermissionError("Single reports are read on a permit whose reading is on record.")
    found = list(BacktestDifference.objects.filter(run=run).order_by("pk")[:MOST_LINES])
    receipts = Report.objects.filter(pk__in=[one.matter_id for one in found])
    return found, dict(receipts.values_list("pk", "receipt"))


def shadow_counts(since: dt.datetime, permit: Permit) -> list[ShadowCount]:
    """Differences since an instant, by county and field."""
    with connection.cursor() as cursor:
        cursor.execute(_SHADOWED, [since])
        return [ShadowCount(*row) for row in cursor.fetchall()]


def shadow_lines(permit: Permit) -> tuple[list[ShadowOutcome], dict[Any, str]]:
    """The latest differing ones that the reader reaches, with receipts."""
    if permit.audit_id is None:
        raise PermissionError("Single reports are read on a permit whose reading is on record.")
    found = list(ShadowOutcome.objects.exclude(fields=[]).order_by("-screened_at")[:MOST_LINES])
    receipts = Report.objects.filter(pk__in=[one.matter_id for one in found])
    return found, dict(receipts.values_list("pk", "receipt"))


def latest_walk(matter_id: uuid.UUID, permit: Permit) -> FamilyWalk | None:
    """The walk of a report that was asked for last."""
    if permit.audit_id is None:
        raise PermissionError("A walk is read on a permit whose reading is on record.")
    return FamilyWalk.objects.filter(matter=matter_id).order_by("-asked_at").first()
