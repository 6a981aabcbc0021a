"""A file of reports, one a line: good lines to take, bad ones with their number and reason."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from anwang.common.errors import AnwangError
from anwang.intake.rules.bodies import LARGEST_BYTES, BrokenReport, Delivered, read_body

_GZIP_MAGIC: Final = b"\x1f\x8b"
_READ_AT_ONCE: Final = LARGEST_BYTES + 2  # a report of just 1 MiB and its line end


class FileUnreadable(AnwangError):
    """The file cannot be read. Check its name and that it is JSON Lines, plain or gzip."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: its number from 1, and the report or why it was refused."""

    number: int
    delivered: Delivered | None
    reason: str = ""


def reports_in(path: Path) -> Iterator[Line]:
    """The lines of a .jsonl or .gz file; blank ones are passed over. Raises FileUnreadable."""
    try:
        with path.open("rb") as probe:
            packed = probe.read(2) == _GZIP_MAGIC
        with gzip.open(path) if packed else path.open("rb") as lines:
            yield from _lines(lines)  # type: ignore[arg-type]
    except (OSError, EOFError, zlib.error):
        raise FileUnreadable(f"{path.name}: {FileUnreadable.__doc__}") from None


def _lines(lines: IO[bytes]) -> Iterator[Line]:
    number = 0
    while line := lines.readline(_READ_AT_ONCE):
        number += 1
        whole = line.rstrip(b"\r\n")
        if len(whole) > LARGEST_BYTES:
            while line and not line.endswith(b"\n"):
                line = lines.readline(_READ_AT_ONCE)
            yield Line(number, None, "超過 1 MiB（1,048,576 位元組）：請拆開再送。"
                       " More than 1 MiB; send it in parts.")  # fmt: skip
        elif whole.strip(b" \t\xef\xbb\xbf"):
            yield _line(number, whole)


def _line(number: int, whole: bytes) -> Line:
    try:
        return Line(number, read_body(whole))
    except BrokenReport:
        return Line(number, None, "不是完整的 JSON 物件（UTF-8）：請更正後再送這一行。"
                    " Not one JSON object in UTF-8; correct and send this line again.")  # fmt: skip
