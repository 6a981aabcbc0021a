"""Links all records of registries at once and writes what that changes.

What is written follows from what is stored: broken off, it goes on where it stopped; run again, it
changes nothing. A person's word is never changed, and settled persons are proposed, not merged.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import numpy as np
import psycopg

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.vocabulary import Act
from anwang.common.copying import NULL, copy_text, json_cell, raw_connection, text_of
from anwang.people.actions.identities import IDENTIFY_LOCK, PURPOSE
from anwang.people.actions.lines import person_ids
from anwang.people.batch.base import Base
from anwang.people.batch.reading import as_numbers, renew, settled, standing, words
from anwang.people.rules.assigning import Assigned, assign
from anwang.people.rules.clusters import NOBODY, Doubt, Pairs, Partition, Places, Records, partition
from anwang.people.rules.comparisons import COMPARISONS
from anwang.people.rules.engines import Levels
from anwang.people.rules.scoring import Model

_CHANGES_AT_ONCE: Final = 10_000
_REVIEWS: Final = uuid.UUID("0a3c5f5e-8a53-4a2e-9d0e-6a1f3f0c4d21")
Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, how much there is."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What one run found: records read anew, pairs scored, records that changed persons, the size
    of the review queue.
    """

    read: int
    scored: int
    changed: int
    review: int


@dataclass(frozen=True, slots=True)
class _Found:
    """The records in their places, and all that decides about them."""

    numbers: Places
    records: Records
    pairs: Pairs
    levels: Levels
    parts: Partition
    persons: list[uuid.UUID]
    assigned: Assigned
    doubts: list[Doubt]


def link_all(base: Base, *, actor: Actor, progress: Progress | None = None) -> Linked:
    """Link every record of the registries. `base` may be empty or of an earlier run."""
    told = progress or (lambda what, done, of: None)
    with acting(actor, PURPOSE):
        raw = raw_connection()
        at = _instant(raw)
        numbers, known = standing(raw)
        read = renew(raw, base, numbers, partial(told, "read"))
        spoken, kept = words(raw), settled(raw)
    scored = base.compare(partial(told, "compared"))
    found = _decide(base, numbers, known, spoken, kept)
    changed = _write(found, known, base.model, at, actor, told)
    with acting(actor, PURPOSE):
        review = _review(found, base.model, actor)
    return Linked(read, scored, changed, review)


def _decide(
    base: Base,
    numbers: Places,
    known: list[uuid.UUID],
    spoken: Iterable[tuple[int, uuid.UUID, str]],
    kept: set[uuid.UUID],
) -> _Found:
    numbers_held, records = base.records()
    assert np.array_equal(numbers, numbers_held)
    spoken = list(spoken)
    persons, place_of, before = as_numbers(known, kept | {person for _, person, _ in spoken})
    of_person: dict[int, list[int]] = defaultdict(list)
    spoken_of = np.isin(before, [place_of[one] for _, one, _ in spoken])
    for place in np.flatnonzero(spoken_of).tolist():
        of_person[int(before[place])].append(place)
    apart = []
    for number, person, judgement in spoken:
        place = int(np.searchsorted(numbers, number))
        if judgement == "same":
            records.pinned[place] = place_of[person]
        else:  # undone by a person: not proposed again, whether or not as somebody else
            apart += [(place, other) for other in of_person[place_of[person]] if other != place]
    pairs, levels = base.pairs(numbers)
    parts = partition(
        records, pairs, base.model, contradicting=base.contradicting(numbers), apart=apart
    )
    assigned = assign(records, parts.cluster, before, {place_of[one] for one in kept})
    doubts = [*parts.doubts, *_odd(base.alike(numbers), parts.cluster, apart), *assigned.merges]
    return _Found(numbers, records, pairs, levels, parts, persons, assigned, doubts)


def _odd(alike: Pairs, cluster: Places, apart: Iterable[tuple[int, int]]) -> Iterator[Doubt]:
    """One name and one birth under two numbers. What a person has parted is not asked again, through
    whichever records of the two persons it was said.
    """
    parted = {frozenset(cluster[list(pair)].tolist()) for pair in apart}
    for one, other, weight in zip(
        alike.left.tolist(), alike.right.tolist(), alike.weight.tolist(), strict=True
    ):
        persons = frozenset(cluster[[one, other]].tolist())
        if len(persons) == 2 and persons not in parted:
            yield Doubt("two-numbers", (one, other), weight)


_TEMPORARY: Final = """
create temporary table if not exists relinking (no bigint, person uuid, earlier uuid, link_id uuid,
    probability float8, weight float8, reasons jsonb) on commit delete rows
"""
_MOVE: Final = (
    """
delete from relinking r using people_identity i
where i.no = r.no and (i.superseded or i.person_id is distinct from r.earlier or exists (
    select from people_link l where l.record_id = i.record_id and l.by_person
        and l.judged_at > %(at)s))
""",
    """
insert into people_person (id, made_at)
select distinct r.person, clock.now() from relinking r
where not exists (select from people_person p where p.id = r.person)
""",
    """
insert into people_link (id, record_id, person_id, judgement, author, by_person, probability,
    weight, reasons, judged_at)
select r.link_id, i.record_id, r.person, 'same', %(author)s, false, r.probability, r.weight,
    r.reasons, clock.now()
from relinking r join people_identity i using (no)
""",
    # Earlier versions of the record follow it: their facts are the same person's past.
    """
update people_identity v set person_id = r.person
from relinking r join people_identity i using (no)
where v.source_id = i.source_id and v.record_key = i.record_key
  and (v.no = i.no or v.superseded and v.person_id = r.earlier)
""",
)


def _write(
    found: _Found,
    known: list[uuid.UUID],
    model: Model,
    at: datetime,
    actor: Actor,
    told: Progress,
) -> int:
    """Write the persons that changed, portion by portion; returns how many records did."""
    ids = _ids(found)
    person = found.assigned.person
    changed = [
        int(place) for place in range(len(person)) if ids[int(person[place])] != known[place]
    ]
    written = 0
    for begin in range(0, len(changed), _CHANGES_AT_ONCE):
        portion = changed[begin : begin + _CHANGES_AT_ONCE]
        lines = list(_lines(found, ids, known, portion, model))
        with acting(actor, PURPOSE), raw_connection().cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [IDENTIFY_LOCK])
            cursor.execute(_TEMPORARY)
            cursor.execute("truncate relinking")
            copy_text(cursor, "relinking", _COLUMNS, text_of(lines))
            for statement in _MOVE:
                cursor.execute(statement, {"at": at, "author": model.version})
            written += cursor.execute("select count(*) from relinking").fetchall()[0][0]
            record_event(
                Act.RECORDS_LINKED, actor=actor, object_kind="linking", purpose=PURPOSE,
                detail={"records": len(portion), "model": model.version},
            )  # fmt: skip
        told("written", begin + len(portion), len(changed))
    return written


_COLUMNS: Final = ("no", "person", "earlier", "link_id", "probability", "weight", "reasons")
_NIL: Final = uuid.UUID(int=0)


def _ids(found: _Found) -> dict[int, uuid.UUID]:
    """Person's number -> id, new ones included."""
    ids = dict(enumerate(found.persons))
    new = sorted({int(one) for one in found.assigned.person if one < NOBODY}, reverse=True)
    return ids | dict(zip(new, map(uuid.UUID, person_ids(len(new))), strict=True))


def _lines(
    found: _Found,
    ids: Mapping[int, uuid.UUID],
    known: list[uuid.UUID],
    portion: list[int],
    model: Model,
) -> Iterator[str]:
    number = model.weights["national_id"]["same"]
    by_number = json_cell([number._asdict()])
    for place in portion:
        person = ids[int(found.assigned.person[place])]
        earlier = NULL if known[place] == _NIL else str(known[place])
        pair = int(found.parts.by_pair[place])
        if pair != NOBODY:
            weight = float(found.pairs.weight[pair])
            probability = 1 / (1 + model.population * 2.0**-weight)
            reasons = json_cell(_reasons(found.levels, pair, model))
        elif found.records.number[place]:
            weight, probability, reasons = number.weight, 1.0, by_number
        else:
            weight, probability, reasons = 0.0, 1.0, "[]"
        yield "\t".join(
            map(
                str,
                (found.numbers[place], person, earlier, uuid.uuid4(), probability, weight, reasons),
            )
        )


def _reasons(levels: Levels, pair: int, model: Model) -> list[dict[str, Any]]:
    told = []
    for comparison in COMPARISONS:
        if (level := int(levels[comparison.name][pair])) >= 0:
            told.append(model.weights[comparison.name][comparison.names[level]]._asdict())
    return told


_RECORDS: Final = (
    "select no, record_id, source_id || ' ' || record_key, person_id from people_identity"
    " where no = any(%s)"
)
_PUT: Final = """
insert into people_review (id, kind, matter, records, persons, reasons, margin, author, state)
values (gen_random_uuid(), %s, %s, %s, %s, %s, %s, %s, 'open')
on conflict (matter) do update set state = 'open', until = null, persons = excluded.persons,
    records = excluded.records where people_review.state = 'gone'
"""
_GONE: Final = """
update people_review set state = 'gone', until = clock.now()
where state = 'open' and about is null and author <> 'person' and not matter = any(%s)
"""


def _review(found: _Found, model: Model, actor: Actor) -> int:
    """Put the doubts to review; what is no longer doubtful leaves. Returns the queue's size."""
    wanted = sorted({int(found.numbers[place]) for one in found.doubts for place in one.places})
    with raw_connection().cursor() as cursor:
        cursor.execute(_RECORDS, [wanted])
        told = {number: rest for number, *rest in cursor.fetchall()}
        rows = {}
        for one in found.doubts:
            records = [told[int(found.numbers[place])] for place in one.places]
            keys = "\n".join([one.kind, *sorted(key for _, key, _ in records)])
            persons = list(dict.fromkeys(person for *_, person in records if person))
            reasons = [{"kind": one.kind, "margin": round(one.weight, 3)}]
            rows[uuid.uuid5(_REVIEWS, keys)] = (
                [record for record, *_ in records], persons, json.dumps(reasons), one.weight,
                one.kind,
            )  # fmt: skip
        cursor.executemany(
            _PUT,
            [
                (kind, matter, records, persons, reasons, margin, model.version)
                for matter, (records, persons, reasons, margin, kind) in rows.items()
            ],
        )
        cursor.execute(_GONE, [list(rows)])
        cursor.execute("select count(*) from people_review where state = 'open'")
        size = int(cursor.fetchall()[0][0])
    record_event(
        Act.RECORDS_LINKED, actor=actor, object_kind="linking", purpose=PURPOSE,
        detail={"review": size, "model": model.version},
    )  # fmt: skip
    return size


def _instant(connection: psycopg.Connection[Any]) -> datetime:
    with psycopg.Cursor(connection) as cursor:
        cursor.execute("select clock.now()")
        found: datetime = cursor.fetchall()[0][0]
    return found
