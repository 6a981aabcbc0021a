"""The policies of triage as the database says, built once for each set of versions (decision 21).

`tables_in_force` asks which versions hold for a county on a day; `tables_of` gives the tables of
versions stored with a decision, so that it replays to the same answer (V6); `tables_with` lays
drafts in the places of what is in force, for back-tests and shadow runs.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, Protocol

from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import (
    InForce,
    body_in_force,
    key_of,
    numbers_of,
    versions_in_force,
)
from anwang.rulebook.rules.clocks import ClockDefinition, PauseReason, read_pauses
from anwang.rulebook.rules.loader import (
    PolicyFault,
    TableSource,
    completed,
    read_table,
    with_dates,
)
from anwang.rulebook.rules.tables import PolicyGap
from anwang.triage.models import Screening
from anwang.triage.rules.policies import TABLE_IDS, TriagePolicies, policies_on, specs_in_use

logger = logging.getLogger(__name__)

TABLES: Final = tuple(TABLE_IDS.values())
CLOCKS: Final = "clocks"
Versions = dict[str, str]


def tables_in_force(
    county: str | None, on: dt.date | None = None
) -> tuple[TriagePolicies, Versions]:
    """The tables in force for `county` on a day (now without one), and what to store with a decision.

    Which version is in force is the database's word alone; the day also chooses among the dated
    rows of a version, and is its first day where that lies later. One query; the tables are built
    anew only when other versions are in force. Raises PolicyGap where a table has no version.
    """
    return _of(versions_in_force(county, on, [*TABLES, CLOCKS]), on or _today())


def policies_in_force(county: str | None, day: dt.date) -> tuple[TriagePolicies, Versions]:
    """As `tables_in_force`, for a day."""
    return _of(versions_in_force(county, day, [*TABLES, CLOCKS]), day)


def _today() -> dt.date:
    return clock_now().astimezone(TAIPEI).date()


def _of(found: Iterable[InForce], day: dt.date) -> tuple[TriagePolicies, Versions]:
    listed = list(found)
    versions = {one.key: one.version for one in listed}
    return _built(tuple(sorted(one.number for one in listed)), day), versions


def tables_of(versions: Mapping[str, str], on: dt.date) -> TriagePolicies:
    """The tables of stored versions, as they stood on the day of the decision.

    Raises PolicyVersion.DoesNotExist for a version that is not there.
    """
    return _built(tuple(numbers_of(versions)), on)


def tables_that_decided(screening: Screening) -> TriagePolicies | None:
    """The tables of a screening, to explain it by; None where not all of them can be had."""
    named, day = screening.versions.get("policies", {}), screening.versions.get("day")
    if not day:
        return None
    try:
        return tables_of(named, dt.date.fromisoformat(day))
    except (PolicyVersion.DoesNotExist, PolicyGap, PolicyFault):
        return None


def tables_with(
    drafts: Iterable[int], county: str | None, on: dt.date | None = None
) -> tuple[TriagePolicies, Versions]:
    """What would hold if the versions with these numbers stood in the places of their own kind.

    An overlay among them counts for its own county alone. Raises PolicyFault where they do not fit
    together.
    """
    found = {one.key: (one.number, one.version) for one in versions_in_force(county, on)}
    for draft in PolicyVersion.objects.filter(pk__in=list(drafts)).defer("body"):
        if draft.county in (None, county):
            found[key_of(draft.policy_id, draft.county)] = (draft.pk, draft.version)
    wanted = {key: one for key, one in found.items() if key.partition("@")[0] in (*TABLES, CLOCKS)}
    versions = {key: version for key, (_, version) in wanted.items()}
    numbers = tuple(sorted(number for number, _ in wanted.values()))
    return _built(numbers, on or _today(), False), versions


def clocks_of_day(now: dt.datetime) -> Mapping[str, ClockDefinition]:
    """Clock id -> its national definition in force at `now`."""
    return policies_in_force(None, now.astimezone(TAIPEI).date())[0].clocks


def clock_words_in_force() -> Mapping[str, Any]:
    """The body of the clocks policy in force: pauses and events with their words."""
    return body_in_force(CLOCKS)


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


class Content(Protocol):
    """A version's content, from the database or tried before it is there."""

    @property
    def policy_id(self) -> str: ...
    @property
    def county(self) -> str | None: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


@lru_cache(maxsize=256)
def _built(numbers: tuple[int, ...], day: dt.date, lenient: bool = True) -> TriagePolicies:
    return tables_from(
        PolicyVersion.objects.filter(pk__in=numbers).order_by("pk"), day, lenient=lenient
    )


def tables_from(
    versions: Iterable[Content], day: dt.date, *, lenient: bool = False
) -> TriagePolicies:
    """The tables that versions make together on `day`, or on their first day where that is later.

    With `lenient` an overlay that does not fit is left out and named. Raises PolicyFault, CellError,
    PolicyGap.
    """
    listed = list(versions)
    national = {one.policy_id: one for one in listed if one.county is None}
    clocks: Mapping[str, Any] = national[CLOCKS].body if CLOCKS in national else {"clocks": []}
    tables = [one for one in national.values() if one.policy_id != CLOCKS]
    begun = max([day, *(_begins(one) for one in national.values())])
    overlays, broken = _overlays([one for one in listed if one.county], national, lenient)
    built = policies_on(
        begun, [_source(one, None) for one in tables], with_dates(clocks), overlays, lenient=lenient
    )
    left_out = (*broken, *built.left_out)
    for overlay in left_out:
        logger.error("Overlay %s does not fit the national table and is left out.", overlay)
    return replace(built, left_out=left_out)


def _begins(one: Content) -> dt.date:
    return dt.date.fromisoformat(str(one.body.get("valid_from", "2026-01-01"))[:10])


def _overlays(
    tables: Iterable[Content], national: Mapping[str, Content], lenient: bool
) -> tuple[list[TableSource], list[str]]:
    """Overlays as sources, and with `lenient` the names of those that cannot be read at all."""
    read: list[TableSource] = []
    broken: list[str] = []
    for one in tables:
        try:
            read.append(_source(one, national.get(one.policy_id)))
        except (AnwangError, KeyError):
            if not lenient:
                raise
            broken.append(key_of(one.policy_id, one.county))
    return read, broken


def _source(version: Content, national: Content | None) -> TableSource:
    """The version's table. When it ends is its term's affair: a report is judged all the same."""
    body = with_dates(version.body)
    if national is not None:
        body = completed(body, national.body)
    return read_table(body | {"county": version.county, "valid_to": None}, specs_in_use())
