"""Workbooks (XLSX, ODS) row by row: however long a sheet is, a few of its rows are in memory.

A workbook is a packed folder from outside: how large it becomes is held against limits before any
part of it is unpacked, and one with a password or a broken part is told from the others.
"""

from __future__ import annotations

import contextlib
import gzip
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from anwang.registries.rules.encodings import open_bytes
from anwang.registries.rules.held import FileHeld
from anwang.registries.rules.ods import BrokenOds, ods_rows

SheetRow = tuple[str, int, list[object]]
"""Sheet, line as a spreadsheet counts it, cells from the first column."""

# A million rows of twenty columns are some 2 GiB of XML. Texts that stand more than once are kept
# together by XLSX, and read whole.
MOST_UNPACKED: Final = 4 << 30
MOST_SHARED: Final = 512 << 20
# Text of registries packs to a tenth or so; a bomb to a thousandth.
MOST_RATIO: Final = 250
FREE_OF_RATIO: Final = 8 << 20
_MOST_PARTS: Final = 5_000
_AT_ONCE: Final = 500
_STEP: Final = 1 << 20
_SHARED: Final = "xl/sharedStrings.xml"
# What Office writes around a workbook with a password is no zip but one of its older files.
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_BROKEN: Final = (
    BrokenOds, SyntaxError, zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, ValueError,
    TypeError, AttributeError, IndexError, NotImplementedError, RuntimeError,
)  # fmt: skip


def sheet_rows(path: Path, kind: str) -> Iterator[SheetRow]:
    """Every filled row of every sheet of a workbook, in its order. Raises FileHeld."""
    yield from _rows(path, kind, first_only=False)


def first_rows(path: Path, kind: str) -> Iterator[SheetRow]:
    """The first filled row of each sheet. Raises FileHeld."""
    yield from _rows(path, kind, first_only=True)


def fits(book: zipfile.ZipFile, packed: int) -> bool:
    """Whether what is packed stays within the limits, by what the archive says of its parts: no
    part is ever read beyond the size that it states.
    """
    parts = book.infolist()
    whole = sum(one.file_size for one in parts)
    shared = sum(one.file_size for one in parts if one.filename == _SHARED)
    return (
        len(parts) <= _MOST_PARTS
        and whole <= min(MOST_UNPACKED, max(FREE_OF_RATIO, packed * MOST_RATIO))
        and shared <= MOST_SHARED
    )


def _rows(path: Path, kind: str, *, first_only: bool) -> Iterator[SheetRow]:
    read = _READ[kind]
    try:
        with _unpacked(path) as file:
            _check(file, kind)
            for row in read(file, first_only):
                if any(cell not in (None, "") for cell in row[2]):
                    yield row
    except _BROKEN as broken:
        if isinstance(broken, BrokenOds) and broken.too_large:
            raise _too_large() from None
        raise damaged(kind) from None


@contextlib.contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The workbook as a file in which one can seek; one packed once more is laid on the disk."""
    with open_bytes(path) as file:
        if not isinstance(file, gzip.GzipFile):
            yield file
            return
        with tempfile.TemporaryFile() as plain:
            done = 0
            while chunk := file.read(_STEP):
                done += len(chunk)
                if done > MOST_UNPACKED:
                    raise _too_large()
                plain.write(chunk)
            plain.seek(0)
            yield plain


def _check(file: IO[bytes], kind: str) -> None:
    """Password and size, before anything is unpacked. Raises FileHeld."""
    start = file.read(len(_OLD_OFFICE))
    if start == _OLD_OFFICE:
        raise locked() if _holds(file, _ENCRYPTED) else damaged(kind)
    size = file.seek(0, 2)
    file.seek(0)
    with zipfile.ZipFile(file) as book:
        if not fits(book, size):
            raise _too_large()
        if any(one.flag_bits & 1 for one in book.infolist()):
            raise locked()
        if kind == "ods" and b"encryption-data" in book.read("META-INF/manifest.xml"):
            raise locked()
    file.seek(0)


def _holds(file: IO[bytes], text: bytes) -> bool:
    last = b""
    while chunk := file.read(_STEP):
        if text in last + chunk:
            return True
        last = chunk[-len(text) :]
    return False


def _ods(file: IO[bytes], first_only: bool) -> Iterator[SheetRow]:
    with zipfile.ZipFile(file) as book, book.open("content.xml") as content:
        yield from ods_rows(content, first_only=first_only)


def _xlsx(file: IO[bytes], first_only: bool) -> Iterator[SheetRow]:
    """The reader warns of styles and odd days, and would quote a cell; nobody is to hear that."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    with contextlib.closing(book):
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # some programs write a wrong one, and rows would be left out
            rows = enumerate(sheet.iter_rows(values_only=True), start=1)
            while some := _quietly(rows):
                filled = [one for one in some if any(cell not in (None, "") for cell in one[1])]
                for line, cells in filled[:1] if first_only else filled:
                    yield sheet.title, line, list(cells)
                if first_only and filled:
                    break


def _quietly(rows: Iterator[tuple[int, Any]]) -> list[tuple[int, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(islice(rows, _AT_ONCE))


_READ: Final[dict[str, Callable[[IO[bytes], bool], Iterator[SheetRow]]]] = {
    "xlsx": _xlsx, "ods": _ods,
}  # fmt: skip


def locked() -> FileHeld:
    """The file has a password."""
    return FileHeld(
        "file-locked",
        "檔案有密碼，無法讀取。請解除後重送。",
        "The file has a password. Remove it.",
    )


def damaged(kind: str) -> FileHeld:
    """The file is broken or another thing than its name says."""
    return FileHeld(
        "file-damaged",
        f"檔案損壞或不是 {kind}。請重新匯出後傳送。",
        f"The file is damaged or not {kind}. Export and send it again.",
    )


def _too_large() -> FileHeld:
    return FileHeld(
        "file-too-large",
        "工作簿解開後過大，或壓縮比異常，未收。請改用 CSV 或分次傳送。",
        "The workbook becomes too large, or is packed as no data is. Send CSV, or in parts.",
    )
