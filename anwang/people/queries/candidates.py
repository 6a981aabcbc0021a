"""Candidates for descriptions: the records that share the rarest keys with each, in one round trip.

The work of one description is bounded whatever the register holds: `MOST_KEYS` keys, of each
`MOST_OF_A_KEY` records, of all those `MOST_CANDIDATES` looked up and compared.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import psycopg

from anwang.access.queries.seals import not_sealed
from anwang.people.queries.nation import CandidateRow, look_up, open_index
from anwang.people.queries.prepared import array_text, fetch_prepared, note_persons
from anwang.people.rules.columns import STORED
from anwang.people.rules.forms import Forms
from anwang.people.rules.keys import query_keys

MOST_KEYS: Final = 120
# A key that very many share (a dormitory's door, a very common name) tells little, and a search
# must not pay for it.
MOST_OF_A_KEY: Final = 200
# Records of one person share their keys: these are some thirty persons in three registries.
MOST_CANDIDATES: Final = 80
# Who has so many times fewer votes than the nearest of those that stand is not compared: such a record
# shares nothing but a crowded key with the question, and another one shares rare keys.
TIMES_FEWER: Final = 32
# Descriptions asked in one statement: while it runs, those of the last one are compared.
AT_ONCE: Final = 125
_ID_WIDTH: Final = 16

KeysOfEach: TypeAlias = Sequence[Sequence[int]]
"""The keys to ask for each of some descriptions."""

# A key gives one vote, which those who share it divide: whoever shares a rare key is among the
# candidates, however many share the crowded ones. Who has few votes beside the nearest is not looked
# up. Each step is bounded by its own limit, goes by an index and sees one description: nothing large
# is sorted, and no planner's guess about the next one matters. Those who are `placed` stay in their order:
# a step with a limit of its own can only be taken for one after the other.
NEAREST: Final = f"""
select a.q - 1, near.persons, near.packed,
    (select reltuples::bigint from pg_class where oid = 'people_person'::regclass)
from unnest((select %s::int[]), (select %s::int[])) with ordinality as a (first, last, q)
cross join lateral (
    with placed as (
        select no, sum(worth) as votes from (
            select unnest(held.numbers) as no, 1000000 / nullif(cardinality(held.numbers), 0) as worth
            from unnest((select %s::bigint[])[a.first:a.last]) as asked (key)
            cross join lateral (
                select array(
                    select identity_no from people_key where key = asked.key
                    order by identity_no limit {MOST_OF_A_KEY}
                ) as numbers offset 0
            ) held
        ) hit group by no order by votes desc, no limit {MOST_CANDIDATES}
    ),
    nearest as (
        select placed.votes from placed cross join lateral (
            select from people_identity i
            where i.no = placed.no and not superseded and person_id is not null
                and {not_sealed("i.record_id")}
            limit 1
        ) standing limit 1
    )
    select string_agg(uuid_send(i.person_id), ''::bytea) as persons,
        string_agg(i.packed, ''::bytea) as packed
    from placed cross join lateral (
        select person_id, packed from people_identity i
        where i.no = placed.no and not superseded and person_id is not null
            and packed is not null and {not_sealed("i.record_id")}
        limit 1
    ) i
    where placed.votes * {TIMES_FEWER} >= (select votes from nearest)
) near
"""  # noqa: S608 - constants only


@dataclass(slots=True)
class Candidates:
    """Records near some descriptions, in the descriptions' order, nearest first.

    `places` says whose candidate each is. `person_ids` and `packed` have the bytes of each one's person
    and columns, one behind the other. `persons` is the number the database believes it holds.
    """

    places: npt.NDArray[np.int64]
    person_ids: bytes = b""
    packed: bytes = b""
    persons: int = 0

    def __len__(self) -> int:
        return len(self.places)

    def without(self, pairs: set[tuple[int, uuid.UUID]]) -> Candidates:
        """The same without the (place, person) pairs that somebody has rejected."""
        if not pairs or not self.packed:
            return self
        ids = np.frombuffer(self.person_ids, dtype=f"V{_ID_WIDTH}")
        columns = np.frombuffer(self.packed, dtype=f"V{STORED.itemsize}")
        kept = np.ones(len(self.places), dtype=bool)
        for place, person in pairs:
            mine = np.flatnonzero(self.places == place)
            kept[[at for at in mine.tolist() if ids[at].tobytes() == person.bytes]] = False
        return Candidates(
            self.places[kept], ids[kept].tobytes(), columns[kept].tobytes(), self.persons
        )

    def each(self) -> Iterator[tuple[int, str, bytes]]:
        """(place, person's id in figures, columns) of each."""
        figures, width = self.person_ids.hex(), STORED.itemsize
        for at, place in enumerate(self.places.tolist()):
            person = figures[2 * _ID_WIDTH * at : 2 * _ID_WIDTH * (at + 1)]
            yield place, person, self.packed[width * at : width * (at + 1)]


def keys_of(asked: Iterable[Forms]) -> KeysOfEach:
    """The keys to ask for each description."""
    return [query_keys(forms)[:MOST_KEYS] for forms in asked]


def asked_as(keys: KeysOfEach) -> list[str]:
    """The parameters of `NEAREST` for descriptions with these keys."""
    ends = list(accumulate(map(len, keys), initial=0))
    every = (key for mine in keys for key in mine)
    return [array_text(end + 1 for end in ends[:-1]), array_text(ends[1:]), array_text(every)]


def counted_from(begin: int, rows: Iterable[CandidateRow]) -> Iterator[CandidateRow]:
    """The same rows, where a statement asked for the descriptions from `begin` on."""
    return ((begin + place, ids, packed, persons) for place, ids, packed, persons in rows)


def joined(rows: Iterable[CandidateRow]) -> Candidates:
    """The candidates that rows of `NEAREST` tell."""
    places: list[int] = []
    person_ids: list[bytes] = []
    packed: list[bytes] = []
    persons = 0
    for place, ids, columns, told in rows:
        persons = told
        if ids and columns:
            places.append(place)
            person_ids.append(ids)
            packed.append(columns)
    counts = [len(ids) // _ID_WIDTH for ids in person_ids]
    whose = np.repeat(np.array(places, dtype=np.int64), counts)
    return Candidates(whose, b"".join(person_ids), b"".join(packed), persons)


def candidates_of(
    asked: Sequence[Forms],
    keys: KeysOfEach | None = None,
    connection: psycopg.Connection[Any] | None = None,
) -> Candidates:
    """Current, unsealed records of persons that share a key with a description. `keys`: what
    `keys_of` gave for them, where that was called before. `connection`: another than the thread's.

    One round trip for up to 125 descriptions. Where an index of the nation stands beside the
    database, it finds whom the tables would find.
    """
    keys = keys_of(asked) if keys is None else keys
    index = open_index()
    rows: list[CandidateRow] = []
    for begin in range(0, len(keys), AT_ONCE):
        some = keys[begin : begin + AT_ONCE]
        if not any(some):
            continue
        if index is not None:
            found: Iterable[CandidateRow] = look_up(
                index, some, most=MOST_CANDIDATES, most_of_a_key=MOST_OF_A_KEY, fewer=TIMES_FEWER,
                connection=connection,
            )  # fmt: skip
        else:
            found = fetch_prepared(NEAREST, asked_as(some), connection)
        rows.extend(counted_from(begin, found))
    near = joined(rows)
    if near.persons:
        note_persons(near.persons)
    return near
