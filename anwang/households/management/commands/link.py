"""`anwang link`: finishes linking what is loaded and writes every record's person and household."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from pyarrow import parquet

from anwang.access.context import LOADING
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.households.queries.groups import household_id_of, household_ids
from anwang.people.actions import identify
from anwang.registries.models import Delivery

_ROWS = 50_000
_LINKS = """
select source_id, record_key, person_id::text from people_identity
where not superseded and person_id is not null order by source_id, record_key
"""
_COLUMNS = ("source", "record_key", "person_id", "household_id")
_SCHEMA = pyarrow.schema([(name, pyarrow.string()) for name in _COLUMNS])


class Command(BaseCommand):
    help = "Link all loaded records to persons and, with --out, write the links as Parquet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, help="Parquet file to write")
        parser.add_argument(
            "--engine", choices=["postgresql", "duckdb", "spark"], default="postgresql"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *, out: Path | None, engine: str, json: bool, **options: Any) -> None:
        if engine != "postgresql":
            raise CommandError(
                f"本版沒有 {engine} 引擎，請省略 --engine。 This version has no {engine} engine;"
                " leave --engine out."
            )
        linked = self._identify_all()
        counted = {"linked": linked, "records": 0, "persons": 0}
        if out is not None:
            counted |= _write(out)
        self.stdout.write(_as_json(counted) if json else _as_text(counted))

    def _identify_all(self) -> int:
        """Identify what a load left unidentified, in the order in which it became known."""
        published = Delivery.objects.filter(state=Delivery.State.PUBLISHED)
        return sum(
            identify(delivery, actor=LOADING)
            for delivery in published.exclude(source__manifest__transport="own")
            .order_by("known_at")
            .values_list("pk", flat=True)
        )


def _write(out: Path) -> dict[str, int]:
    """Write the links; the file appears whole or not at all."""
    today = clock_now().astimezone(TAIPEI).date()
    households = household_ids(as_of=today)
    fresh = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}")
    records, persons = 0, set[str]()
    try:
        with parquet.ParquetWriter(fresh, _SCHEMA) as writer:
            for rows in _links():
                table = [
                    (source, key, person, str(households.get(person) or _alone(person)))
                    for source, key, person in rows
                ]
                columns = list(zip(*table, strict=True))
                writer.write_batch(pyarrow.record_batch(list(map(pyarrow.array, columns)), _SCHEMA))
                records += len(table)
                persons.update(person for _, _, person, _ in table)
        fresh.replace(out)
    finally:
        fresh.unlink(missing_ok=True)
    return {"records": records, "persons": len(persons)}


def _alone(person: str) -> uuid.UUID:
    return household_id_of(frozenset({person}))


def _links() -> Iterator[list[tuple[str, str, str]]]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_LINKS)
        while rows := cursor.fetchmany(_ROWS):
            yield rows


def _as_json(counted: dict[str, int]) -> str:
    return json.dumps(counted)


def _as_text(counted: dict[str, int]) -> str:
    return "新連結 {linked} 筆；共 {records} 筆、{persons} 人。 Linked {linked} new.".format(
        **counted
    )
