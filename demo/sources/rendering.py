"""A source's rows as the file that it delivers: format, encoding and packing of its manifest."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from anwang.registries.rules.manifests import Manifest
from demo.registries import Row
from demo.sources.sheets import write_workbook
from demo.sources.stock import Stock

BOMB_BYTES = 64 << 20
SHRUNK_TO = 10  # one row in so many
_ENCODINGS = {"utf-8": "utf-8", "big5": "big5hkscs"}


def render(
    stock: Stock, manifest: Manifest, folder: Path, delivered_at: datetime, fault: str = ""
) -> list[Path]:
    """Lay a delivery with its envelope into `folder`, or what a failing source lays there."""
    folder.mkdir(parents=True, exist_ok=True)
    if fault == "late":
        delivered_at -= timedelta(days=30)
    kind = manifest.formats[0]
    stem = stem_of(manifest.id, delivered_at)
    path = folder / f"{stem}.{kind}"
    columns, rows = stock.columns(manifest.id), stock.all(manifest.id)
    if fault == "shrunk":
        rows = (row for place, row in enumerate(rows) if place % SHRUNK_TO == 0)
    if fault == "wrong":
        columns, rows = ["甲", "乙"], iter([{"甲": "1", "乙": "2"}])
    _write(path, kind, columns, rows, _ENCODINGS[manifest.encoding])
    if fault == "encoding":
        path.write_bytes(path.read_bytes().replace(b"\n", b"\xff\xfe\x81\n", 3))
    if fault == "bomb":
        path.unlink()
        path = folder / f"{stem}.csv.gz"
        with gzip.open(path, "wb") as out:
            for _ in range(BOMB_BYTES >> 20):
                out.write(b"0" * (1 << 20))
    elif manifest.packing != "none":
        path = _packed(path, manifest.packing)
    count = stock.rows(manifest.id) if fault not in ("shrunk", "wrong", "bomb") else None
    made = [path, _envelope(path, manifest, delivered_at, count)]
    if fault == "truncated":
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    if fault == "doubled":
        again = path.with_name(f"{stem}-again{''.join(path.suffixes[-2:])}")
        shutil.copy(path, again)
        made += [again, _envelope(again, manifest, delivered_at, count)]
    return made


def stem_of(source: str, delivered_at: datetime) -> str:
    """How a source names what it delivers at an instant."""
    return f"{source}-{delivered_at:%Y%m%d%H%M}"


def _write(path: Path, kind: str, columns: list[str], rows: Iterator[Row], encoding: str) -> None:
    if kind == "csv":
        with path.open("w", encoding=encoding, errors="replace", newline="") as out:
            writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    elif kind == "jsonl":
        with path.open("w", encoding="utf-8") as out:
            for row in rows:
                kept = {name: cell for name, cell in row.items() if cell}
                out.write(json.dumps(kept, ensure_ascii=False) + "\n")
    elif kind == "parquet":
        _parquet(path, columns, rows)
    else:
        write_workbook(path, kind, columns, rows)


def _parquet(path: Path, columns: list[str], rows: Iterator[Row]) -> None:
    import pyarrow
    from pyarrow import parquet

    kept = list(rows)
    table = {name: [row.get(name) or None for row in kept] for name in columns}
    schema = pyarrow.schema([(name, pyarrow.string()) for name in columns])
    parquet.write_table(pyarrow.table(table, schema=schema), path)


def _packed(path: Path, packing: str) -> Path:
    if packing == "gzip":
        packed = path.with_name(path.name + ".gz")
        with (
            path.open("rb") as plain,
            packed.open("wb") as out,
            gzip.GzipFile("", "wb", fileobj=out, mtime=0) as inside,
        ):
            shutil.copyfileobj(plain, inside)
    else:
        packed = path.with_name(path.stem + ".zip")
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
    path.unlink()
    return packed


def _envelope(path: Path, manifest: Manifest, delivered_at: datetime, rows: int | None) -> Path:
    said = {
        "source": manifest.id,
        "manifest_version": manifest.version,
        "mode": "full",
        "delivered_at": delivered_at.isoformat(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    } | ({"rows": rows} if rows is not None else {})
    meta = path.with_name(path.name + ".meta.json")
    meta.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    return meta


def bomb() -> bytes:
    """A small body that unpacks to something large."""
    out = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=out, mtime=0) as packed:
        for _ in range(BOMB_BYTES >> 20):
            packed.write(b" " * (1 << 20))
    return out.getvalue()
