"""Runs a back-test: portion by portion, telling how far it is, stopping when it is asked to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from anwang.access.context import Actor, acting
from anwang.directory.models import Team
from anwang.rulebook.queries import calendar_in_force
from anwang.triage.trials.queries.past_reports import (
    Wanted,
    find_who_came_back,
    forget_who_came_back,
    past_reports,
    span_of_screenings,
)
from anwang.triage.trials.queries.versions import PolicySet
from anwang.triage.trials.rules.decided import DecidedColumns, decide_columns, joined
from anwang.triage.trials.rules.past import PastReports
from anwang.triage.trials.rules.results import ServiceTeam
from anwang.triage.trials.rules.tally import MOST_LISTED, Tally

PURPOSE: Final = "trying-policies"
REPORTS_A_PORTION: Final = 20_000
MOST_PORTIONS: Final = 200


@dataclass(frozen=True, slots=True)
class Compared:
    """The versions in force and the same with those tried."""

    before: PolicySet
    after: PolicySet


@dataclass(frozen=True, slots=True)
class Portion:
    """Screenings from `first` to before `last`."""

    first: dt.datetime
    last: dt.datetime


def portions() -> list[Portion]:
    """Spans of time that cover all screenings, of about 20,000 reports each where they come evenly."""
    span = span_of_screenings()
    if span is None:
        return []
    first, last, reports = span
    number = min(MOST_PORTIONS, max(1, reports // REPORTS_A_PORTION))
    step = (last - first) / number
    edges = [first + step * place for place in range(number)]
    edges.append(last + dt.timedelta(microseconds=1))
    return [Portion(one, other) for one, other in pairwise(edges)]


def tallied(
    compared: Compared, wanted: Wanted, *, actor: Actor, most_listed: int = MOST_LISTED
) -> Iterator[tuple[int, int, Tally]]:
    """(portions done, portions, tally so far) after each portion; the first before any.

    Each portion is a transaction of its own, so that progress and a wish to stop are seen between.
    """
    with acting(actor, PURPOSE):
        spans = portions()
        find_who_came_back()
        calendar = calendar_in_force()
    tally = Tally(
        calendar=calendar,
        clocks=(compared.before.of(None).clocks, compared.after.of(None).clocks),
        most_listed=most_listed,
    )
    yield 0, len(spans), tally
    try:
        for place, span in enumerate(spans, start=1):
            with acting(actor, PURPOSE):
                for past in past_reports(span.first, span.last, wanted):
                    tally.add(past, decided(past, compared.before), decided(past, compared.after))
            yield place, len(spans), tally
    finally:
        with acting(actor, PURPOSE):
            forget_who_came_back()


def decided(past: PastReports, policies: PolicySet) -> DecidedColumns:
    """What the policies propose for a portion, each county with its own tables."""
    counties = past.groups["county"]
    own = [place for place, one in enumerate(counties.values) if one in policies.counties]
    if not own:
        return decide_columns(past.inputs, policies.of(None))
    parts = []
    for place in own:
        places = np.flatnonzero(counties.codes == place)
        county = policies.of(str(counties.values[place]))
        parts.append((places, decide_columns(past.inputs.only(places), county)))
    others = np.flatnonzero(~np.isin(counties.codes, own))
    if others.size:
        parts.append((others, decide_columns(past.inputs.only(others), policies.of(None))))
    return joined(parts, past.length)


def service_teams() -> list[ServiceTeam]:
    """All teams that can be offered a report."""
    return [
        ServiceTeam(
            one.id, {"zh": one.name_zh, "en": one.name_en}, one.county_id, one.agency_kind,
            tuple(one.streams or ()), tuple(one.districts or ()),
        )
        for one in Team.objects.filter(is_desk=False)
    ]  # fmt: skip
