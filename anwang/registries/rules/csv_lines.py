"""Records of a CSV text with the line each began on. A quotation mark never closed costs one
record, not all records up to the next mark."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import IO, Final

_SNIFFED: Final = 65536


def delimiter_of(first_line: str) -> str:
    """The delimiter of a header line: comma, unless only tabs, semicolons or bars occur."""
    return next((sign for sign in ",\t;|" if sign in first_line), ",")


def csv_records(file: IO[str]) -> Iterator[tuple[int, list[str] | None]]:
    """Pairs (line, cells); cells is None where the record cannot be read. Blank lines are passed
    over.

    The first record is the header. A record over several lines that has another width than the
    header is taken for an unclosed mark: its first line is given up, the others are read again.
    """
    lines = _Lines(file)
    delimiter = delimiter_of(lines.peek())
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width: int | None = None
    while True:
        lines.begin()
        cells: list[str] | None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = None
        line, taken = lines.first, lines.taken
        if cells is not None and (not cells or not any(cells)):
            continue
        if taken > 1 and (cells is None or (width is not None and len(cells) != width)):
            lines.give_back(taken - 1)
            cells = None
        width = width if width is not None else len(cells or ())
        yield line, cells


class _Lines:
    """Lines of a file that can be given back; `first` is the number of the record's first line."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._waiting: deque[str] = deque()
        self._record: list[str] = []
        self._next = 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._file.readline(_SNIFFED * 16)
        if not line:
            raise StopIteration
        self._record.append(line)
        self._next += 1
        return line

    def peek(self) -> str:
        if not self._waiting:
            self._waiting.append(self._file.readline(_SNIFFED * 16))
        return self._waiting[0]

    def begin(self) -> None:
        self._record = []

    @property
    def first(self) -> int:
        return self._next - len(self._record)

    @property
    def taken(self) -> int:
        return len(self._record)

    def give_back(self, count: int) -> None:
        self._waiting.extendleft(reversed(self._record[-count:]))
        self._next -= count
