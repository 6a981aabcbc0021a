"""Everybody's living-together group on a day: the `household_id` of outputs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from django.db import connection, transaction

from anwang.access.queries.seals import not_sealed
from anwang.common.clock import clock_now
from anwang.households.queries.records import kinds
from anwang.households.rules.evidence import FactView
from anwang.households.rules.living_together import (
    MOST_TOGETHER,
    Residence,
    living_together,
    residences_of,
)
from anwang.people.rules.addresses import parse_address

_ROWS: Final = 20_000
_NAMESPACE: Final = uuid.UUID("6d2f3b7e-50c6-4b52-9b7c-1a7b7b7c6f10")
_RESIDENCES: Final = f"""
select i.person_id::text, f.kind, f.key, f.value->>'address', f.source_id, d.known_at,
    f.valid_from, f.valid_to
from registries_fact f
join people_identity i on i.record_id = f.record_id
join registries_delivery d on d.id = f.delivery_id
where f.kind = any(%(kinds)s) and not i.superseded and i.person_id is not null
  and d.state = 'published' and d.known_at <= %(known_at)s
  and coalesce(f.valid_from, %(as_of)s) <= %(as_of)s
  and coalesce(f.valid_to, 'infinity') > %(as_of)s
  and {not_sealed("i.record_id")}
"""  # noqa: S608 - constants only
# Whom a record names by number, as the persons with that number; nobody where several have it.
_KIN: Final = f"""
with numbered as (
    select encode(id_token, 'hex') as token, min(person_id::text) as person from people_identity
    where id_token is not null and not superseded and person_id is not null group by id_token
    having count(distinct person_id) = 1
)
select i.person_id::text, n.person
from registries_fact f
join people_identity i on i.record_id = f.record_id
join registries_delivery d on d.id = f.delivery_id
join numbered n on n.token = f.key
where f.kind = any(%(kinds)s) and not i.superseded and i.person_id is not null
  and d.state = 'published' and d.known_at <= %(known_at)s
  and coalesce(f.valid_from, %(as_of)s) <= %(as_of)s
  and {not_sealed("i.record_id")}
"""  # noqa: S608 - constants only
_MEANINGS: Final = (
    "registered-together", "registered-residence", "actual-residence", "lives-elsewhere",
)  # fmt: skip


def household_id_of(group: frozenset[str]) -> uuid.UUID:
    """The id of a living-together group: the same as long as its first member is."""
    return uuid.uuid5(_NAMESPACE, min(group))


def household_ids(*, as_of: date) -> dict[str, uuid.UUID]:
    """Person -> household on `as_of`, by all that is known now. Persons of whom no residence is
    known, and those in groups too large to be a household, are missing: each lives alone for all
    we know (`household_id_of(frozenset({person}))`).
    """
    known_at = clock_now()
    groups = living_together(_residences(as_of, known_at), _kin(as_of, known_at))
    return {
        person: household_id_of(group)
        for person, group in groups.items()
        if len(group) <= MOST_TOGETHER
    }


def _residences(as_of: date, known_at: datetime) -> Iterator[Residence]:
    """Words on residence, read in slices; only what holds on the day leaves the database."""
    wanted = [one.id for one in kinds().values() if one.households in _MEANINGS]
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_RESIDENCES, {"kinds": wanted, "known_at": known_at, "as_of": as_of})
        while rows := cursor.fetchmany(_ROWS):
            views = [
                FactView(
                    person, kind, {}, source, known, since, until, key,
                    place=_place(address),
                )
                for person, kind, key, address, source, known, since, until in rows
            ]  # fmt: skip
            yield from residences_of(views, kinds(), as_of)


def _kin(as_of: date, known_at: datetime) -> Iterator[tuple[str, str]]:
    """Parents, children and spouses said by number."""
    wanted = [one.id for one in kinds().values() if one.kin]
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_KIN, {"kinds": wanted, "known_at": known_at, "as_of": as_of})
        while rows := cursor.fetchmany(_ROWS):
            yield from rows


def _place(address: str | None) -> str | None:
    key = parse_address(address).full_key
    return str(key) if key else None
