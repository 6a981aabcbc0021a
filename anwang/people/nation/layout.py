"""Where the index lies, what its files hold, and how one knows that they are whole.

A folder a build; `current` names the one in use and is replaced in one step. Files, little-endian:

| file | one entry |
|---|---|
| `keys` | a blocking key, 8 bytes, ascending |
| `places` | the place of the record that has it, 4 bytes, ascending within a key |
| `numbers` | a record's number (`people_identity.no`), 8 bytes, ascending with the place |
| `packed` | a record's columns, `columns.STORED` |
| `sample` | every `SAMPLED`th key, 8 bytes; read into memory when opened |
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np

from anwang.common.errors import AnwangError
from anwang.people.rules.characters import NAME_TABLES, VARIANTS
from anwang.people.rules.cleaning import clean
from anwang.people.rules.columns import STORED
from config.home import home

FORMAT: Final = 1
SAMPLED: Final = 512
KEY: Final = np.dtype("<i8")
PLACE: Final = np.dtype("<u4")
NUMBER: Final = np.dtype("<i8")
WIDTHS: Final = {"keys": 8, "places": 4, "numbers": 8, "packed": STORED.itemsize, "sample": 8}
_MANIFEST: Final = "manifest.json"
_CURRENT: Final = "current"
_PIECE: Final = 1 << 22


class IndexDamaged(AnwangError):
    """The index of persons is damaged. Build it anew: anwang people index build."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a build holds. `watermark`: records with a higher number are not in it; `last`: the
    highest that is. `instance`: what tells this database's records from another's.
    """

    build: str
    records: int
    keys: int
    watermark: int
    last: int
    instance: str
    definition: str
    made_at: str
    digests: Mapping[str, str]
    format: int = FORMAT


def folder_of() -> Path:
    """The folder of all builds of this instance; there is none before the first build."""
    return home() / "nation"


@cache
def definition() -> str:
    """A digest of what columns and keys are made of some records, and of the tables of names: other code
    or tables, another digest.
    """
    told = {
        "national_id": ["A123456789", "", "a２２３４５６７８１"],
        "name": ["歐陽峯", "林美玉之女", "Panay·Nomin"],
        "birth_date": ["1980-02-03", "民國115年1月2日", ""],
        "phone": ["0912-345-678", "02-23456789", ""],
        "address": ["台北市大安區和平東路1段5之2號3樓", "花蓮縣秀林鄉富世村12鄰7號", "嘉義民雄"],
        "previous_address": ["", "臺中市北區三民路三段8號B1", ""],
    }
    cleaned = clean(told, token=str.encode)
    tables = json.dumps([VARIANTS, NAME_TABLES], sort_keys=True).encode()
    parts = (repr(STORED.descr).encode(), tables, cleaned.rows.tobytes(), cleaned.keys.tobytes())
    return blake2b(b"".join(parts), digest_size=16).hexdigest()


def current(folder: Path) -> Path | None:
    """The build in use, None where there is none."""
    if not os.path.exists(f"{folder}/{_CURRENT}"):  # what every question asks, and most often hears
        return None
    try:
        named = folder / (folder / _CURRENT).read_text("ascii").strip()
    except FileNotFoundError:
        return None
    return named if (named / _MANIFEST).is_file() else None


def use(folder: Path, build: str) -> None:
    """Put a whole build in use; readers go over to it with their next question."""
    replace_text(folder / _CURRENT, build)


def replace_text(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    fresh = path.with_name(f".{path.name}.fresh")
    with fresh.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def write_manifest(build: Path, manifest: Manifest) -> None:
    """Say that a build is whole."""
    body = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    replace_text(build / _MANIFEST, f"{body}\n{_digest(body.encode())}\n")


def read_manifest(build: Path) -> Manifest:
    """The manifest of a build, with sizes of all files checked. Raises IndexDamaged."""
    try:
        body, told = (build / _MANIFEST).read_text("utf-8").rstrip("\n").rsplit("\n", 1)
        if _digest(body.encode()) != told:
            raise IndexDamaged(f"{build / _MANIFEST} is not as it was written")
        manifest = Manifest(**json.loads(body))
    except (OSError, ValueError, TypeError) as wrong:
        raise IndexDamaged(f"{build / _MANIFEST} cannot be read") from wrong
    expected = {"keys": manifest.keys, "places": manifest.keys, "numbers": manifest.records,
                "packed": manifest.records, "sample": -(-manifest.keys // SAMPLED)}  # fmt: skip
    if manifest.format == FORMAT and manifest.definition == definition():
        for name, entries in expected.items():
            path = build / name
            if not path.is_file() or path.stat().st_size != entries * WIDTHS[name]:
                raise IndexDamaged(f"{path} has not the size it was written with")
    return manifest


def digest_of(path: Path) -> str:
    """Digest of a file's content."""
    told = blake2b(digest_size=16)
    with path.open("rb") as content:
        while piece := content.read(_PIECE):
            told.update(piece)
    return told.hexdigest()


def damaged(build: Path) -> list[str]:
    """Names of the files that are not what was written; reads all of them."""
    manifest = read_manifest(build)
    return [name for name in WIDTHS if digest_of(build / name) != manifest.digests.get(name)]


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
