"""An invented nation in the tables of the live search, filled the fast way.

Forms, packed columns and keys are made by the product's own rules, in as many processes as there
are cores, and copied into `people_person`, `people_identity` and `people_key` before their indexes
are made anew from the schema's own definitions. Whose a record is comes from the truth: how well
records are linked is measured elsewhere. Loading as the product does it is measured by `loading`.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import psycopg
import pyarrow.parquet as pq

from benchmarks.harness import AS_OF, Bench, clocked
from benchmarks.population import COLUMNS, SOURCES, queries, write
from benchmarks.population.writing import QUERIES

TABLES: Final = ("people_person", "people_identity", "people_key")
_ROWS: Final = 20_000
# What the questions are drawn by.
_ASKING: Final = [
    Path(__file__).with_name("population") / name for name in ("questions.py", "slips.py")
]
# Numbers of identities rise through the sources, a slice of rows to each piece of work.
_INDEXES: Final = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname,
    pg_get_constraintdef(c.oid), i.indrelid::regclass::text
from pg_index i left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u')
where i.indrelid = any(%s::regclass[])
"""
_COPY: Final = {
    "people_identity": "no, record_id, source_id, record_key, delivery_id, person_id, forms, packed,"
    " id_token, full_key, superseded",
    "people_key": "key, identity_no",
    "people_person": "id, made_at",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one source that one process makes ready and copies."""

    address: str
    records: Path
    owners: Path
    source: str
    group: int
    first_row: int
    rows: int
    first_number: int


def database_of(persons: int, seed: int) -> str:
    """The database that holds the nation of so many persons."""
    return f"bench_nation_{persons}_{seed}"


def folder_of(running: Bench, persons: int, seed: int) -> Path:
    """Where the nation's rows, truth and questions lie."""
    return running.home / f"nation-{persons}-{seed}"


def person_id(number: int) -> uuid.UUID:
    """The id of the person of this number of the truth; random to look at."""
    return uuid.UUID(bytes=blake2b(b"person %d" % number, digest_size=16).digest(), version=4)


def peopled(running: Bench, persons: int, seed: int) -> dict[str, Any]:
    """Fill the database of a nation unless an earlier run of the same rules did; what was measured."""
    from anwang.people.nation.layout import definition

    database = database_of(persons, seed)
    made_of = f"{definition()} {' '.join(SOURCES)}"
    if not running.has(database) or running.noted(database).get("definition") != made_of:
        found = _fill(running, persons, seed)
        running.note(database, definition=made_of, **found)
    return running.noted(database)


def _fill(running: Bench, persons: int, seed: int) -> dict[str, Any]:
    cores = os.cpu_count() or 1
    seconds: dict[str, float] = {}
    folder = folder_of(running, persons, seed)
    shutil.rmtree(folder, ignore_errors=True)
    with clocked(seconds, "draw"):
        write(folder, persons, seed, count=1, workers=cores)
        owners = _owners(folder)
    database = database_of(persons, seed)
    running.fresh(database)
    address = running.server.address("postgres", database)
    with psycopg.connect(address, autocommit=True) as admin:
        indexes = admin.execute(_INDEXES, [list(TABLES)]).fetchall()
        _drop(admin, indexes)
        with clocked(seconds, "forms"):
            rows = _copy_all(address, folder, owners, cores)
            _copy_persons(admin, persons)
        with clocked(seconds, "indexes"):
            _make(admin, indexes)
            for table in TABLES:
                admin.execute(f"vacuum (analyze) {table}")
        sizes = {
            table: admin.execute("select pg_total_relation_size(%s::regclass)", [table]).fetchone()
            for table in TABLES
        }
        keys = admin.execute("select count(*) from people_key").fetchone()
        admin.execute("checkpoint")
    return {"rows": rows, "keys": keys[0] if keys else 0, **{f"{k}_s": v for k, v in seconds.items()},
            "gib": round(sum(one[0] for one in sizes.values() if one) / 2**30, 2)}  # fmt: skip


def _owners(folder: Path) -> dict[str, Path]:
    """The person of each record, in the order of the records, one file a source."""
    truth = pq.read_table(folder / "truth.parquet")
    found = {}
    for source in SOURCES:
        mine = truth.filter(_equal(truth["source"], source)).select(["record_key", "person"])
        found[source] = folder / f"owners-{source}.parquet"
        pq.write_table(mine, found[source])
    return found


def _equal(column: Any, value: str) -> Any:
    import pyarrow.compute as pc

    return pc.equal(column.cast("string"), value)


def _drop(admin: psycopg.Connection[Any], indexes: list[Any]) -> None:
    for name, _, constraint, _, table in indexes:
        if constraint:
            admin.execute(f'alter table {table} drop constraint "{constraint}" cascade')
        else:
            admin.execute(f"drop index {name}")


def _make(admin: psycopg.Connection[Any], indexes: list[Any]) -> None:
    admin.execute("set maintenance_work_mem = '1GB'")
    for _, definition, constraint, constrained, table in indexes:
        if constraint:
            admin.execute(f'alter table {table} add constraint "{constraint}" {constrained}')
        else:
            admin.execute(definition)


def _copy_all(address: str, folder: Path, owners: dict[str, Path], cores: int) -> int:
    pieces = list(_pieces(address, folder, owners))
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=_ready) as pool:
        return sum(pool.map(copy_piece, pieces))


def _pieces(address: str, folder: Path, owners: dict[str, Path]) -> Iterator[Piece]:
    number = 1
    for source in SOURCES:
        records = folder / f"records-{source}.parquet"
        file = pq.ParquetFile(records).metadata
        first = 0
        for group in range(file.num_row_groups):
            rows = file.row_group(group).num_rows
            yield Piece(address, records, owners[source], source, group, first, rows, number)
            first += rows
            number += rows


def _ready() -> None:
    """A process of its own that reads the same keys and settings."""
    import django

    django.setup()


def copy_piece(piece: Piece) -> int:
    """Make the rows of a piece ready and copy them; how many."""
    rows = pq.ParquetFile(piece.records).read_row_group(piece.group)
    owners = pq.read_table(piece.owners, memory_map=True).slice(piece.first_row, piece.rows)
    if not rows["record_key"].equals(owners["record_key"]):
        raise RuntimeError(f"{piece.records}: records and truth are not in one order")
    persons = owners["person"].to_pylist()
    with psycopg.connect(piece.address) as own:
        own.execute("set synchronous_commit = off")
        for first in range(0, piece.rows, _ROWS):
            identities, keys = _lines(
                rows.slice(first, _ROWS).to_pylist(), persons[first : first + _ROWS],
                piece.source, piece.first_number + first,
            )  # fmt: skip
            _copy(own, "people_identity", identities)
            _copy(own, "people_key", keys)
    return piece.rows


def _lines(
    rows: list[dict[str, Any]], owners: list[int], source: str, first_number: int
) -> tuple[bytes, bytes]:
    """The lines of identities and of keys, as loading makes them."""
    from anwang.access.sealing import token
    from anwang.common.copying import NULL, json_cell, text_cell, text_of
    from anwang.people.rules.columns import pack
    from anwang.people.rules.forms import forms_of
    from anwang.people.rules.keys import blocking_keys

    identities, keys = [], []
    delivery = uuid.uuid5(uuid.NAMESPACE_OID, source)
    for number, (row, owner) in enumerate(zip(rows, owners, strict=True), start=first_number):
        forms = forms_of(row, token=token, told_on=AS_OF)
        number_token = NULL if forms.id_token is None else "\\\\x" + forms.id_token.hex()
        identities.append(
            f"{number}\t{uuid.UUID(int=delivery.int ^ number)}\t{source}"
            f"\t{text_cell(row['record_key'])}\t{delivery}\t{person_id(owner)}"
            f"\t{json_cell(forms.pack())}\t\\\\x{pack(forms).hex()}\t{number_token}"
            f"\t{forms.address.full_key or NULL}\tf"
        )
        keys.extend(f"{key}\t{number}" for key in blocking_keys(forms))
    return text_of(identities), text_of(keys)


def _copy_persons(admin: psycopg.Connection[Any], persons: int) -> None:
    day = date(AS_OF.year, 1, 1)
    for first in range(0, persons, 100_000):
        lines = [f"{person_id(one)}\t{day}" for one in range(first, min(first + 100_000, persons))]
        _copy(admin, "people_person", ("\n".join(lines) + "\n").encode())


def _copy(connection: psycopg.Connection[Any], table: str, text: bytes) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} ({_COPY[table]}) from stdin") as to,
    ):
        to.write(text)


def questions(
    running: Bench, persons: int, seed: int, *, count: int = QUERIES
) -> list[dict[str, Any]]:
    """`count` questions of the nation: the columns told, `kind`, `person` (None: absent). Drawn anew
    where a folder that stays has those of earlier rules.
    """
    digest = blake2b(b"".join(path.read_bytes() for path in _ASKING), digest_size=6).hexdigest()
    path = folder_of(running, persons, seed) / f"queries-{count}-{digest}.parquet"
    if not path.exists():
        pq.write_table(queries(seed, persons, count), path)
    table = pq.read_table(path)
    return [
        {name: value for name, value in row.items() if value is not None or name == "person"}
        for row in table.to_pylist()
    ]


def records(running: Bench, persons: int, seed: int) -> Any:
    """All records of the nation as one table, `source` and `person` beside the columns."""
    import pyarrow as pa

    folder = folder_of(running, persons, seed)
    parts = []
    for source in SOURCES:
        rows = pq.read_table(folder / f"records-{source}.parquet").select(list(COLUMNS))
        owners = pq.read_table(folder / f"owners-{source}.parquet")
        rows = rows.append_column("source", pa.array([source] * rows.num_rows))
        parts.append(rows.append_column("person", owners["person"]))
    return pa.concat_tables(parts)


if __name__ == "__main__":
    from benchmarks.harness import bench

    began = time.monotonic()
    with bench() as running_now:
        print(peopled(running_now, 100_000, 20264), time.monotonic() - began)
