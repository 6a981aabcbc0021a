"""What pages of trials show: runs, the single reports that the reader reaches, shadows."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from anwang.access.permissions import Permit
from anwang.intake.models import Report
from anwang.triage.models import Matter
from anwang.triage.trials.models import Backtest, BacktestDifference, FamilyWalk, ShadowOutcome

MOST_RUNS: Final = 50
MOST_LINES: Final = 100
# Counts over all reports of the asker's county, also those he does not reach; small ones are null.
_SHADOWED: Final = "select county, field, compared, differing from triage.shadow_counts(%s)"


# Single reports for whoever leads the layer, without what they tell (triage 0025).
_TOLD: Final = "select receipt, county, fields, before, after, rows_before, rows_after from "


@dataclass(frozen=True, slots=True)
class SingleReport:
    """A report that is decided otherwise: which, what, by which rows; never what it tells.

    `reached`: the reader works with it and may open it.
    """

    receipt: str
    county: str | None
    fields: list[str]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    rows_before: Mapping[str, str]
    rows_after: Mapping[str, str]
    reached: bool = False


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


def differences(run: uuid.UUID, permit: Permit) -> list[SingleReport]:
    """Up to 100 reports that are decided otherwise: those that the reader reaches, then, for whoever
    leads the layer, the others by their number alone.

    How many there are in all is in the result, as a count.
    """
    _on_record(permit)
    found = BacktestDifference.objects.filter(run=run).order_by("pk")[:MOST_LINES]
    return _with_told(_reached(found), "triage.differences_told(%s)", [run])


def shadow_counts(since: dt.datetime, permit: Permit) -> list[ShadowCount]:
    """Differences since an instant, by county and field."""
    with connection.cursor() as cursor:
        cursor.execute(_SHADOWED, [since])
        return [ShadowCount(*row) for row in cursor.fetchall()]


def shadow_lines(permit: Permit) -> list[SingleReport]:
    """The latest differing ones, as `differences`."""
    _on_record(permit)
    found = ShadowOutcome.objects.exclude(fields=[]).order_by("-screened_at")[:MOST_LINES]
    return _with_told(_reached(found), "triage.shadows_told()", [])


def _on_record(permit: Permit) -> None:
    if permit.audit_id is None:
        raise PermissionError("Single reports are read on a permit whose reading is on record.")


def _reached(found: Iterable[BacktestDifference | ShadowOutcome]) -> list[SingleReport]:
    """Those that the row rules show."""
    listed = list(found)
    receipts = dict(
        Report.objects.filter(pk__in=[one.matter_id for one in listed]).values_list("pk", "receipt")
    )
    counties = dict(Matter.objects.filter(pk__in=list(receipts)).values_list("report_id", "county"))
    return [
        SingleReport(
            receipts[one.matter_id], counties.get(one.matter_id), one.fields, one.before, one.after,
            getattr(one, "rows_before", {}), one.rows_after, reached=True,
        )
        for one in listed
        if one.matter_id in receipts
    ]  # fmt: skip


def _with_told(reached: list[SingleReport], function: str, values: list[Any]) -> list[SingleReport]:
    known = {one.receipt for one in reached}
    with connection.cursor() as cursor:
        cursor.execute(_TOLD + function, values)
        rows = [
            (row[0], row[1], *(json.loads(one) for one in row[2:])) for row in cursor.fetchall()
        ]
    told = [SingleReport(*row) for row in rows]
    return [*reached, *(one for one in told if one.receipt not in known)][:MOST_LINES]


def latest_walk(matter_id: uuid.UUID, permit: Permit) -> FamilyWalk | None:
    """The walk of a report that was asked for last."""
    if permit.audit_id is None:
        raise PermissionError("A walk is read on a permit whose reading is on record.")
    return FamilyWalk.objects.filter(matter=matter_id).order_by("-asked_at").first()
