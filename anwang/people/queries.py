"""Whom a description may mean: candidates by blocking keys, scored and ranked in process.

These queries are the matcher's: they read everybody and run as a program (decision 6). Whoever
shows what they find to a person asks for a permit first.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, Final

from django.db import connection

from anwang.access.queries.seals import not_sealed
from anwang.people.rules.columns import Row, row_of, unpack
from anwang.people.rules.forms import Forms
from anwang.people.rules.keys import query_keys
from anwang.people.rules.relatives import Relative, relative_meant
from anwang.people.rules.scoring import Model, Reason, Scored, is_probable, load_model, rank

# A key that very many share (a dormitory's door, a very common name) tells little, and a search
# must not pay for it: so many identities of one key are read.
MOST_OF_A_KEY: Final = 200
# Of all hits so many are looked up, and so many of those compared, rarest keys in common first.
MOST_LOOKED_UP: Final = 240
MOST_CANDIDATES: Final = 60
# Records of one person with the same keys in common say the same; so many of them are compared.
_MOST_ALIKE: Final = 2
MOST_KEYS: Final = 120

_CANDIDATES: Final = f"""
with asked (q, key) as (select * from unnest(%s::int[], %s::bigint[])),
found as materialized (
    select a.q, hit.nos, 20 - ln(cardinality(hit.nos)) as worth
    from asked a cross join lateral (
        select array_agg(k.identity_no) as nos from (
            select identity_no from people_key where key = a.key order by identity_no limit %s) k
    ) hit
    where hit.nos is not null
),
hits as (
    select f.q, one.no, round(sum(f.worth)::numeric, 3) as worth
    from found f cross join lateral unnest(f.nos) one (no) group by 1, 2
),
placed as (
    select *, row_number() over (partition by q order by worth desc, no) as place from hits
),
known as materialized (
    select p.q, p.no, p.worth, i.person_id, i.packed,
        row_number() over (partition by p.q, i.person_id, p.worth order by p.no) as again
    from placed p cross join lateral (
        select person_id, packed from people_identity i
        where i.no = p.no and not superseded and person_id is not null
            and {not_sealed("i.record_id")}
        limit 1
    ) i
    where p.place <= %s
)
select q, person_id, packed,
    (select reltuples::bigint from pg_class where oid = 'people_person'::regclass)
from (
    select *, row_number() over (partition by q order by worth desc, no) as place
    from known where again <= %s
) best
where place <= %s
order by q, place
"""  # noqa: S608 - constants only
_IDENTITIES: Final = f"""
select person_id, source_id, record_key, record_id, id_token, forms::text
from people_identity where person_id = any(%s::uuid[]) and not superseded
    and {not_sealed("people_identity.record_id")}
order by person_id, source_id, record_key
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """A person who may be meant, ranked among all who may be. `accepted`: the model takes it for a
    probable link.

    `name`, `born` (a whole date only) and `sex` are those of the person's fullest record;
    `records` are (source, record key) of every current record behind the person.
    """

    person_id: uuid.UUID
    probability: float
    weight: float
    reasons: tuple[Reason, ...]
    accepted: bool
    name: str = ""
    born: date | None = None
    sex: str = ""
    records: tuple[tuple[str, str], ...] = ()

    @property
    def scored(self) -> Scored:
        """The score as the rules give and take it."""
        return Scored(self.weight, self.probability, self.reasons)


@dataclass(frozen=True, slots=True)
class IdentityView:
    """The normal forms of one current record of a person."""

    person_id: uuid.UUID
    source: str
    record_key: str
    record_id: uuid.UUID
    id_token: bytes | None
    forms: Forms

    @property
    def fullness(self) -> tuple[Any, ...]:
        """Higher tells the person more fully; ties fall the same way at every call."""
        one = self.forms
        dated = one.year is not None and one.month is not None and one.day is not None
        written = bool(one.given) and not one.name_masked
        return (self.id_token is not None, dated, written, bool(one.sex), self.source)


@cache
def shipped_model() -> Model:
    """The linkage model in force, read once a process."""
    return load_model()


def find_people(forms: Forms, *, limit: int = 5, model: Model | None = None) -> list[PersonMatch]:
    """The best `limit` persons for one description, best first; empty where nobody is near.

    Two round trips whatever the size of the register. Accept a match only where it says so.
    """
    return find_many([forms], limit=limit, model=model)[0]


def find_many(
    asked: Sequence[Forms], *, limit: int = 5, model: Model | None = None
) -> list[list[PersonMatch]]:
    """`find_people` for several descriptions in the same two round trips, in their order."""
    model = model or shipped_model()
    candidates, persons = _candidates(asked)
    model = model.for_population(_population(model, persons))
    ranked = [
        rank(row_of(forms), near, model)[:limit]
        for forms, near in zip(asked, candidates, strict=True)
    ]  # fmt: skip
    behind = identities_of({person for found in ranked for person, _ in found})
    return [
        [_match(person, scored, behind.get(person, []), model) for person, scored in found]
        for found in ranked
    ]


def relatives_meant(
    told: Mapping[int, tuple[Forms, Mapping[uuid.UUID, bool | None]]], *, model: Model | None = None
) -> dict[int, PersonMatch]:
    """Who of a known family is meant by each description: index -> match, where one is.

    `told`: index -> (forms, the family's persons, each with whether the told relation is theirs).
    One query. Two descriptions never mean one person: the surer keeps it.
    """
    model = model or shipped_model()
    behind = identities_of({person for _, family in told.values() for person in family})
    found: dict[uuid.UUID, tuple[int, Scored]] = {}
    for index, (forms, family) in told.items():
        relatives = [
            Relative(person, [row_of(one.forms) for one in behind.get(person, [])], related)
            for person, related in family.items()
        ]
        meant = relative_meant(row_of(forms), relatives, model)
        if meant and (meant[0] not in found or found[meant[0]][1].weight < meant[1].weight):
            found[meant[0]] = (index, meant[1])
    return {
        index: replace(_match(person, scored, behind[person], model), accepted=True)
        for person, (index, scored) in found.items()
    }


def identities_of(person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[IdentityView]]:
    """Current identities by person, ordered by source and key. One query."""
    wanted = list(person_ids)
    found: dict[uuid.UUID, list[IdentityView]] = {}
    if not wanted:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITIES, [wanted])
        for person, source, key, record, token, packed in cursor.fetchall():
            forms = Forms.unpack(json.loads(packed))
            number = bytes(token) if token is not None else None
            found.setdefault(person, []).append(
                IdentityView(person, source, key, record, number, forms)
            )
    return found


def addresses_of(person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[int]]:
    """Keys of the addresses (down to the floor) that each person's current records name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select person_id, array_agg(distinct full_key) from people_identity"  # noqa: S608 - constants
            " where person_id = any(%s::uuid[]) and not superseded and full_key is not null"
            f" and {not_sealed('people_identity.record_id')}"
            " group by person_id",
            [list(person_ids)],
        )
        return dict(cursor.fetchall())


def told_best(identities: Sequence[IdentityView]) -> Forms:
    """The forms of the record that tells the person most fully; empty forms for none."""
    return max(identities, key=lambda one: one.fullness).forms if identities else Forms()


def born_on(forms: Forms) -> date | None:
    """The whole date of birth, None where a part is missing or it is no date."""
    if forms.year is None or forms.month is None or forms.day is None:
        return None
    try:
        return date(forms.year, forms.month, forms.day)
    except ValueError:
        return None


def _candidates(asked: Sequence[Forms]) -> tuple[list[list[tuple[uuid.UUID, Row]]], int]:
    """Persons with a record that shares a key, for each description; and how many persons the
    database believes it holds.
    """
    near: list[list[tuple[uuid.UUID, Row]]] = [[] for _ in asked]
    keys = [
        (place, key) for place, forms in enumerate(asked) for key in query_keys(forms)[:MOST_KEYS]
    ]
    persons = 0
    if not keys:
        return near, persons
    unpacked: dict[bytes, Row] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _CANDIDATES,
            [[place for place, _ in keys], [key for _, key in keys],
             MOST_OF_A_KEY, MOST_LOOKED_UP, _MOST_ALIKE, MOST_CANDIDATES],
        )  # fmt: skip
        for place, person, packed, persons in cursor.fetchall():  # noqa: B007
            if packed not in unpacked:
                unpacked[packed] = unpack(packed)
            near[place].append((person, unpacked[packed]))
    return near, persons


def _population(model: Model, persons: int) -> int:
    """The register's size in doublings of the model's: small changes must not move a score."""
    doublings = max(0, math.ceil(math.log2(max(persons, 1) / model.population)))
    return model.population << doublings


def _match(
    person: uuid.UUID, scored: Scored, identities: list[IdentityView], model: Model
) -> PersonMatch:
    best = told_best(identities)
    return PersonMatch(
        person_id=person,
        probability=scored.probability,
        weight=scored.weight,
        reasons=scored.reasons,
        accepted=is_probable(scored, model),
        name=best.name,
        born=born_on(best),
        sex=best.sex,
        records=tuple((one.source, one.record_key) for one in identities),
    )
