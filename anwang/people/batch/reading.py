"""Reads the matcher's tables in bulk: fixed-width rows, as PostgreSQL's binary COPY gives them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa

from anwang.access.sealing import token, unseal
from anwang.people.batch.base import Base, Progress, arrow_rows, near_lists
from anwang.people.queries.identities import WORDS
from anwang.people.rules.clusters import NOBODY
from anwang.people.rules.columns import STORED
from anwang.people.rules.slipped import slipped

OWN_SOURCE: Final = "anwang"  # reports' own records keep the person that screening or people gave
_HEAD: Final = 19  # signature, flags and length of extensions
_FIELD: Final = "wants no null: every field has its full width"
_NOBODY: Final = uuid.UUID(int=0)
_WIDTHS: Final = {"int8": ">i8", "uuid": "V16", "packed": f"V{STORED.itemsize}"}
_AT_ONCE: Final = 100_000

_STANDING: Final = f"""
select i.no, coalesce(i.person_id, '{_NOBODY}') from people_identity i
where not i.superseded and i.source_id <> '{OWN_SOURCE}' order by i.no
"""  # noqa: S608 - constants only
# Records in the same words share the columns and keys of one of them.
_ROWS: Final = f"""
select i.no, hashtextextended(i.source_id || chr(31) || i.record_key, 0), w.packed
from people_identity i {WORDS}
where i.no = any({{numbers}}) order by i.no
"""  # noqa: S608 - constants only
_KEYS: Final = """
select k.key, i.no from people_identity i join people_key k on k.identity_no = coalesce(i.like_no, i.no)
where i.no = any({numbers})
"""
_SLIPPED: Final = """
select i.no, r.id::text, r.id_cipher from people_identity i join registries_record r on r.id = i.record_id
where i.no = any(%s) and i.id_token is null and r.id_cipher is not null order by i.no
"""
# A person's last word on a record (of any version) and somebody, unless it was taken back.
_WORDS: Final = f"""
select * from (select distinct on (v.source_id, v.record_key, l.person_id)
    i.no, l.person_id, l.judgement, l.judged_at
from people_link l join people_identity v using (record_id)
join people_identity i on i.source_id = v.source_id and i.record_key = v.record_key
    and not i.superseded
where l.by_person and v.source_id <> '{OWN_SOURCE}'
order by v.source_id, v.record_key, l.person_id, l.judged_at desc) said
where judgement <> 'undone'
"""  # noqa: S608 - constants only
_SETTLED: Final = f"""
select person_id from people_identity
where source_id = '{OWN_SOURCE}' and not superseded and person_id is not null
union select person_id from people_link where by_person
union select object_id from access_relation where object_kind = 'person' and until is null
"""  # noqa: S608 - constants only


def standing(connection: psycopg.Connection[Any]) -> tuple[npt.NDArray[np.int64], list[uuid.UUID]]:
    """Numbers of the current records of registries, ascending, and their persons (nil for none)."""
    found = _copied(connection, _STANDING, ("int8", "uuid"))
    persons = [uuid.UUID(bytes=one.tobytes()) for one in found["f1"]]
    return found["f0"].astype(np.int64), persons


def renew(
    connection: psycopg.Connection[Any],
    base: Base,
    numbers: npt.NDArray[np.int64],
    progress: Progress | None = None,
) -> int:
    """Bring the base to these records: what it lacks is read, what it has beside them is left out;
    returns how many were read. Each portion is whole or not there.
    """
    held = base.numbers()
    gone = np.setdiff1d(held, numbers)
    if len(gone):
        base.leave_out(pa.table({"no": gone}))
    fresh = np.setdiff1d(numbers, held)
    for at in range(0, len(fresh), _AT_ONCE):
        base.take(*_tables(connection, fresh[at : at + _AT_ONCE]))
        if progress:
            progress(min(at + _AT_ONCE, len(fresh)), len(fresh))
    return len(fresh)


def words(connection: psycopg.Connection[Any]) -> list[tuple[int, uuid.UUID, str]]:
    """(record's number, person, judgement): each last word of a person, the latest word last."""
    with psycopg.Cursor(connection) as cursor:
        cursor.execute(_WORDS)
        found = sorted(cursor.fetchall(), key=lambda one: one[3])
    return [(number, person, judgement) for number, person, judgement, _ in found]


def settled(connection: psycopg.Connection[Any]) -> set[uuid.UUID]:
    """Persons whom people have judged, or who are part of a report or case."""
    with psycopg.Cursor(connection) as cursor:
        cursor.execute(_SETTLED)
        return {person for (person,) in cursor.fetchall()}


def _tables(
    connection: psycopg.Connection[Any], numbers: npt.NDArray[np.int64]
) -> tuple[pa.Table, pa.Table, pa.Table]:
    found = _copied(connection, _ROWS, ("int8", "int8", "packed"), numbers)
    rows = np.frombuffer(found["f2"].tobytes(), dtype=STORED).copy()
    mine = found["f0"].astype(np.int64)
    near, asks = _near(connection, mine, rows)
    keys = _copied(connection, _KEYS, ("int8", "int8"), numbers)
    records = {"no": mine, "tie": found["f1"].astype(np.int64)} | arrow_rows(rows)
    return (
        pa.table(records | {"near": near_lists(len(rows), near)}),
        pa.table({"key": keys["f0"].astype(np.int64), "no": keys["f1"].astype(np.int64)}),
        pa.table({"key": pa.array([key for key, _ in asks], pa.int64()),
                  "no": pa.array([int(mine[place]) for _, place in asks], pa.int64())}),
    )  # fmt: skip


def _near(
    connection: psycopg.Connection[Any], numbers: npt.NDArray[np.int64], rows: npt.NDArray[np.void]
) -> tuple[dict[int, list[int]], list[tuple[int, int]]]:
    """The neighbours of numbers with a slip, unsealed for the moment (decision 14)."""
    told: list[str | None] = [None] * len(numbers)
    with psycopg.Cursor(connection) as cursor:
        cursor.execute(_SLIPPED, [numbers.tolist()])
        for number, record, cipher in cursor.fetchall():
            plain = unseal(bytes(cipher), table="registries_record", column="id_cipher", row=record)
            told[int(np.searchsorted(numbers, number))] = plain.decode()
    return slipped(told, rows, token)


def _copied(
    connection: psycopg.Connection[Any], query: str, kinds: tuple[str, ...], numbers: Any = None
) -> npt.NDArray[np.void]:
    """The rows of a query whose fields are all told and of fixed width."""
    if numbers is not None:
        literal = "'{" + ",".join(map(str, numbers.tolist())) + "}'::bigint[]"
        query = query.format(numbers=literal)
    fields = [("count", ">i2")]
    for place, kind in enumerate(kinds):
        fields += [(f"length{place}", ">i4"), (f"f{place}", _WIDTHS[kind])]
    row = np.dtype(fields)
    statement = f"copy ({query}) to stdout (format binary)".encode()
    with psycopg.Cursor(connection) as cursor, cursor.copy(statement) as copy:
        raw = b"".join(copy)
    body = raw[_HEAD:-2]
    if len(body) % row.itemsize:
        raise ValueError(_FIELD)
    return np.frombuffer(body, dtype=row)


def as_numbers(
    persons: list[uuid.UUID], others: Mapping[uuid.UUID, Any] | set[uuid.UUID]
) -> tuple[list[uuid.UUID], dict[uuid.UUID, int], npt.NDArray[np.int64]]:
    """Persons in a fixed order, the place of each (of `others` too), and the records' places."""
    ordered = sorted({*persons, *others} - {_NOBODY})
    place_of = {one: place for place, one in enumerate(ordered)}
    return (
        ordered,
        place_of,
        np.array([place_of.get(one, NOBODY) for one in persons], dtype=np.int64),
    )
