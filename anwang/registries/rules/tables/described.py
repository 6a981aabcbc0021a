"""A table of figures with its description: which column means what, and what is said of the figures.

The description is YAML beside the CSV or spreadsheet; docs/data-quality.md tells how to write one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from anwang.common.errors import AnwangError
from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.encodings import encoding_of
from anwang.registries.rules.held import FileHeld

# What a figure must carry; each may stand in its row, at its column, or for the whole table.
ATTRIBUTES: Final = (
    "unit", "period", "stage", "numerator", "denominator", "owner", "source", "definition", "scope",
    "channel", "index_event", "index_from", "observed_until", "window_days", "population",
    "valid_from", "valid_to", "measure",
)  # fmt: skip
# Columns that hold figures, and those that hold something else to check.
FIGURES: Final = ("count", "total", "share", "value")
OTHERS: Final = (
    "label", "name", "text", "code", "law", "article", "least", "most", "deadline", "day", "starts",
    "ends", "ordinal", "verdict", "system", "items", "unnamed", "plan", "from", "until",
)  # fmt: skip
ROLES: Final = frozenset((*FIGURES, *OTHERS, *ATTRIBUTES))
SAYINGS: Final = frozenset({"direction", "compares", "difference"})
_KEYS: Final = frozenset({"table", "title", "figures", "columns", "says", "attachments"})
_NUMBER: Final = re.compile(r"([+-]?)\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?\s*(%|％)?")
_NOTHING: Final = frozenset({"", "-", "–", "—", "－", "…"})


class TableFault(AnwangError):
    """A table or its description cannot be read; the text names the place and what to correct."""


@dataclass(frozen=True, slots=True)
class Number:
    """A figure as printed: its value (a percentage as printed, 43.65 for 43.65 %) and decimals."""

    value: float
    decimals: int
    percent: bool
    signed: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its role (`is`) and the rest of its description."""

    name: str
    role: str
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file (header is 1), its label, its cells by column."""

    line: int
    label: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with all that is known of it. `name` is what it counts."""

    name: str
    row: Row
    column: Column
    number: Number
    about: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """A table read with its description. `folder` is where attachments are looked for."""

    id: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    defaults: Mapping[str, Any]
    says: tuple[Mapping[str, Any], ...]
    attachments: tuple[str, ...]
    folder: Path

    def columns_with(self, *roles: str) -> list[Column]:
        """The columns in one of these roles, in the table's order."""
        return [one for one in self.columns if one.role in roles]

    def one_with(self, role: str) -> Column | None:
        """The first column in a role."""
        return next(iter(self.columns_with(role)), None)

    def row_labelled(self, label: str) -> Row | None:
        """The row of that label, or None."""
        return next((row for row in self.rows if row.label == label), None)

    def figures(self) -> Iterator[Figure]:
        """Every figure of the table, row by row."""
        named = self.one_with("name")
        for row in self.rows:
            for column in self.columns_with(*FIGURES):
                number = number_in(row.cells.get(column.name, ""))
                if number is not None:
                    name = row.cells.get(named.name, "") if named else ""
                    yield Figure(
                        name or str(column.about.get("name", column.name)), row, column, number,
                        self._about(row, column),
                    )  # fmt: skip

    def _about(self, row: Row, column: Column) -> dict[str, str]:
        found = {key: str(value) for key, value in self.defaults.items() if value is not None}
        found |= {key: str(column.about[key]) for key in ATTRIBUTES if key in column.about}
        for other in self.columns_with(*ATTRIBUTES):
            if text := row.cells.get(other.name, ""):
                found[other.role] = text
        return found


def number_in(text: str) -> Number | None:
    """The number a cell prints, or None where it prints none."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    sign, whole, fraction, percent = found.groups()
    value = float(whole.replace(",", "") + (fraction or ""))
    decimals = len(fraction) - 1 if fraction else 0
    return Number(-value if sign == "-" else value, decimals, bool(percent), bool(sign))


def is_blank(text: str) -> bool:
    """Whether a cell prints nothing, or a dash for nothing."""
    return text.strip() in _NOTHING


def read_table(file: Path, description: Path) -> Table:
    """The table in `file` (CSV, ODS or XLSX) as `description` tells it. Raises TableFault."""
    try:
        body = read_yaml(description)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TableFault(f"{description.name}: cannot be read as YAML. {error}") from None
    lines = _lines(file)
    if not lines:
        raise TableFault(f"{file.name}: the table is empty.")
    return table_of(body, lines, description.name, description.parent)


def table_of(body: Any, lines: Sequence[Sequence[str]], where: str, folder: Path) -> Table:
    """A table from the parsed description and its lines, header first. Raises TableFault."""
    columns = _columns(body, [cell.strip() for cell in lines[0]], where)
    label = next((one.name for one in columns if one.role == "label"), None)
    rows = []
    for line, cells in enumerate(lines[1:], start=2):
        if any(cell.strip() for cell in cells):
            named = dict(
                zip((one.strip() for one in lines[0]), map(str.strip, cells), strict=False)
            )
            rows.append(Row(line, named.get(label, "") if label else str(line - 1), named))
    return Table(
        id=str(body["table"]),
        columns=tuple(columns),
        rows=tuple(rows),
        defaults=dict(body.get("figures") or {}),
        says=tuple(_sayings(body, where)),
        attachments=tuple(map(str, body.get("attachments") or ())),
        folder=folder,
    )


def _columns(body: Any, header: Sequence[str], where: str) -> list[Column]:
    if not isinstance(body, Mapping) or not {"table", "columns"} <= body.keys():
        raise TableFault(f"{where}: say table (an id) and columns (each with `is`).")
    if unknown := sorted(set(body) - _KEYS):
        raise TableFault(f"{where}: nobody knows {', '.join(unknown)}. Known: {sorted(_KEYS)}.")
    if unknown := sorted(set(body.get("figures") or ()) - set(ATTRIBUTES)):
        raise TableFault(f"{where}: figures have no {', '.join(unknown)}. Known: {ATTRIBUTES}.")
    made = []
    for name, about in body["columns"].items():
        role = about.get("is") if isinstance(about, Mapping) else about
        if role not in ROLES:
            raise TableFault(f"{where}: column {name} is {role!r}; it can be {sorted(ROLES)}.")
        if name not in header:
            raise TableFault(f"{where}: the table has no column {name!r}. It has {list(header)}.")
        made.append(Column(name, role, about if isinstance(about, Mapping) else {}))
    if missing := [name for name in header if name and name not in body["columns"]]:
        raise TableFault(f"{where}: say what these columns are: {', '.join(missing)}.")
    known = {one.name for one in made}
    for one in made:
        used = [*one.about.get("counts", ()), *one.about.get("leaves_out", ())]
        used += [one.about[key] for key in ("of", "over", "part_of") if key in one.about]
        if lost := [name for name in used if name not in known]:
            raise TableFault(f"{where}: column {one.name} names {lost}, which are no columns.")
    return made


def _sayings(body: Mapping[str, Any], where: str) -> Iterator[Mapping[str, Any]]:
    for one in body.get("says") or ():
        if not isinstance(one, Mapping) or len(SAYINGS & one.keys()) != 1:
            raise TableFault(f"{where}: a saying is one of {sorted(SAYINGS)}, not {one!r}.")
        yield one


def _lines(file: Path) -> list[list[str]]:
    if file.suffix.lower() in (".ods", ".xlsx"):
        from python_calamine import CalamineError, CalamineWorkbook, ZipError

        try:
            book = CalamineWorkbook.from_path(str(file))
            sheet = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
        except (CalamineError, ZipError, OSError) as error:
            raise TableFault(f"{file.name}: cannot be opened as a spreadsheet. {error}") from None
        return [[_cell(cell) for cell in row] for row in sheet]
    try:
        codec = encoding_of(file, None)
        with file.open(encoding=codec, newline="") as text:
            return [list(row) for row in csv.reader(text)]
    except (OSError, UnicodeDecodeError, FileHeld, csv.Error) as error:
        raise TableFault(f"{file.name}: cannot be read as CSV. {error}") from None


def _cell(cell: object) -> str:
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return "" if cell is None else str(cell)
