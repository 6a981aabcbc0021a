"""Reads a table of descriptions to match: Parquet, CSV or JSON Lines (docs/formats, Matching)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from anwang.common.errors import AnwangError
from anwang.registries.rules.csv_lines import csv_records
from anwang.registries.rules.encodings import encoding_of, open_bytes
from anwang.registries.rules.held import FileHeld

QUERY_ID: Final = "query_id"
_ROWS: Final = 5_000
_LONGEST_LINE: Final = 1 << 20
Question = dict[str, Any]


class QuestionsUnreadable(AnwangError):
    """These queries cannot be read. Give a table with a column query_id as .parquet, .csv or
    .jsonl (.gz allowed for the last two)."""


def read_questions(path: Path) -> Iterator[Question]:
    """Rows as column -> cell, each with its `query_id` as told; the third row is `row 3` where it
    tells none.

    A line that cannot be read is a question of which nothing is known: it gets its answer too.
    Raises QuestionsUnreadable before the first row.
    """
    suffixes = [one.lower() for one in path.suffixes if one.lower() != ".gz"]
    readers = {".parquet": _parquet, ".csv": _csv, ".txt": _csv, ".tsv": _csv,
               ".jsonl": _jsonl, ".ndjson": _jsonl}  # fmt: skip
    reader = readers.get(suffixes[-1] if suffixes else "")
    if reader is None or not path.is_file():
        raise _unreadable(path)
    rows = reader(path)
    next(rows)  # opens and checks
    return _numbered(rows)


def _numbered(rows: Iterator[Mapping[str, Any]]) -> Iterator[Question]:
    for number, row in enumerate(rows, start=1):
        cells = {
            name: value
            for column, cell in row.items()
            if (name := _name(column)) and (value := _cell(cell)) is not None
        }
        told = next((_id(cell) for column, cell in row.items() if _name(column) == QUERY_ID), "")
        # A bare number could be the id of another row.
        yield cells | {QUERY_ID: told or f"row {number}"}


def _name(column: object) -> str:
    return str(column).strip().lower()


def _id(cell: object) -> str:
    """An id as its table tells it, since the answers are joined by it: 0 is one, blanks in a text
    stay; empty for an empty cell.
    """
    if isinstance(cell, str):
        # Half a character, which JSON may carry, stands in no table of answers.
        return cell.encode("utf-8", "replace").decode() if cell.strip() else ""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a column of whole numbers with gaps, as pandas leaves it
    return str(cell)


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    """An empty row once the file is open and checked, then its rows; so do the others."""
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError):
        raise _unreadable(path) from None
    with table:
        _check(table.schema_arrow.names, path)
        yield {}
        for batch in table.iter_batches(batch_size=_ROWS):
            yield from batch.to_pylist()


def _csv(path: Path) -> Iterator[Mapping[str, Any]]:
    with _opened(path) as file:
        records = csv_records(file)
        _, header = next(records, (0, None))
        names = [_name(one) for one in header or ()]
        _check(names, path)
        yield {}
        for _, cells in records:
            yield dict(zip(names, cells or (), strict=False))


def _jsonl(path: Path) -> Iterator[Mapping[str, Any]]:
    with _opened(path) as file:
        yield {}
        for line in file:
            if line.strip():
                yield _object(line)


def _opened(path: Path) -> io.TextIOWrapper:
    try:
        return io.TextIOWrapper(open_bytes(path), encoding=encoding_of(path), newline="")
    except (OSError, FileHeld):
        raise _unreadable(path) from None


def _object(line: str) -> Mapping[str, Any]:
    if len(line) > _LONGEST_LINE:
        return {}
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _cell(cell: object) -> str | int | None:
    """A cell as forms are read from it; None for an empty one (NaN is what pandas leaves)."""
    if cell is None or isinstance(cell, bool) or cell != cell:
        return None
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else None
    return cell if isinstance(cell, int) else None


def _check(names: list[str], path: Path) -> None:
    if QUERY_ID not in map(_name, names):
        raise _unreadable(path)


def _unreadable(path: Path) -> QuestionsUnreadable:
    return QuestionsUnreadable(
        f"{' '.join(str(QuestionsUnreadable.__doc__).split())} ({path.name})"
    )
