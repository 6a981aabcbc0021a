"""Identities of one batch as lines for the database, and what settles whose they are."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import psycopg

from anwang.common.copying import NULL, copy_text, json_cell, text_cell, text_of
from anwang.people.actions.alike import write_alike
from anwang.people.queries.rejections import rejected
from anwang.people.rules.columns import pack
from anwang.people.rules.forms import Forms
from anwang.people.rules.keys import blocking_keys

if TYPE_CHECKING:
    from anwang.people.actions.searching import Search

Asked = tuple[int, str, list[int], Forms, Forms, int | None]
"""Number, line, keys, forms to store, forms to ask with and digest of the words, of a record without
a valid number; no digest where the same words need not have the same answer.
"""


def person_ids(count: int) -> list[str]:
    """Random uuids (version 4) as hex: persons' ids are shown outside (decision 12)."""
    noise = os.urandom(16 * count).hex()
    return [
        f"{one[:12]}4{one[13:16]}8{one[17:]}"
        for one in (noise[at : at + 32] for at in range(0, 32 * count, 32))
    ]


def head_of_link_ids() -> str:
    """The head of a run's link ids: with an identity's number behind it, they rise as it does."""
    return f"{uuid.uuid4().hex[:12]}4{uuid.uuid4().hex[:3]}8000"


@dataclass(slots=True)
class IdentityLines:
    """What one batch adds: lines for the temporary tables, records in the words of others, and
    records to ask the scorer.
    """

    identities: list[str] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    count: int = 0
    # Who has a number, while the batch is made; emptied before it travels to another process.
    holders: dict[bytes, list[tuple[int, Forms]]] = field(default_factory=dict)

    def add(
        self, line: str, number: int, keys: Iterable[int], chosen: str = f"{NULL}\t1\t0\t[]"
    ) -> None:
        """Add an identity with its keys. `chosen`: person, probability, weight and reasons."""
        self._append(line, number, keys, chosen, NULL)

    def add_by_number(self, line: str, number: int, keys: Iterable[int], forms: Forms) -> None:
        """Add an identity whose valid number decides; the first of the batch that has it leads."""
        assert forms.id_token is not None
        holders = self.holders.setdefault(forms.id_token, [])
        twin = next((first for first, held in holders if do_not_contradict(held, forms)), NULL)
        holders.append((number, forms))
        self._append(line, number, keys, f"{NULL}\t1\t0\t[]", twin)

    def _append(
        self, line: str, number: int, keys: Iterable[int], chosen: str, twin: int | str
    ) -> None:
        joined = ",".join(map(str, keys))
        self.identities.append(f"{line}\t{chosen}\t{twin}\t{{{joined}}}")


def do_not_contradict(one: Forms, other: Forms) -> bool:
    """Whether two holders of a number may be one person; `_SETTLE` asks the same of stored ones."""
    return (
        one.name_folded == other.name_folded
        or one.name_sound == other.name_sound
        or not (one.name_folded and other.name_folded and one.day and other.day)
        or (one.year, one.month, one.day) == (other.year, other.month, other.day)
    )


def identity_line(
    number: int,
    record_id: str,
    record_key: str,
    forms: Forms,
    person: str,
    link: str,
    told: int | None,
) -> str:
    """The first part of a line of `identifying`; `IdentityLines.add` appends the rest."""
    token = NULL if forms.id_token is None else "\\\\x" + forms.id_token.hex()
    full_key = forms.address.full_key or NULL
    packed = f"{json_cell(forms.pack())}\t\\\\x{pack(forms).hex()}"
    key = text_cell(record_key)
    digest = NULL if told is None else told
    return (
        f"{number}\t{record_id}\t{key}\t{packed}\t{token}\t{full_key}\t{person}\t{link}\t{digest}"
    )


_TEMPORARY: Final = """
create temporary table if not exists identifying (no bigint, record_id uuid, record_key text,
    forms jsonb, packed bytea, id_token bytea, full_key bigint, fresh uuid, link_id uuid, told bigint,
    chosen uuid, probability float8, weight float8, reasons jsonb, twin bigint,
    keys bigint[]) on commit delete rows;
create temporary table if not exists identified (no bigint, person uuid, twin bigint, fresh boolean,
    kept boolean) on commit delete rows;
"""
_EMPTY: Final = "truncate identifying, identified"
_COLUMNS: Final = (
    "no", "record_id", "record_key", "forms", "packed", "id_token", "full_key", "fresh", "link_id",
    "told", "chosen", "probability", "weight", "reasons", "twin", "keys",
)  # fmt: skip

# Equal numbers are one person unless name and day of birth both say otherwise: then a slip in one
# registry happened to pass the checksum, and joining would put one family's past on another's file.
# (`+ 0` keeps the planner from walking the primary key instead of the token's index.)
# `known`: who has the number already; `twin`: the first row of this batch that has it;
# `earlier`: who the record's last version was, unless the number now says somebody else.
# Whom a person has rejected for this record is not proposed again, by number or by history.
_NOT_REJECTED: Final = (
    f"""and not (%(seen_before)s and {rejected("%(source)s", "n.record_key", "i.person_id")})"""
)
_SETTLE: Final = f"""
insert into identified
select n.no, coalesce(earlier.person_id, n.chosen, known.person_id, n.fresh), n.twin,
       coalesce(earlier.person_id, n.chosen, known.person_id) is null,
       earlier.person_id is not null
from identifying n
left join lateral (
    select i.person_id from people_identity i
    where i.id_token = n.id_token and i.like_no is null and i.person_id is not null and (
        i.forms->'f' = n.forms->'f' or i.forms->'s' = n.forms->'s'
        or not (i.forms ? 'f' and n.forms ? 'f' and i.forms ? 'd' and n.forms ? 'd')
        or (i.forms->'y' = n.forms->'y' and i.forms->'m' = n.forms->'m'
            and i.forms->'d' = n.forms->'d'))
      {_NOT_REJECTED}
    order by i.no + 0 limit 1) known on n.id_token is not null
left join lateral (
    select i.person_id from people_identity i
    where %(seen_before)s and i.source_id = %(source)s and i.record_key = n.record_key
      and i.person_id is not null
      and (i.id_token = n.id_token or i.id_token is null or n.id_token is null
           or known.person_id is null)
      {_NOT_REJECTED}
    order by i.no + 0 desc limit 1) earlier on true
"""  # noqa: S608 - constants only
_SETTLE_TWINS: Final = """
update identified follower set person = leader.person, fresh = false from identified leader
where follower.fresh and leader.no = follower.twin
"""
_SUPERSEDE: Final = """
update people_identity i set superseded = true from identifying n
where i.source_id = %(source)s and i.record_key = n.record_key and not i.superseded
returning i.no, case when i.like_no is null then i.forms::text end
"""
_SUPERSEDE_WITHDRAWN: Final = """
update people_identity i set superseded = true
from registries_record r, registries_delivery d
where r.source_id = %(source)s and r.delivery_id = %(delivery)s and r.withdrawn
  and r.id > %(delivery)s and r.id <= %(end)s
  and i.source_id = %(source)s and i.record_key = r.record_key and not i.superseded
  and d.id = i.delivery_id and d.known_at < %(known_at)s
returning i.no, case when i.like_no is null then i.forms::text end
"""
_DROP_KEYS: Final = """
delete from people_key k using unnest(%s::bigint[], %s::bigint[]) as gone (no, key)
where k.key = gone.key and k.identity_no = gone.no
"""
_WRITE: Final = (
    """
insert into people_person (id, made_at)
select distinct d.person, %(at)s::timestamptz from identified d
where not exists (select from people_person p where p.id = d.person)
""",
    """
insert into people_identity (no, record_id, source_id, record_key, delivery_id, person_id, forms,
    packed, id_token, full_key, superseded, told, keys)
select n.no, n.record_id, %(source)s, n.record_key, %(delivery)s, d.person, n.forms, n.packed, n.id_token,
    n.full_key, false, n.told, n.keys
from identifying n join identified d using (no) order by n.no
""",
    """
insert into people_key (key, identity_no)
select key, no from identifying cross join unnest(keys) as key order by key
""",
    """
insert into people_link (id, record_id, person_id, judgement, author, by_person, probability,
    weight, reasons, judged_at)
select n.link_id, n.record_id, d.person, 'same', %(author)s, false, n.probability,
    case when d.kept or d.fresh or n.chosen is not null then n.weight else %(by_number)s end,
    case when n.chosen is not null then n.reasons
         when d.kept then '[{"comparison": "record_key", "level": "same", "weight": 0}]'
         when d.fresh then '[]' else %(number_reason)s::jsonb end,
    %(at)s::timestamptz
from identifying n join identified d using (no) order by n.no
""",
)


def write_identities(
    connection: psycopg.Connection[Any],
    source_id: str,
    delivery_id: str,
    made: IdentityLines,
    search: Search,
    *,
    seen_before: bool,
) -> list[str]:
    """Write one batch in the running transaction; may run in another thread.

    First those with a valid number, then those that must be asked of everybody, the first included,
    then those in the words of others. Returns the ids of those of the last that are still to be
    written, each by itself.
    """
    place = search.place() | {
        "source": source_id, "delivery": delivery_id, "seen_before": seen_before,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TEMPORARY)
        _write(cursor, made, place, seen_before=seen_before)
        if made.asked:
            answered = search.answer(cursor, made.asked, source_id if seen_before else None)
            _write(cursor, answered, place, seen_before=seen_before)
        return write_alike(cursor, made.alike, place) if made.alike else []


def _write(
    cursor: psycopg.Cursor[Any],
    made: IdentityLines,
    place: Mapping[str, object],
    *,
    seen_before: bool,
) -> None:
    if not made.identities:
        return
    cursor.execute(_EMPTY)
    copy_text(cursor, "identifying", _COLUMNS, text_of(made.identities))
    cursor.execute(_SETTLE, place)
    cursor.execute(_SETTLE_TWINS)
    if seen_before:
        cursor.execute(_SUPERSEDE, place)
        drop_keys(cursor, _unpacked(cursor.fetchall()))
    for statement in _WRITE:
        cursor.execute(statement, place)


def end_identities(connection: psycopg.Connection[Any], place: Mapping[str, object]) -> int:
    """Supersede the identities whose record was withdrawn by a delivery; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_SUPERSEDE_WITHDRAWN, place)
        ended = cursor.fetchall()
        drop_keys(cursor, _unpacked(ended))
    return len(ended)


def _unpacked(gone: Iterable[tuple[Any, ...]]) -> list[tuple[int, dict[str, Any]]]:
    """Number and forms of those that have keys of their own."""
    return [(number, json.loads(forms)) for number, forms in gone if forms is not None]


def drop_keys(cursor: psycopg.Cursor[Any], gone: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Take superseded identities (number, packed forms) out of the live search."""
    pairs = [(number, key) for number, forms in gone for key in blocking_keys(Forms.unpack(forms))]
    if pairs:
        numbers, keys = zip(*pairs, strict=True)
        cursor.execute(_DROP_KEYS, [list(numbers), list(keys)])
