"""Archives that came from outside: unpacked within limits, or not at all.

A small file can become a thousand times its size; and names in an archive are the sender's, so
none of them ever becomes a path of ours.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anwang.registries.rules.sheets import FREE_OF_RATIO, MOST_RATIO, fits
from anwang.registries.transports.troubles import SourceTrouble

if TYPE_CHECKING:
    from _typeshed import SupportsRead

MOST_UNPACKED: Final = 32 << 30
_STEP: Final = 1 << 20
_MOST_MEMBERS: Final = 4
META: Final = ".meta.json"
WORKBOOKS: Final = (".xlsx", ".ods")


def unpacked(path: Path, *, most: int = MOST_UNPACKED) -> Path:
    """The file to load: `path` itself, checked, or what a zip holds, unpacked beside it.

    A zip holds one file of a delivery and perhaps its envelope. Raises SourceTrouble.
    """
    name = path.name.lower()
    try:
        if name.endswith(".zip"):
            return _from_zip(path, most)
        if name.endswith(".gz"):
            with gzip.open(path, "rb") as packed:
                _counted(packed, path.stat().st_size, most)
        elif name.endswith(WORKBOOKS):
            _check_workbook(path)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        raise SourceTrouble("packed-wrong") from None
    return path


def _from_zip(path: Path, most: int) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        files = [one for one in members if not one.filename.endswith(META)]
        if len(files) != 1 or len(members) > _MOST_MEMBERS:
            raise SourceTrouble("packed-wrong")
        suffix = Path(files[0].filename).suffix.lower()
        if not suffix.isascii() or suffix in (".zip", ".gz"):
            raise SourceTrouble("packed-wrong")
        out = path.with_name(f"unpacked{suffix}")
        packed = path.stat().st_size
        with archive.open(files[0]) as inside, out.open("wb") as target:
            _counted(inside, packed, most, target.write)
        for meta in members:
            if meta.filename.endswith(META):
                with archive.open(meta) as inside, _beside(out).open("wb") as target:
                    _counted(inside, packed, 1 << 20, target.write)
    if out.suffix in WORKBOOKS:
        _check_workbook(out)
    return out


def _check_workbook(path: Path) -> None:
    """Only by what it says of its parts: it is read as a stream, and never beyond that."""
    if zipfile.is_zipfile(path):  # loading says what else it is: one with a password, say
        with zipfile.ZipFile(path) as book:
            if not fits(book, path.stat().st_size):
                raise SourceTrouble("too-large")


def _counted(
    packed: SupportsRead[bytes],
    size: int,
    most: int,
    write: Callable[[bytes], object] = lambda _: None,
) -> int:
    """Read to the end, or until it is more than agreed; how many bytes there were."""
    done = 0
    while chunk := packed.read(_STEP):
        done += len(chunk)
        if done > most or done > max(FREE_OF_RATIO, size * MOST_RATIO):
            raise SourceTrouble("too-large")
        write(chunk)
    return done


def _beside(path: Path) -> Path:
    return path.with_name(path.name + META)
