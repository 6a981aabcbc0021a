"""Candidates from the index: nearest by keys, then looked up in the database in one round trip.

The database says who is current, whose they are and who is sealed, at the moment of the question.
Records that came after the build are read from its tables in the same statement, so that an answer
is never stale; a record that ended since is dropped.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection

from anwang.access.queries.seals import not_sealed
from anwang.people.nation.layout import IndexDamaged, current, definition, folder_of
from anwang.people.nation.reading import NationIndex
from anwang.people.queries.prepared import array_text, fetch_prepared

CandidateRow = tuple[int, bytes | None, bytes | None, int]
"""Of one question (a place among them): its candidates' persons and packed columns, each one behind the
other and nearest first, None where there are none; persons in all."""
# So many more are looked up than are wanted: for those that ended or came since the build.
_SPARE: Final = 40
_log = logging.getLogger(__name__)

_LOOK_UP: Final = f"""
with fresh as (
    select a.q, a.key, k.identity_no as no
    from unnest((select %s::int[]), (select %s::bigint[])) as a (q, key)
    cross join lateral (
        select identity_no from people_key where key = a.key and identity_no > (select %s::bigint)
        order by identity_no limit (select %s::int)
    ) k
)
select f.q, f.key, f.no, i.person_id, i.packed, null::bigint
from fresh f left join lateral (
    select person_id, packed from people_identity i
    where i.no = f.no and not superseded and person_id is not null and {not_sealed("i.record_id")}
    limit 1
) i on true
union all
select null, null, n.no, i.person_id, null,
    (select reltuples::bigint from pg_class where oid = 'people_person'::regclass)
from unnest((select %s::bigint[])) as n (no)
cross join lateral (
    select person_id from people_identity i
    where i.no = n.no and not superseded and person_id is not null and {not_sealed("i.record_id")}
    limit 1
) i
"""  # noqa: S608 - constants only
_ENDS: Final = """
select (select record_id::text from people_identity order by no limit 1),
    (select record_id::text from people_identity where no = %s)
"""


@dataclass(slots=True)
class _Opened:
    """What is open: the build by its folder, in which database it was found to belong."""

    build: Path | None = None
    database: str = ""
    index: NationIndex | None = None


_opened = _Opened()


def instance_of(last: int) -> str:
    """What tells this database's records up to number `last` from any other's."""
    with connection.cursor() as cursor:
        cursor.execute(_ENDS, [last])
        return "{}:{}".format(*cursor.fetchone())


def open_index() -> NationIndex | None:
    """The index in use, None where there is none for this code and this database.

    A damaged one is reported and left alone: the tables answer, more slowly.
    """
    build = current(folder_of())
    database = str(connection.settings_dict["NAME"])
    if (build, database) != (_opened.build, _opened.database):
        _opened.build, _opened.database = build, database
        _opened.index = None if build is None else _fitting(build)
    return _opened.index


def _fitting(build: Path) -> NationIndex | None:
    try:
        index = NationIndex(build)
    except IndexDamaged as damage:
        _log.error("%s", damage)
        return None
    manifest = index.manifest
    if manifest.definition != definition():
        _log.warning("the index of persons was built by another version; build it anew")
        return None
    if manifest.instance != instance_of(manifest.last):
        _log.warning("the index of persons was built from another database")
        return None
    return index


def nearest(
    index: NationIndex, keys: Sequence[int], most_of_a_key: int
) -> tuple[dict[int, int], npt.NDArray[np.int64], npt.NDArray[Any]]:
    """(key -> how many records have it, their places, what each is worth): places rise."""
    counts: dict[int, int] = {}
    held = []
    worths = []
    for key in keys:
        places = index.sharing(key, most_of_a_key)
        if len(places):
            counts[key] = len(places)
            held.append(places)
            worths.append(np.full(len(places), worth_of(len(places))))
    if not held:
        return counts, np.empty(0, dtype=np.int64), np.empty(0)
    places, where = np.unique(np.concatenate(held), return_inverse=True)
    return counts, places, np.bincount(where, np.concatenate(worths))


def worth_of(count: int) -> float:
    """What a key that so many records have is worth: as the tables' statement has it."""
    return float(1_000_000 // count)


def look_up(
    index: NationIndex,
    keys: Sequence[Sequence[int]],
    *,
    most: int,
    most_of_a_key: int,
    fewer: int,
    connection: psycopg.Connection[Any] | None = None,
) -> Iterator[CandidateRow]:
    """The `most` nearest current records for each question, nearest first, without those that have
    `fewer` times fewer votes than the nearest. `keys`: those of each question. One round trip, of
    `connection` where one is given.
    """
    asked = [(place, key) for place, mine in enumerate(keys) for key in mine]
    near = [_Near(index, mine, most + _SPARE, most_of_a_key) for mine in keys]
    numbers = sorted({number for one in near for number in one.worth})
    rows = fetch_prepared(
        _LOOK_UP,
        [array_text(place for place, _ in asked), array_text(key for _, key in asked),
         index.manifest.watermark, most_of_a_key, array_text(numbers)], connection,
    )  # fmt: skip
    persons = 0
    known: dict[int, uuid.UUID] = {}
    for place, key, number, person, packed, told in rows:
        if place is None:
            known[number], persons = person, told
        else:
            near[place].add(key, number, person, packed)
    for place, one in enumerate(near):
        best = list(one.best(index, known, most, fewer))
        ids = b"".join(person.bytes for person, _ in best)
        yield place, ids, b"".join(packed for _, packed in best), persons


class _Near:
    """The records near one question: those of the index, and those that came after it."""

    def __init__(
        self, index: NationIndex, keys: Sequence[int], most: int, most_of_a_key: int
    ) -> None:
        self._keys = keys
        self._most_of_a_key = most_of_a_key
        self._counts, places, worths = nearest(index, keys, most_of_a_key)
        if len(places) > most:
            chosen = np.lexsort((places, -worths))[:most]
            places, worths = places[chosen], worths[chosen]
        numbers = index.numbers(places).tolist()
        self.worth: dict[int, float] = dict(zip(numbers, worths.tolist(), strict=True))
        self._place = dict(zip(numbers, places.tolist(), strict=True))
        self._fresh: dict[int, list[int]] = {}
        self._told: dict[int, tuple[uuid.UUID, bytes]] = {}

    def add(self, key: int, number: int, person: uuid.UUID | None, packed: bytes | None) -> None:
        """A record that came after the build. One that is not current only counts for its key."""
        self._fresh.setdefault(key, []).append(number)
        if person is not None and packed is not None:
            self._told[number] = (person, packed)

    def best(
        self, index: NationIndex, known: Mapping[int, uuid.UUID], most: int, fewer: int
    ) -> Iterator[tuple[uuid.UUID, bytes]]:
        """(person, packed) of the nearest that are current."""
        if self._fresh:
            self._weigh_anew(index)
        ordered = sorted(self.worth, key=lambda number: (-self.worth[number], number))
        standing = [number for number in ordered if number in known or number in self._told]
        for number in standing[:most]:
            if self.worth[number] * fewer < self.worth[standing[0]]:
                break
            if number in self._told:
                yield self._told[number]
            else:
                yield known[number], index.packed(self._place[number])

    def _weigh_anew(self, index: NationIndex) -> None:
        """A key that new records have too is worth less, and they are near as well."""
        worth: dict[int, float] = dict.fromkeys(self.worth, 0.0)
        for key in self._keys:
            before = self._counts.get(key, 0)
            room = self._most_of_a_key - before
            new = self._fresh.get(key, [])[:room]
            if not before + len(new):
                continue
            value = worth_of(before + len(new))
            held = _numbers(index, key, self._most_of_a_key) if before else ()
            for number in (*held, *new):
                if number in worth or number in self._told:
                    worth[number] = worth.get(number, 0.0) + value
        self.worth = worth


def _numbers(index: NationIndex, key: int, most: int) -> Iterable[Any]:
    numbers: list[int] = index.numbers(index.sharing(key, most)).tolist()
    return numbers
