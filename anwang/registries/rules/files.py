"""A delivered file as rows of text: CSV, XLSX, ODS, JSON Lines or Parquet, packed or not.

What is wrong with one row comes out as that row's fault; what is wrong with the file raises
FileHeld before any row is given, so that a held delivery stays untouched.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from anwang.registries.rules.csv_lines import csv_records
from anwang.registries.rules.encodings import encoding_of, open_bytes
from anwang.registries.rules.faults import RowFault, cell_fault
from anwang.registries.rules.headers import Header, header_of
from anwang.registries.rules.held import FileHeld
from anwang.registries.rules.manifests import Manifest
from anwang.registries.rules.sheets import damaged, first_rows, sheet_rows
from anwang.registries.rules.words import Words

SUFFIXES: Final = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
    ".ods": "ods",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_LINES_LOOKED_AT: Final = 100
_LONGEST_JSON_LINE: Final = 1 << 20
_ROW: Final = Words("整列", "The row")


class FileRow(NamedTuple):
    """A row as delivered: our column names -> text. `line` as the file's reader counts; header is 1.
    A tuple, since millions travel to other processes.
    """

    line: int
    sheet: str
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """An opened file. `rows` can be read once; `ignored` are headers no manifest column claims."""

    format: str
    encoding: str | None
    ignored: tuple[str, ...]
    rows: Iterator[FileRow | RowFault]


def read_file(
    path: Path, manifest: Manifest, *, encoding: str | None = None, may_be_empty: bool = False
) -> DeliveredFile:
    """Open `path` and check all that concerns the whole file. Raises FileHeld.

    `encoding` is the one named in the envelope, if any. `may_be_empty`: the sender says that there
    is no row; only JSON Lines, which need no header, can be empty without being broken.
    """
    kind = format_of(path)
    if kind not in manifest.formats:
        raise FileHeld(
            "format-not-agreed",
            f"此來源未約定 {kind} 格式。請改用：{'、'.join(manifest.formats) or '無'}。",
            f"This source has not agreed on {kind}. Use: {', '.join(manifest.formats) or 'none'}.",
        )
    if not path.stat().st_size:
        if may_be_empty and kind == "jsonl":
            return DeliveredFile(kind, None, (), iter(()))
        raise _empty()
    if kind == "csv":
        return _csv(path, manifest, encoding)
    if kind == "jsonl":
        return _jsonl(path, manifest, encoding)
    return _parquet(path, manifest) if kind == "parquet" else _sheets(path, manifest, kind)


def format_of(path: Path) -> str:
    """The format by the file's name (`.gz` passed over). Raises FileHeld if it is none of ours."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    kind = SUFFIXES.get(suffixes[-1]) if suffixes else None
    if kind is None:
        raise FileHeld(
            "format-unknown",
            "副檔名不是 csv、xlsx、ods、jsonl 或 parquet，未收。",
            "The file's name does not end in csv, xlsx, ods, jsonl or parquet.",
        )
    return kind


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as delivered (packed if packed), in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _csv(path: Path, manifest: Manifest, named: str | None) -> DeliveredFile:
    codec = encoding_of(path, named)
    with _opened(path, codec) as file:
        _, cells = next(csv_records(file), (0, None))
    if cells is None:
        raise _empty()
    header = header_of(manifest, cells)
    return DeliveredFile("csv", codec, header.ignored, _csv_rows(path, codec, header))


def _csv_rows(path: Path, codec: str, header: Header) -> Iterator[FileRow | RowFault]:
    with _opened(path, codec) as file:
        records = csv_records(file)
        next(records, None)
        for line, cells in records:
            yield _cells_row(line, "", header, cells)


def _opened(path: Path, codec: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(open_bytes(path), encoding=codec, newline="")


def _cells_row(
    line: int, sheet: str, header: Header, cells: Sequence[str] | None
) -> FileRow | RowFault:
    if cells is None:
        return cell_fault(line, "", _ROW, "row-unreadable", "")
    if len(cells) != len(header.names):
        return cell_fault(line, "", _ROW, "row-width", "")
    return FileRow(
        line,
        sheet,
        {name: cell for name, cell in zip(header.names, cells, strict=True) if name and cell},
    )


def _sheets(path: Path, manifest: Manifest, kind: str) -> DeliveredFile:
    """Every sheet with a good header; if none has one, the fault of the first filled sheet counts."""
    good: dict[str, tuple[int, Header]] = {}
    first_fault: FileHeld | None = None
    ignored: list[str] = []
    for name, top, cells in first_rows(path, kind):
        try:
            header = header_of(manifest, _trimmed([_text(cell) for cell in cells]))
        except FileHeld as held:
            first_fault = first_fault or held
            # A sheet of notes beside the data may stay; a data sheet with a wrong header may not.
            if held.rule != "header-none":
                raise
            continue
        good[name] = top, header
        ignored.extend(header.ignored)
    if not good:
        raise first_fault or _empty()
    return DeliveredFile(kind, None, tuple(dict.fromkeys(ignored)), _sheet_rows(path, kind, good))


def _sheet_rows(
    path: Path, kind: str, headers: Mapping[str, tuple[int, Header]]
) -> Iterator[FileRow | RowFault]:
    for name, line, cells in sheet_rows(path, kind):
        if name not in headers:
            continue
        top, header = headers[name]
        if line <= top:
            continue
        width = len(header.names)
        told = [_text(cell) for cell in cells]
        if not any(told):
            continue
        beyond = any(told[width:])
        yield _cells_row(
            line, name, header, told if beyond else told[:width] + [""] * (width - len(told))
        )


def _jsonl(path: Path, manifest: Manifest, named: str | None) -> DeliveredFile:
    codec = encoding_of(path, named)
    with _opened(path, codec) as file:
        looked_at = [_object(line) for line in islice(file, _LINES_LOOKED_AT) if line.strip()]
    objects = [one for one in looked_at if one is not None]
    if not objects:
        raise _empty() if not looked_at else damaged("jsonl")
    keys = dict.fromkeys(key for one in objects for key in one)
    # Nothing says that later lines have the keys of the first hundred, so each line maps its own.
    header = header_of(manifest, list(keys))
    names = dict(zip(keys, header.names, strict=True))
    return DeliveredFile("jsonl", codec, header.ignored, _jsonl_rows(path, codec, manifest, names))


def _jsonl_rows(
    path: Path, codec: str, manifest: Manifest, names: dict[str, str | None]
) -> Iterator[FileRow | RowFault]:
    own = {one.name: one.name for one in manifest.columns}
    with _opened(path, codec) as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            found = _object(text)
            if found is None or any(isinstance(cell, (dict, list)) for cell in found.values()):
                yield cell_fault(line, "", _ROW, "row-unreadable", "")
                continue
            named = ((names.get(key, own.get(key)), cell) for key, cell in found.items())
            cells = {name: text for name, cell in named if name and (text := _text(cell))}
            yield FileRow(line, "", cells)


def _object(line: str) -> Mapping[str, Any] | None:
    if len(line) > _LONGEST_JSON_LINE:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _parquet(path: Path, manifest: Manifest) -> DeliveredFile:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as table:
            header = header_of(manifest, list(table.schema_arrow.names))
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):
        raise damaged("parquet") from None
    return DeliveredFile("parquet", None, header.ignored, _parquet_rows(path, header))


def _parquet_rows(path: Path, header: Header) -> Iterator[FileRow | RowFault]:
    import pyarrow

    try:
        yield from _parquet_cells(path, header)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):
        # Its foot, which was read at first, may be well where its pages are not.
        raise damaged("parquet") from None


def _parquet_cells(path: Path, header: Header) -> Iterator[FileRow]:
    from pyarrow import parquet

    wanted = [(at, name) for at, name in enumerate(header.names) if name is not None]
    line = 0
    with parquet.ParquetFile(path) as table:
        for batch in table.iter_batches(batch_size=10_000):
            columns = [(name, batch.column(at).to_pylist()) for at, name in wanted]
            for at in range(batch.num_rows):
                line += 1
                cells = {name: text for name, cells in columns if (text := _text(cells[at]))}
                yield FileRow(line, "", cells)


def _text(cell: object) -> str:
    """A cell of a typed format as the text a CSV would hold."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        at_midnight = cell.time() == time(0)
        return cell.date().isoformat() if at_midnight else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, (float, Decimal)):
        if cell != cell:  # a NaN is what pandas writes for an empty cell
            return ""
        return str(int(cell)) if cell == int(cell) else str(cell)
    return str(cell)


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _empty() -> FileHeld:
    return FileHeld(
        "file-empty", "檔案是空的。請確認後重送。", "The file is empty. Check and send again."
    )
