"""The rows of an ODS content, as its XML streams by (OpenDocument 1.3, part 3, sections 9 and 19).

No tree is built: a row is given as soon as it ends. A document that declares entities is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final
from xml.parsers import expat

_STEP: Final = 1 << 18
# What a spreadsheet program can hold; a row repeated more often is no data.
MOST_ROWS: Final = 1 << 20
MOST_COLUMNS: Final = 1 << 14
_NAMES: Final = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _ROW = f"{_NAMES}table:1.0 table", f"{_NAMES}table:1.0 table-row"
_CELLS: Final = frozenset(
    {f"{_NAMES}table:1.0 table-cell", f"{_NAMES}table:1.0 covered-table-cell"}
)
_PARAGRAPH: Final = f"{_NAMES}text:1.0 p"
_SPACES, _TAB, _BREAK = (f"{_NAMES}text:1.0 {name}" for name in ("s", "tab", "line-break"))
# Beside a cell's own text: comments, and what is drawn over it.
_BESIDE: Final = (f"{_NAMES}office:1.0 annotation", f"{_NAMES}drawing:1.0 ")
_VALUE: Final = {
    "float": "value", "percentage": "value", "currency": "value", "date": "date-value",
    "boolean": "boolean-value", "time": "time-value",
}  # fmt: skip
OdsRow = tuple[str, int, list[object]]


class BrokenOds(Exception):
    """This is no OpenDocument content, or one that would become too large."""

    def __init__(self, *, too_large: bool = False) -> None:
        super().__init__("broken")
        self.too_large = too_large


def ods_rows(content: IO[bytes], *, first_only: bool = False) -> Iterator[OdsRow]:
    """Sheet, line and cells of each filled row; `first_only`: of the first one of each sheet.

    Raises BrokenOds.
    """
    reading = _Reading(first_only)
    try:
        while chunk := content.read(_STEP):
            reading.parser.Parse(chunk, False)
            yield from reading.taken()
        reading.parser.Parse(b"", True)
    except expat.ExpatError:
        raise BrokenOds from None
    yield from reading.taken()


class _Reading:
    """Where the parser stands, and the rows that ended since they were taken last."""

    def __init__(self, first_only: bool) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._first_only = first_only
        self._rows: list[tuple[str, int, int, list[object]]] = []
        self._sheet = ""
        self._line = 0
        self._found = False  # a filled row of this sheet
        self._cells: list[object] | None = None
        self._empty = 0  # cells since the last filled one
        self._told: str | None = None
        self._words: list[str] = []
        self._in_cell = self._in_words = False
        self._beside = 0
        self._times = self._cell_times = 1

    def taken(self) -> Iterator[OdsRow]:
        """The rows that have ended, each as often as it stands there."""
        rows, self._rows = self._rows, []
        for sheet, line, times, cells in rows:
            for more in range(times):
                yield sheet, line + more, cells

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._beside or name.startswith(_BESIDE):
            self._beside += 1
        elif name in _CELLS and self._cells is not None:
            self._begin_cell(attributes)
        elif name == _PARAGRAPH and self._in_cell:
            if self._words:
                self._words.append("\n")
            self._in_words = True
        elif self._in_words:
            self._space(name, attributes)
        elif name == _ROW and not (self._first_only and self._found):
            self._times = _number(attributes, "number-rows-repeated")
            self._cells, self._empty = [], 0
        elif name == _TABLE and not self._in_cell:
            self._sheet = attributes.get(f"{_NAMES}table:1.0 name", "")
            self._line, self._found = 0, False

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        kind = attributes.get(f"{_NAMES}office:1.0 value-type", "")
        told = _VALUE.get(kind, "string-value")
        self._told = attributes.get(f"{_NAMES}office:1.0 {told}")
        self._cell_times = _number(attributes, "number-columns-repeated")
        self._in_cell, self._words = True, []

    def _space(self, name: str, attributes: dict[str, str]) -> None:
        if name == _SPACES:
            count = attributes.get(f"{_NAMES}text:1.0 c", "1")
            self._words.append(" " * min(int(count) if count.isdigit() else 1, 1000))
        elif name in (_TAB, _BREAK):
            self._words.append("\t" if name == _TAB else "\n")

    def _text(self, text: str) -> None:
        if self._in_words and not self._beside:
            self._words.append(text)

    def _end(self, name: str) -> None:
        if self._beside:
            self._beside -= 1
        elif name == _PARAGRAPH:
            self._in_words = False
        elif name in _CELLS and self._in_cell:
            self._end_cell()
        elif name == _ROW and self._cells is not None:
            self._end_row()

    def _end_cell(self) -> None:
        assert self._cells is not None
        self._in_cell = False
        text = self._told if self._told is not None else "".join(self._words)
        if not text:
            self._empty += self._cell_times
            return
        width = len(self._cells) + self._empty + self._cell_times
        if width > MOST_COLUMNS:
            raise BrokenOds(too_large=True)
        self._cells += [""] * self._empty + [_plain(text)] * self._cell_times
        self._empty = 0

    def _end_row(self) -> None:
        line, cells = self._line + 1, self._cells
        self._line += self._times
        self._cells = None
        if not cells:
            return
        if self._line > MOST_ROWS:
            raise BrokenOds(too_large=True)
        self._rows.append((self._sheet, line, 1 if self._first_only else self._times, cells))
        self._found = True

    def _refuse(self, *_: object) -> None:
        raise BrokenOds


def _number(attributes: dict[str, str], name: str) -> int:
    told = attributes.get(f"{_NAMES}table:1.0 {name}", "1")
    if not (told.isascii() and told.isdigit()) or len(told) > 9:
        raise BrokenOds
    return int(told)


def _plain(text: str) -> str:
    """A whole number as one writes it: 5, not 5.0."""
    return text.removesuffix(".0") if text[:-2].lstrip("-").isdigit() else text
