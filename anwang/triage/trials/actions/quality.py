"""Counts what became of a year's reports and keeps it for the page; renewed four times a day."""

from __future__ import annotations

import datetime as dt
from typing import Final

from anwang.access.actions.entries import record_event
from anwang.access.context import TRYING, acting
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.directory.models import Team
from anwang.triage.trials.actions.running import PURPOSE
from anwang.triage.trials.models import QualityFigures
from anwang.triage.trials.queries.past_reports import find_who_came_back, forget_who_came_back
from anwang.triage.trials.queries.quality import quality_counts
from anwang.triage.trials.rules.quality import quality_result

SPAN_DAYS: Final = 365
RENEWED_AFTER: Final = dt.timedelta(hours=6)
KEPT: Final = dt.timedelta(days=400)


def count_quality() -> int:
    """Count anew, for the nation and each county with service teams, what is older than six hours;
    returns how many were counted."""
    with acting(TRYING, PURPOSE):
        now = clock_now()
        fresh = set(
            QualityFigures.objects.filter(counted_at__gt=now - RENEWED_AFTER)
            .values_list("county", flat=True)
        )  # fmt: skip
        wanted: list[str | None] = [one for one in [None, *_counties()] if one not in fresh]
        if not wanted:
            return 0
        find_who_came_back()
    try:
        for county in wanted:
            with acting(TRYING, PURPOSE):
                _count(county, now)
    finally:
        with acting(TRYING, PURPOSE):
            forget_who_came_back()
            QualityFigures.objects.filter(counted_at__lt=now - KEPT).delete()
    return len(wanted)


def span_of(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The year that ends with the last whole day in Taipei; today's reports are still under way."""
    today = now.astimezone(TAIPEI).date()
    midnight = dt.datetime.combine(today, dt.time(0), TAIPEI)
    return midnight - dt.timedelta(days=SPAN_DAYS), midnight


def _counties() -> list[str]:
    found = Team.objects.filter(is_desk=False, county__isnull=False).values_list(
        "county_id", flat=True
    )
    return sorted(set(found))


def _count(county: str | None, now: dt.datetime) -> None:
    since, until = span_of(now)
    QualityFigures.objects.create(
        county=county, since=since.date(), until=until.date() - dt.timedelta(days=1),
        result=quality_result(quality_counts(since, until, county)),
    )  # fmt: skip
    record_event(
        Act.TRIAL_ENDED, actor=TRYING, object_kind="trial", purpose=PURPOSE,
        detail={"quality": county or "nation"},
    )  # fmt: skip
