"""The policies in force as the database says, built once a version and kept (decision 21)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from django.db import connection

from anwang.common.values.roc_dates import TAIPEI
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.rules.clocks import ClockDefinition, PauseReason, read_pauses
from anwang.rulebook.rules.loader import TableSource, read_table
from anwang.triage.rules.policies import TriagePolicies, policies_on, specs_in_use

TABLES: Final = (
    "triage.stream",
    "triage.grade",
    "triage.class",
    "triage.joint",
    "triage.clocks",
)
CLOCKS: Final = "clocks"
Versions = dict[str, str]
_IN_FORCE: Final = """
select id, policy_id, county, version, valid_from from rulebook_policyversion
where state = 'in force' and policy_id = any(%s) and (county is null or county = %s) order by id
"""
_DATES: Final = ("valid_from", "valid_to")


def policies_in_force(county: str | None, day: dt.date) -> tuple[TriagePolicies, Versions]:
    """The tables in force for `county`, and policy id -> version.

    Which version is in force is the database's word alone; `day` chooses among the dated rows of a
    version, and is its first day where that lies later. One query; the tables are built anew only
    when another version is in force. Raises PolicyGap where a table has no version.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, [[*TABLES, CLOCKS], county])
        found = cursor.fetchall()
    begun = max([day, *(row[4] for row in found if row[2] is None)])
    versions = {
        policy_id if where is None else f"{policy_id}@{where}": version
        for _, policy_id, where, version, _ in found
    }
    return _built(tuple(row[0] for row in found), begun), versions


def clocks_of_day(now: dt.datetime) -> Mapping[str, ClockDefinition]:
    """Clock id -> its national definition in force at `now`."""
    return policies_in_force(None, now.astimezone(TAIPEI).date())[0].clocks


def clock_words_in_force() -> Mapping[str, Any]:
    """The body of the clocks policy in force: pauses and events with their words."""
    found: Mapping[str, Any] = PolicyVersion.objects.get(
        policy_id=CLOCKS, county=None, state=PolicyVersion.State.IN_FORCE
    ).body
    return found


def pauses_of_day() -> tuple[PauseReason, ...]:
    """Reasons for which a clock may stand still, as in force."""
    return read_pauses(clock_words_in_force())


def events_of_teams(now: dt.datetime) -> dict[str, Mapping[str, str]]:
    """Event -> its words: what a case's team may say happened, where a clock in force starts with it."""
    starting = {one.start for one in clocks_of_day(now).values()}
    events = clock_words_in_force().get("events", {})
    return {
        code: words
        for code, words in events.items()
        if words.get("by") == "team" and code in starting
    }


@lru_cache(maxsize=64)
def _built(version_ids: tuple[int, ...], day: dt.date) -> TriagePolicies:
    bodies = list(PolicyVersion.objects.filter(pk__in=version_ids).order_by("pk"))
    clocks: dict[str, Any] = next(
        (one.body for one in bodies if one.policy_id == CLOCKS), {"clocks": []}
    )
    tables = [one for one in bodies if one.policy_id != CLOCKS]
    return policies_on(
        day,
        _sources(one for one in tables if one.county is None),
        with_dates(clocks),
        _sources(one for one in tables if one.county is not None),
    )


def _sources(versions: Iterable[PolicyVersion]) -> list[TableSource]:
    specs = specs_in_use()
    return [read_table(with_dates(one.body) | {"county": one.county}, specs) for one in versions]


def with_dates(body: Mapping[str, Any]) -> dict[str, Any]:
    """A stored body with its days as dates again, as its file had them."""
    read: dict[str, Any] = {}
    for name, value in body.items():
        if name in _DATES and isinstance(value, str):
            read[name] = dt.date.fromisoformat(value)
        elif isinstance(value, list):
            read[name] = [with_dates(one) if isinstance(one, Mapping) else one for one in value]
        else:
            read[name] = value
    return read
