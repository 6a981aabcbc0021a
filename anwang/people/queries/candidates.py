"""Candidates for descriptions: the records that share the rarest keys with each, in one round trip.

The work of one description is bounded whatever the register holds: `MOST_KEYS` keys, of each
`MOST_OF_A_KEY` records, of all those `MOST_CANDIDATES` looked up and compared.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from anwang.access.queries.seals import not_sealed
from anwang.people.queries.nation import CandidateRow, look_up, open_index
from anwang.people.queries.prepared import array_text, fetch_prepared, note_persons
from anwang.people.rules.forms import Forms
from anwang.people.rules.keys import query_keys

MOST_KEYS: Final = 120
# A key that very many share (a dormitory's door, a very common name) tells little, and a search
# must not pay for it.
MOST_OF_A_KEY: Final = 200
# Records of one person share their keys: these are some thirty persons in three registries.
MOST_CANDIDATES: Final = 80
# Descriptions asked in one statement: what it sorts stays in memory.
AT_ONCE: Final = 500

# A key gives one vote, which those who share it divide: whoever shares a rare key is among the
# candidates, however many share the crowded ones. Each step is bounded by its own limit and goes by an
# index, so that no planner's guess about the next one matters.
NEAREST: Final = f"""
with hits as (
    select a.q, k.identity_no as no,
        1000000 / count(*) over (partition by a.q, a.key) as worth
    from unnest((select %s::int[]), (select %s::bigint[])) as a (q, key)
    cross join lateral (
        select identity_no from people_key where key = a.key order by identity_no limit {MOST_OF_A_KEY}
    ) k
),
placed as (
    select q, no, row_number() over (partition by q order by sum(worth) desc, no) as place
    from hits group by q, no
)
select p.q, i.person_id, i.packed,
    (select reltuples::bigint from pg_class where oid = 'people_person'::regclass)
from placed p cross join lateral (
    select person_id, packed from people_identity i
    where i.no = p.no and not superseded and person_id is not null
        and {not_sealed("i.record_id")}
    limit 1
) i
where p.place <= {MOST_CANDIDATES}
order by p.q, p.place
"""  # noqa: S608 - constants only


@dataclass(slots=True)
class Candidates:
    """Records near some descriptions: parallel lists, in the descriptions' order, nearest first.

    `places` says whose candidate each is; `persons` is the number the database believes it holds.
    """

    places: list[int]
    person_ids: list[uuid.UUID]
    packed: list[bytes]
    persons: int = 0

    def without(self, pairs: set[tuple[int, uuid.UUID]]) -> Candidates:
        """The same without the (place, person) pairs that somebody has rejected."""
        if not pairs:
            return self
        kept = [
            at for at, pair in enumerate(zip(self.places, self.person_ids, strict=True))
            if pair not in pairs
        ]  # fmt: skip
        return Candidates(
            [self.places[at] for at in kept],
            [self.person_ids[at] for at in kept],
            [self.packed[at] for at in kept],
            self.persons,
        )


def candidates_of(asked: Sequence[Forms]) -> Candidates:
    """Current, unsealed records of persons that share a key with a description.

    One round trip for up to 500 descriptions. Where an index of the nation stands beside the
    database, it finds whom the tables would find.
    """
    found = Candidates([], [], [])
    for begin in range(0, len(asked), AT_ONCE):
        places: list[int] = []
        keys: list[int] = []
        for place, forms in enumerate(asked[begin : begin + AT_ONCE], start=begin):
            mine = query_keys(forms)[:MOST_KEYS]
            places.extend([place] * len(mine))
            keys.extend(mine)
        if not keys:
            continue
        rows: Iterable[CandidateRow]
        if (index := open_index()) is not None:
            rows = look_up(index, places, keys, most=MOST_CANDIDATES, most_of_a_key=MOST_OF_A_KEY)
        else:
            rows = fetch_prepared(NEAREST, [array_text(places), array_text(keys)])
        for place, person, packed, persons in rows:
            found.places.append(place)
            found.person_ids.append(person)
            found.packed.append(packed)
            found.persons = persons
    if found.persons:
        note_persons(found.persons)
    return found
