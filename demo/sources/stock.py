"""What the simulated sources hold: rows by source in their order, found by number or by person."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

from demo.county import County
from demo.registries import COLUMNS, Row, delivered_rows

_TABLES = """
create table if not exists row (source text, no integer, national_id text, body text,
    primary key (source, no)) without rowid;
create index if not exists rows_of_person on row (source, national_id) where national_id <> '';
create table if not exists source (id text primary key, rows integer, columns text)
"""


class Stock:
    """A file of rows. Filled once, then read by servers and renderers alike."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as db:
            db.executescript(_TABLES)

    def put(self, source: str, columns: list[str], rows: Iterable[Row]) -> int:
        """Replace what a source holds; returns the number of its rows."""
        with closing(self._open()) as db, db:
            db.execute("delete from row where source = ?", [source])
            db.executemany(
                "insert into row values (?, ?, ?, ?)",
                (
                    (source, no, row.get("national_id", ""), json.dumps(row, ensure_ascii=False))
                    for no, row in enumerate(rows)
                ),
            )
            (count,) = db.execute("select count(*) from row where source = ?", [source]).fetchone()
            db.execute(
                "insert or replace into source values (?, ?, ?)",
                [source, count, json.dumps(columns)],
            )
        return int(count)

    def sources(self) -> list[str]:
        """Ids of the sources that hold something, sorted."""
        with closing(self._open()) as db:
            return [one for (one,) in db.execute("select id from source order by id")]

    def rows(self, source: str) -> int:
        """How many rows a source holds."""
        with closing(self._open()) as db:
            found = db.execute("select rows from source where id = ?", [source]).fetchone()
        return int(found[0]) if found else 0

    def columns(self, source: str) -> list[str]:
        """The source's columns in their order."""
        with closing(self._open()) as db:
            found = db.execute("select columns from source where id = ?", [source]).fetchone()
        return list(json.loads(found[0])) if found else []

    def page(self, source: str, first: int, most: int) -> list[Row]:
        """`most` rows from the row `first` on."""
        with closing(self._open()) as db:
            found = db.execute(
                "select body from row where source = ? and no >= ? order by no limit ?",
                [source, first, most],
            ).fetchall()
        return [_filled(json.loads(body)) for (body,) in found]

    def all(self, source: str) -> Iterator[Row]:
        """Every row of a source."""
        with closing(self._open()) as db:
            for (body,) in db.execute(
                "select body from row where source = ? order by no", [source]
            ):
                yield json.loads(body)

    def of_person(self, source: str, national_id: str) -> list[Row]:
        """The rows of one person."""
        with closing(self._open()) as db:
            found = db.execute(
                "select body from row where source = ? and national_id = ? order by no limit 200",
                [source, national_id],
            ).fetchall()
        return [_filled(json.loads(body)) for (body,) in found]

    def of_somebody_else(self, source: str, national_id: str) -> list[Row]:
        """The rows of whoever comes next in the source."""
        with closing(self._open()) as db:
            found = db.execute(
                "select body from row where source = ? and national_id > ? and national_id <> ''"
                " order by national_id limit 1",
                [source, national_id],
            ).fetchall()
        return [_filled(json.loads(body)) for (body,) in found] or self.page(source, 0, 1)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30)


def _filled(row: Row) -> Row:
    """Without empty cells: JSON leaves out what is not there."""
    return {name: cell for name, cell in row.items() if cell not in ("", None)}


def fill_stock(stock: Stock, county: County, day: date) -> dict[str, int]:
    """Put what every source of the county delivers of `day` on stock; source -> rows."""
    return {
        source: stock.put(source, columns, delivered_rows(county, source, day))
        for source, columns in COLUMNS.items()
    }
