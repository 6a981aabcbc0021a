"""`anwang link`: links all loaded records and writes every record's person and household."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from pyarrow import parquet

from anwang.access.context import LOADING
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.households.queries.groups import household_id_of, household_ids
from anwang.people.actions import identify
from anwang.people.actions.batch import Progress, link_all
from anwang.people.batch.base import Base
from anwang.people.batch.keeping import BaseInUse, EngineMissing, base_kept
from anwang.registries.models import Delivery

_ROWS = 50_000
_TOLD_EVERY = 20_000
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
            "--engine",
            choices=["duckdb", "spark"],
            default="duckdb",
            help="spark: the nation's engine, an optional extra (requirements/spark.txt)",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *, out: Path | None, engine: str, json: bool, **options: Any) -> None:
        show = shown(self.stderr)
        identified = self._identify_all(show)
        with self._base(engine) as base:
            linked = link_all(base, actor=LOADING, progress=show)
        counted = {
            "identified": identified, "linked": linked.changed, "review": linked.review,
            "records": 0, "persons": 0,
        }  # fmt: skip
        if out is not None:
            counted |= _write(out)
        self.stdout.write(_as_json(counted) if json else _as_text(counted))

    @contextmanager
    def _base(self, engine: str) -> Iterator[Base]:
        try:
            with base_kept(settings.HOME, engine) as base:
                yield base
        except (BaseInUse, EngineMissing) as error:
            raise CommandError(str(error), returncode=1) from error

    def _identify_all(self, show: Progress) -> int:
        """Identify what a load left unidentified, in the order in which it became known."""
        published = Delivery.objects.filter(state=Delivery.State.PUBLISHED)
        return sum(
            identify(delivery, actor=LOADING, progress=partial(_identified, show, source, rows))
            for delivery, source, rows in published.exclude(source__manifest__transport="own")
            .order_by("known_at")
            .values_list("pk", "source_id", "accepted")
        )


def _identified(show: Progress, source: str, rows: int, done: int) -> None:
    """Tell how far one delivery is; `rows` includes what an interrupted run has done before."""
    show(f"identified, {source}", done, rows)


def shown(stream: Any) -> Progress:
    """How far each step is: rewritten in place on a terminal, else a line now and then."""
    terminal = stream.isatty()
    told: dict[str, int] = {}

    def show(what: str, done: int, of: int) -> None:
        if terminal:
            stream.write(f"\r{done}/{of} {what} ", ending="\n" if done >= of else "")
        elif done >= of or not 0 <= done - told.get(what, 0) < _TOLD_EVERY:
            told[what] = done
            stream.write(f"{done}/{of} {what}")

    return show


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
    told = (
        "辨識 {identified} 筆，改連 {linked} 筆，待人判斷 {review} 件；共 {records} 筆、{persons} 人。"
        " Identified {identified}, linked anew {linked}, for people to judge {review}."
    )
    return told.format(**counted)
