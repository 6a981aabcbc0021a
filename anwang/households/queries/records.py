"""What was known of persons at an instant: the records that counted then, with their facts.

A record counts when it is the newest version of its key known by then, is not withdrawn, and was
judged to be the person's by then. One call of the database reads a whole household
(migrations/0001_reading.py); every step in it is bounded.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from anwang.households.rules.living_together import MOST_TOGETHER
from anwang.people.queries import IdentityView
from anwang.people.queries.prepared import array_text, fetch_prepared
from anwang.people.rules.forms import Forms
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds

RESIDENCE: Final = ("registered-residence", "actual-residence")
# What a kind must mean for the key of its facts to be the number of somebody else.
_NAMES_ANOTHER: Final = ("kin", "guardian", "apart")
_COLUMNS: Final = "person, source, record_key, record, token, forms::text, said, facts::text"
_AROUND: Final = f"""
select a.place - 1, {_COLUMNS}
from unnest(%s::text[], %s::text[], %s::text[], %s::date[])
    with ordinality a (persons, places, doors, as_of, place)
cross join lateral households.around(a.persons::uuid[], a.places::bigint[], a.doors::bigint[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s, a.as_of, %s::timestamptz, %s)
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact as stored, with whose record said it and when that became known."""

    person_id: uuid.UUID
    source: str
    known_at: datetime
    kind: str
    key: str | None
    value: Mapping[str, Any]
    valid_from: date | None
    valid_to: date | None
    record_id: uuid.UUID


@dataclass(slots=True)
class Known:
    """What was known of some persons: their identities and their facts."""

    identities: dict[uuid.UUID, list[IdentityView]] = field(default_factory=dict)
    facts: list[StoredFact] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> Known:
        """From rows of `households.around`."""
        found = cls()
        told = _Told()
        rows = list(rows)
        # One text to read instead of hundreds.
        stated = json.loads(f"[{','.join(row[-1] for row in rows)}]")
        for (person, source, key, record, token, forms, said, _), facts in zip(
            rows, stated, strict=True
        ):
            number = bytes(token) if token is not None else None
            found.identities.setdefault(person, []).append(
                IdentityView(person, source, key, record, number, told[forms])
            )
            found.facts += [_fact(person, source, said, record, row) for row in facts]
        return found


class _Told(dict[str, Forms]):
    """Stored forms -> forms. A source tells one person alike in each of its records."""

    def __missing__(self, stored: str) -> Forms:
        forms = self[stored] = Forms.unpack(json.loads(stored))
        return forms


@cache
def kinds() -> dict[str, FactKind]:
    """The kinds of facts, read once a process."""
    return load_fact_kinds()


@cache
def naming_kinds() -> tuple[str, ...]:
    """Kinds whose facts name somebody else by number."""
    return tuple(one.id for one in kinds().values() if one.households in _NAMES_ANOTHER)


@cache
def together_kinds() -> tuple[str, ...]:
    """Kinds whose facts name a registered household."""
    return tuple(one.id for one in kinds().values() if one.households == "registered-together")


@cache
def residence_kinds() -> tuple[str, ...]:
    """Kinds whose facts say where somebody is registered or lives."""
    return tuple(one.id for one in kinds().values() if one.households in RESIDENCE)


def bounds(sources: Sequence[str]) -> list[Any]:
    """Parameters of a reading: by which kinds and sources it goes on from a person, and how far."""
    return [
        list(naming_kinds()), list(together_kinds()), list(residence_kinds()), list(sources),
        MOST_TOGETHER,
    ]  # fmt: skip


def asking(sources: Sequence[str], as_of: date, known_at: datetime, *, earlier: bool) -> list[Any]:
    """The last parameters of a reading: its bounds, of which day, as known when."""
    return [*bounds(sources), as_of, known_at, earlier]


@dataclass(frozen=True, slots=True)
class Centre:
    """Where a reading begins: persons, and keys of places and doors that were told; of which day."""

    persons: Iterable[uuid.UUID]
    places: Iterable[int]
    doors: Iterable[int]
    as_of: date


def known_around(
    centres: Sequence[Centre], sources: Sequence[str], known_at: datetime, *, earlier: bool
) -> list[Known]:
    """For each centre its persons, who is beside them or at a place told, and their kin.

    `earlier`: links as judged then. One statement for all, or none where nothing is asked.
    """
    wanted = [
        [*(array_text(each) for each in (one.persons, one.places, one.doors)), one.as_of]
        for one in centres
    ]
    asked = [place for place, centre in enumerate(wanted) if centre[:3] != ["{}"] * 3]
    if not asked:
        return [Known() for _ in centres]
    columns = map(list, zip(*(wanted[place] for place in asked), strict=True))
    rows: dict[int, list[Sequence[Any]]] = {}
    for place, *row in fetch_prepared(_AROUND, [*columns, *bounds(sources), known_at, earlier]):
        rows.setdefault(asked[place], []).append(row)
    return [Known.of(rows.get(place, ())) for place, _ in enumerate(centres)]


def _fact(
    person: uuid.UUID, source: str, known_at: datetime, record: uuid.UUID, row: list[Any]
) -> StoredFact:
    kind, key, value, since, until = row
    return StoredFact(person, source, known_at, kind, key, value, _day(since), _day(until), record)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
