"""Looks whether the records of a person agree: findings raised, kept, and withdrawn when they do.

Done after a delivery's records are identified, for the persons that it touches, in SQL and in one
transaction; what is found stands beside the records and changes none.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from django.db import connection

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.copying import raw_connection
from anwang.people.models import Comparison
from anwang.people.rules.consistency import cross_rules, looked_at

PURPOSE: Final = "consistency"
# Persons: what is laid side by side of so many takes some five gigabytes; all records are read anew for
# each portion, so that a region of a million and some is one.
PORTION: Final = 1_250_000


@dataclass(frozen=True, slots=True)
class Compared:
    """How many persons were looked at, findings new, and findings withdrawn."""

    persons: int
    found: int
    withdrawn: int


def ask_to_compare(delivery_id: uuid.UUID) -> None:
    """Leave word, in the running transaction, that the persons of a delivery are to be looked at."""
    Comparison.objects.update_or_create(delivery_id=delivery_id, defaults={"done_at": None})


def compare_waiting(*, actor: Actor) -> Compared:
    """Look at the persons of all deliveries that wait for it, ended records included, at once: a
    person of many deliveries is looked at one time.
    """
    with acting(actor, PURPOSE), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        waiting = Comparison.objects.filter(done_at=None)
        deliveries = list(waiting.values_list("delivery_id", flat=True))
        if not deliveries:
            return Compared(0, 0, 0)
        compared = _compare_in_portions(deliveries)
        Comparison.objects.filter(pk__in=deliveries).update(
            done_at=clock_now(), persons=compared.persons, found=compared.found,
            withdrawn=compared.withdrawn,
        )  # fmt: skip
        record_event(
            Act.RECORDS_COMPARED, actor=actor, object_kind="delivery", object_ids=deliveries,
            purpose=PURPOSE,
            detail={"persons": compared.persons, "found": compared.found,
                    "withdrawn": compared.withdrawn},
        )  # fmt: skip
    return compared


def _compare_in_portions(deliveries: list[uuid.UUID]) -> Compared:
    """So many persons at a time, since what all of a full load say would not lie on the disk twice.

    The tables are emptied, not made anew: what is dropped stays on the disk until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TEMPORARY)
        cursor.execute(_WAITING, {"deliveries": deliveries})
        persons, compared = cursor.rowcount, Compared(0, 0, 0)
        for first in range(0, persons, PORTION):
            cursor.execute(_EMPTY)
            cursor.execute(_PERSONS, {"first": first, "end": first + PORTION})
            one = _compare(cursor.rowcount)
            compared = Compared(
                compared.persons + one.persons,
                compared.found + one.found,
                compared.withdrawn + one.withdrawn,
            )
        cursor.execute(_DROP)
    return compared


def _compare(persons: int) -> Compared:
    """Run every rule over the persons in `comparing_person` and settle their findings."""
    rules = list(cross_rules().values())
    asked = looked_at(rules)
    with connection.cursor() as cursor:
        for statement in (
            _LEFT_FACTS,
            _LEFT_COLUMNS,
            _ANALYZE,
            _RIGHT_FACTS,
            _RIGHT_COLUMNS,
            _ANALYZE,
        ):
            cursor.execute(statement, asked)
        cursor.execute("create index comparing_kinds on comparing_said (kind, person_id)")
    with raw_connection().cursor() as plain:
        for rule in rules:
            plain.execute(rule.statement)
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW)
        withdrawn = cursor.rowcount
        cursor.execute(_RAISE)
        return Compared(persons, cursor.rowcount, withdrawn)


_LOCK: Final = 815_031
_TEMPORARY: Final = """
create temporary table comparing_person (person_id uuid primary key) on commit drop;
create temporary table comparing_said (person_id uuid, record_id uuid, source_id text,
    record_key text, fact_id bigint, kind text, key text, value jsonb, begins date, ends date)
    on commit drop;
create temporary table comparing_found (rule text, person_id uuid, left_source text, left_key text,
    left_record uuid, left_fact bigint, right_source text, right_key text, right_record uuid,
    right_fact bigint, digest text) on commit drop;
"""
_EMPTY: Final = """
drop index if exists comparing_kinds;
truncate comparing_person, comparing_said, comparing_found
"""
_DROP: Final = "drop table comparing_waiting, comparing_person, comparing_said, comparing_found"
_ANALYZE: Final = "analyze comparing_said"
_WAITING: Final = """
create temporary table comparing_waiting on commit drop as
select row_number() over () - 1 as place, person_id from (
    select distinct i.person_id from people_identity i
    where i.person_id is not null and (i.delivery_id = any(%(deliveries)s)
        or (i.source_id, i.record_key) in (
            select r.source_id, r.record_key from registries_record r
            join registries_delivery d on d.id = r.delivery_id and d.source_id = r.source_id
            where d.id = any(%(deliveries)s) and r.withdrawn))) asked
"""
_PERSONS: Final = """
insert into comparing_person
select person_id from comparing_waiting where place >= %(first)s and place < %(end)s
"""
# What a left side of some rule looks at is laid out whole; of what only right sides look at, what stands
# against a left side of the same person, and of columns what differs from it: most records say what the
# register says, and nobody's visits matter beside no death and no journey.
_FACTS: Final = """
insert into comparing_said
select i.person_id, i.record_id, i.source_id, i.record_key, f.id, f.kind, f.key, f.value,
    coalesce(f.valid_from, '-infinity'), coalesce(f.valid_to, 'infinity')
from comparing_person p
join people_identity i on i.person_id = p.person_id and not i.superseded
join registries_fact f on f.record_id = i.record_id and f.source_id = i.source_id
where """
_LEFT_FACTS: Final = _FACTS + "f.kind = any(%(left_kinds)s)"
_RIGHT_FACTS: Final = (
    _FACTS  # noqa: S608 - constants only
    + """f.kind = any(%(right_kinds)s) and (i.person_id, f.kind) in (
    select l.person_id, pair.right_kind
    from unnest(%(pair_left)s::text[], %(pair_right)s::text[]) pair (left_kind, right_kind)
    join comparing_said l on l.kind = pair.left_kind)"""
)
_LEFT_COLUMNS: Final = """
insert into comparing_said
select i.person_id, i.record_id, i.source_id, i.record_key, null, 'column:' || c.name,
    r.values ->> c.name, null, '-infinity', 'infinity'
from comparing_person p
join people_identity i on i.person_id = p.person_id and not i.superseded
join registries_record r on r.id = i.record_id and r.source_id = i.source_id
cross join unnest(%(columns)s::text[], %(column_sources)s::text[]) c (name, source)
where r.values ? c.name and i.source_id = c.source
"""
# Records in the same words (alike.py) differ together or not at all: the first of them is asked for all.
# So a rule compares columns that are among these words (tests/people/test_consistency.py).
_RIGHT_COLUMNS: Final = """
with firsts as materialized (
    select i.person_id, i.no, i.record_id, i.source_id
    from comparing_person p join people_identity i using (person_id)
    where not i.superseded and i.like_no is null
), differing as materialized (
    select i.person_id, i.no, c.name, c.source
    from firsts i
    join registries_record r on r.id = i.record_id and r.source_id = i.source_id
    cross join unnest(%(columns)s::text[], %(column_sources)s::text[]) c (name, source)
    where exists (
        select from comparing_said l where l.person_id = i.person_id and l.source_id = c.source
          and l.kind = 'column:' || c.name and l.key <> r.values ->> c.name)
)
insert into comparing_said
select i.person_id, i.record_id, i.source_id, i.record_key, null, 'column:' || d.name,
    r.values ->> d.name, null, '-infinity', 'infinity'
from differing d
join people_identity i on i.person_id = d.person_id and not i.superseded
    and coalesce(i.like_no, i.no) = d.no
join registries_record r on r.id = i.record_id and r.source_id = i.source_id
where i.source_id <> d.source
"""
_WITHDRAW: Final = """
update people_finding f set until = clock.now()
from comparing_person p
where f.person_id = p.person_id and f.until is null and not exists (
    select from comparing_found c where c.rule = f.rule and c.person_id = f.person_id
      and c.left_source = f.left_source and c.left_key = f.left_key
      and c.right_source = f.right_source and c.right_key = f.right_key and c.digest = f.digest)
"""
_RAISE: Final = """
insert into people_finding (id, rule, person_id, left_source, left_key, left_record, left_fact,
    right_source, right_key, right_record, right_fact, digest, since)
select gen_random_uuid(), rule, person_id, left_source, left_key, left_record, left_fact,
    right_source, right_key, right_record, right_fact, digest, clock.now()
from comparing_found
on conflict do nothing
"""
