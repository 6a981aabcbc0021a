"""Files that a source lays into a folder, here or on an SFTP server: which, in which order, whole.

A file is taken when its envelope lies beside it or when it has stood unchanged for a minute; its
name is the sender's and never becomes a path of ours. A fetch that was cut short goes on where it
ended, as long as the file is the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from anwang.registries.rules.envelopes import Envelope, parse_envelope
from anwang.registries.rules.files import SUFFIXES, sha256_of
from anwang.registries.rules.held import FileHeld
from anwang.registries.transports.fetched import Fetched, Progress, Taken, quiet
from anwang.registries.transports.troubles import SourceTrouble
from anwang.registries.transports.unpacking import META, unpacked

SETTLES_SECONDS: Final = 60.0
MOST_FILES: Final = 10_000
MOST_BYTES: Final = 32 << 30
MOST_META: Final = 64 << 10
# No separators, no leading dot, nothing that a shell or a terminal would take for its own.
_NAME: Final = re.compile(r"\w[\w.() -]{0,150}")
_PACKED: Final = (".gz", ".zip")


@dataclass(frozen=True, slots=True)
class Offered:
    """A regular file in the source's folder. `changed_at`: seconds since 1970 by its own clock."""

    name: str
    size: int
    changed_at: float

    @property
    def version(self) -> str:
        """Differs when another file stands there under the same name."""
        return f"{self.size}-{int(self.changed_at)}"


class Shelf(Protocol):
    """An opened folder of a source. Whatever goes wrong there is a SourceTrouble."""

    async def listing(self) -> tuple[list[Offered], float]:
        """The regular files, and what time it is there."""

    async def read(self, name: str, offset: int, most: int) -> bytes:
        """Up to `most` bytes from `offset`; empty at the end."""

    async def put(self, name: str, content: bytes) -> None:
        """Lay a file there, whole or not at all, in place of one of the same name."""


OpenShelf = Callable[[], AbstractAsyncContextManager[Shelf]]


@dataclass(frozen=True, slots=True)
class _Found:
    file: Offered
    meta: bytes | None
    envelope: Envelope | None


def deliveries(
    opened: OpenShelf,
    staging: Path,
    *,
    taken: Taken,
    progress: Progress = quiet,
    settles_seconds: float = SETTLES_SECONDS,
) -> Iterator[Fetched]:
    """Each file not taken before, the one delivered first first. One at a time lies in `staging`.

    Raises SourceTrouble.
    """
    for one in asyncio.run(_waiting(opened, taken, settles_seconds)):
        path = asyncio.run(_fetch(opened, one, staging, progress))
        yield _prepared(one, path)
        clear(staging)


async def _waiting(opened: OpenShelf, taken: Taken, settles_seconds: float) -> list[_Found]:
    async with opened() as shelf:
        files, now = await shelf.listing()
        if len(files) > MOST_FILES:
            raise SourceTrouble("too-large")
        by_name = {one.name: one for one in files if _NAME.fullmatch(one.name)}
        found = []
        for name, one in by_name.items():
            if not _is_delivery(name) or (name, one.version) in taken:
                continue
            meta = by_name.get(name + META)
            text = await _all(shelf, meta) if meta else None
            if text is None and now - one.changed_at < settles_seconds:
                continue  # it may still be growing
            found.append(_Found(one, text, _envelope(text)))
    return sorted(found, key=_order)


def _is_delivery(name: str) -> bool:
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        return len(suffixes) > 1 or suffixes[-1] == ".zip"
    return bool(suffixes) and suffixes[-1] in SUFFIXES


def _envelope(text: bytes | None) -> Envelope | None:
    """The envelope, where it can be read; loading says what is wrong with one that cannot."""
    if text is None:
        return None
    try:
        return parse_envelope(text)
    except FileHeld:
        return None


def _order(one: _Found) -> tuple[float, str]:
    said = one.envelope.delivered_at if one.envelope else None
    return (said.timestamp() if said else one.file.changed_at, one.file.name)


async def _all(shelf: Shelf, file: Offered) -> bytes:
    if file.size > MOST_META:
        raise SourceTrouble("too-large")
    return await shelf.read(file.name, 0, MOST_META)


async def _fetch(opened: OpenShelf, one: _Found, staging: Path, progress: Progress) -> Path:
    """Bring the file into `staging`, going on where an earlier fetch of this very file ended."""
    file = one.file
    if file.size > MOST_BYTES:
        raise SourceTrouble("too-large")
    part, note = staging / "part", staging / "part.json"
    if not _same(note, file):
        clear(staging)
        note.write_text(json.dumps([file.name, file.version]), encoding="utf-8")
    done = part.stat().st_size if part.exists() else 0
    async with opened() as shelf:
        with part.open("ab") as out:
            while done < file.size:
                chunk = await shelf.read(file.name, done, min(_STEP, file.size - done))
                if not chunk:
                    raise SourceTrouble("changed-meanwhile")
                out.write(chunk)
                done += len(chunk)
                progress(file.name, done, file.size)
        again, _ = await shelf.listing()
    if not any(file == now for now in again):
        clear(staging)
        raise SourceTrouble("changed-meanwhile")
    whole = staging / f"delivery{_suffixes(file.name)}"
    part.rename(whole)
    return whole


_STEP: Final = 256 << 10


def _same(note: Path, file: Offered) -> bool:
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(kept == [file.name, file.version])


def _suffixes(name: str) -> str:
    """The endings that say how a file is to be read: all that its name says to us."""
    known = [one.lower() for one in Path(name).suffixes]
    last = known.pop()
    return f"{known[-1]}{last}" if last == ".gz" and known else last


def _prepared(one: _Found, path: Path) -> Fetched:
    """Unpack and lay the envelope beside. Of a zip the digest is compared here, as it was sent."""
    if one.meta is not None:
        _beside(path).write_bytes(one.meta)
    ready = unpacked(path)
    if ready is not path and one.meta is not None:
        said = json.loads(one.meta) if one.envelope else None
        if said is None:
            _beside(ready).write_bytes(one.meta)
        elif one.envelope and one.envelope.sha256 not in (None, sha256_of(path)):
            # What is in the archive cannot be what the envelope means: loading will say so.
            _beside(ready).write_text(json.dumps(said | {"sha256": _never(path)}), encoding="utf-8")
        else:
            said.pop("sha256", None)
            _beside(ready).write_text(json.dumps(said), encoding="utf-8")
    return Fetched(one.file.name, one.file.version, ready, one.file.size)


def _never(path: Path) -> str:
    return hashlib.sha256(path.name.encode()).hexdigest()


def _beside(path: Path) -> Path:
    return path.with_name(path.name + META)


def clear(staging: Path) -> None:
    """Leave nothing of a delivery behind."""
    for one in staging.iterdir():
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink()
