"""Records in the same words as one that is known: whose they are is settled, their forms are made.

A register tells of a person in the same words with every visit, dose and journey. The first record in
these words is identified as any other; those after it take its person and link in one statement, and share
its forms and keys (trigger `part_alike`). Words with a valid number are one person. Without a number
the same words are answered alike only where the scorer found somebody by them; who was found nowhere
stays apart, as two persons of one name may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import psycopg

from anwang.common.copying import copy_text, text_cell, text_of
from anwang.people.nation.layout import definition

# What `forms_of` reads of a stored record; tests/people/test_alike.py holds it to that.
TELLING: Final = (
    "national_id", "name", "name_romanised", "sex", "birth_date", "birth", "birth_year",
    "birth_month", "birth_day", "phone", "phone_2", "address", "previous_address",
)  # fmt: skip
_WORDS: Final = ", ".join(f"r.values -> '{name}'" for name in TELLING)

# Records by id, and for each the record in the same words that stands already. `again`: an earlier
# version was identified, so what people have said of that one must be asked. Numbers with a slip are
# sealed and cannot be compared here: their records have no digest.
READ: Final = f"""
with batch as materialized (
    select r.id, r.record_key, r.values, r.id_cipher, r.withdrawn,
        decode(r.values ->> 'national_id', 'hex') as token,
        case when not r.withdrawn and (r.values ? 'national_id' or r.id_cipher is null)
            then hashtextextended(jsonb_build_array({_WORDS})::text, %(definition)s) end as told,
        %(seen_before)s and exists (select from people_identity e
            where e.source_id = %(source)s and e.record_key = r.record_key) as again
    from registries_record r
    where r.source_id = %(source)s and r.delivery_id = %(delivery)s
      and r.id > %(last)s and r.id <= %(end)s
    order by r.id limit %(limit)s
)
select b.id::text, b.record_key, case when f.no is null then b.values::text else '' end,
    case when f.no is null then b.id_cipher end, b.withdrawn, b.told, b.again, f.no
from batch b left join lateral (
    select i.no from people_identity i
    where i.told = b.told and not i.superseded and i.person_id is not null
      and i.id_token is not distinct from b.token
      and (b.token is not null or exists (select from people_link l
           where l.record_id = i.record_id and l.person_id = i.person_id and l.judgement = 'same'
             and not l.by_person and l.reasons <> '[]'))
    order by i.no + 0 limit 1
) f on b.told is not null and not b.again
order by b.id
"""  # noqa: S608 - constants only

_TEMPORARY: Final = """
create temporary table if not exists identifying_alike (no bigint, record_id uuid, record_key text,
    link_id uuid, first bigint) on commit delete rows
"""
_COLUMNS: Final = ("no", "record_id", "record_key", "link_id", "first")
_LEFT: Final = """
delete from identifying_alike a where not exists (
    select from people_identity f
    where f.no = a.first and not f.superseded and f.person_id is not null)
returning a.record_id::text
"""
_WRITE: Final = (
    """
insert into people_identity (no, record_id, source_id, record_key, delivery_id, person_id, id_token,
    full_key, superseded, like_no)
select a.no, a.record_id, %(source)s, a.record_key, %(delivery)s, f.person_id, f.id_token,
    f.full_key, false, f.no
from identifying_alike a join people_identity f on f.no = a.first order by a.no
""",
    """
insert into people_link (id, record_id, person_id, judgement, author, by_person, probability,
    weight, reasons, judged_at)
select a.link_id, a.record_id, f.person_id, 'same', %(author)s, false, coalesce(l.probability, 1),
    coalesce(l.weight, %(by_number)s), coalesce(l.reasons, %(number_reason)s::jsonb),
    %(at)s::timestamptz
from identifying_alike a join people_identity f on f.no = a.first
left join lateral (
    select o.probability, o.weight, o.reasons from people_link o
    where o.record_id = f.record_id and o.person_id = f.person_id and o.judgement = 'same'
      and not o.by_person
    order by o.judged_at desc limit 1
) l on f.id_token is null
order by a.no
""",
)


def reading_place() -> dict[str, int]:
    """What `READ` needs besides where it reads: forms made by another code are not taken over."""
    return {"definition": int.from_bytes(bytes.fromhex(definition())[:8], "big", signed=True)}


def alike_line(number: int, record_id: str, record_key: str, link: str, first: int) -> str:
    """A line of a record in the words of the identity `first`."""
    return f"{number}\t{record_id}\t{text_cell(record_key)}\t{link}\t{first}"


def write_alike(
    cursor: psycopg.Cursor[Any], lines: Iterable[str], place: Mapping[str, object]
) -> list[str]:
    """Write records in the words of others; ids of those whose first has left meanwhile."""
    cursor.execute(_TEMPORARY)
    cursor.execute("truncate identifying_alike")
    copy_text(cursor, "identifying_alike", _COLUMNS, text_of(lines))
    cursor.execute(_LEFT)
    left = [record for (record,) in cursor.fetchall()]
    for statement in _WRITE:
        cursor.execute(statement, place if "%(" in statement else None)
    return left
