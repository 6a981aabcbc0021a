"""What was known of persons at an instant: the records that counted then, with their facts.

A record counts when it is the newest version of its key known by then, is not withdrawn, and was
judged to be the person's by then. Every read is bounded and none is done a person at a time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from django.db import connection

from anwang.access.queries.seals import not_sealed
from anwang.households.rules.living_together import MOST_TOGETHER
from anwang.people.queries import IdentityView
from anwang.people.rules.forms import Forms
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds

_MOST_RECORDS: Final = 600

# The judgement in force stands beside the identity. For an earlier day it is the last one made by
# then; before the first, what that one undid.
_PERSON_NOW: Final = "i.person_id"
_PERSON_THEN: Final = """(select case
    when not exists (select from people_link l where l.record_id = i.record_id) then i.person_id
    else (coalesce(
        (select array_agg(case when l.judgement = 'same' then l.person_id end
                          order by l.judged_at desc) filter (where l.judged_at <= %(known_at)s)
         from people_link l where l.record_id = i.record_id),
        (select array_agg(case when l.judgement <> 'same' then l.person_id end
                          order by l.judged_at)
         from people_link l where l.record_id = i.record_id)
    ))[1] end)"""
_IDENTITIES: Final = """
with mine as (
    select i.record_id from people_identity i where i.person_id = any(%(persons)s::uuid[])
    {linked}
),
judged as (
    select {person} as person_id, i.source_id, i.record_key, i.record_id, i.id_token, i.forms
    from mine join people_identity i on i.record_id = mine.record_id
)
select person_id, source_id, record_key, record_id, id_token, forms::text
from judged where person_id = any(%(persons)s::uuid[]) and {open}
order by source_id, record_key
"""
# The sources stand here as constants, so that the others' partitions are not even planned for.
_RECORDS: Final = """
select m.record_id, v.known_at,
    (select json_agg(json_build_array(f.kind, f.key, f.value, f.valid_from, f.valid_to)
                     order by f.id)::text
     from registries_fact f
     where f.source_id = any(%(sources)s::text[])
       and f.source_id = m.source_id and f.record_id = m.record_id)
from unnest(%(records)s::uuid[], %(of)s::text[], %(keys)s::text[])
    as m (record_id, source_id, record_key)
cross join lateral (
    select r.id, r.withdrawn, d.known_at
    from registries_record r join registries_delivery d on d.id = r.delivery_id
    where r.source_id = any(%(sources)s::text[])
      and r.source_id = m.source_id and r.record_key = m.record_key
      and d.state = 'published' and d.known_at <= %(known_at)s
    order by d.known_at desc limit 1
) v
where v.id = m.record_id and not v.withdrawn
"""
_LINKED: Final = """union
    select l.record_id from people_link l where l.person_id = any(%(persons)s::uuid[])"""

_NEAR: Final = """
select 'token', encode(i.id_token, 'hex'), {person}
from unnest(%(tokens)s::bytea[]) t (token) cross join lateral (
    select * from people_identity where id_token = t.token and {open} order by no limit %(records)s
) i
union
select 'key', f.key, {person}
from unnest(%(keys)s::text[]) k (key) cross join lateral (
    select g.key, g.record_id from registries_fact g
    where g.key = k.key and g.kind = any(%(kinds)s) and g.source_id = any(%(sources)s)
    order by g.id limit %(records)s
) f join people_identity i on i.record_id = f.record_id and {open_i}
union
select 'place', i.full_key::text, {person}
from unnest(%(places)s::bigint[]) p (place) cross join lateral (
    select * from people_identity where full_key = p.place and {open} order by no limit %(records)s
) i
union
select 'door', d.door::text, {person}
from unnest(%(doors)s::bigint[]) d (door) cross join lateral (
    select identity_no from people_key where key = d.door order by identity_no limit %(records)s
) k join people_identity i on i.no = k.identity_no and {open_i}
"""


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


@dataclass(slots=True)
class Known:
    """What was known of some persons: their identities and their facts."""

    identities: dict[uuid.UUID, list[IdentityView]] = field(default_factory=dict)
    facts: list[StoredFact] = field(default_factory=list)

    def add(self, other: Known) -> None:
        """Take in what was known of other persons."""
        self.identities |= other.identities
        self.facts += other.facts


@dataclass(slots=True)
class Asked:
    """What leads from known persons to others."""

    tokens: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    places: set[int] = field(default_factory=set)
    doors: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.tokens or self.keys or self.places or self.doors)


@cache
def kinds() -> dict[str, FactKind]:
    """The kinds of facts, read once a process."""
    return load_fact_kinds()


def known_of(persons: Collection[uuid.UUID], known_at: datetime, *, then: bool) -> Known:
    """What counted for `persons` at `known_at`. `then`: judge links as of that instant too."""
    found = Known()
    judged = _identities(persons, known_at, then=then) if persons else []
    counting = _counting(judged, known_at) if judged else {}
    for one in judged:
        if one.record_id in counting:
            said, facts = counting[one.record_id]
            found.identities.setdefault(one.person_id, []).append(one)
            found.facts += [_fact(one.person_id, one.source, said, row) for row in facts]
    return found


def _identities(
    persons: Collection[uuid.UUID], known_at: datetime, *, then: bool
) -> list[IdentityView]:
    """Identities judged to be of `persons`, all versions of a record among them."""
    statement = _IDENTITIES.format(
        person=_PERSON_THEN if then else _PERSON_NOW,
        linked=_LINKED if then else "",
        open=not_sealed("judged.record_id"),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {"persons": list(persons), "known_at": known_at})
        return [
            IdentityView(
                person, source, key, record, bytes(token) if token is not None else None,
                Forms.unpack(json.loads(packed)),
            )
            for person, source, key, record, token, packed in cursor.fetchall()
        ]  # fmt: skip


def _counting(
    judged: Sequence[IdentityView], known_at: datetime
) -> dict[uuid.UUID, tuple[datetime, list[Any]]]:
    """Records that are the newest of their key at `known_at`: when they became known, their facts."""
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORDS,
            {
                "records": [one.record_id for one in judged],
                "of": [one.source for one in judged],
                "keys": [one.record_key for one in judged],
                "sources": sorted({one.source for one in judged}),
                "known_at": known_at,
            },
        )
        return {
            record: (said, json.loads(facts or "[]")) for record, said, facts in cursor.fetchall()
        }


def near(
    asked: Asked, sources: Sequence[str], known_at: datetime, *, then: bool
) -> dict[tuple[str, str], set[uuid.UUID]]:
    """Persons reached by (way, key). A key behind which too many stand reaches nobody."""
    found: dict[tuple[str, str], set[uuid.UUID]] = {}
    if not asked:
        return found
    statement = _NEAR.format(
        person=_PERSON_THEN if then else _PERSON_NOW,
        open=not_sealed("people_identity.record_id"), open_i=not_sealed("i.record_id"),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "tokens": [bytes.fromhex(one) for one in sorted(asked.tokens)],
                "keys": sorted(asked.keys),
                "kinds": sorted(asked.kinds),
                "sources": list(sources),
                "places": sorted(asked.places),
                "doors": sorted(asked.doors),
                "records": _MOST_RECORDS,
                "known_at": known_at,
            },
        )
        for way, key, person in cursor.fetchall():
            if person is not None:
                found.setdefault((way, key), set()).add(person)
    return {way: persons for way, persons in found.items() if len(persons) <= MOST_TOGETHER}


def _fact(person: uuid.UUID, source: str, known_at: datetime, row: list[Any]) -> StoredFact:
    kind, key, value, since, until = row
    return StoredFact(person, source, known_at, kind, key, value, _day(since), _day(until))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
