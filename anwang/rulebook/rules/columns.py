"""Decision tables over many inputs at once: NumPy over the very predicates of the row kernel.

A column is coded: each different value once, and for every report the place of its value. A cell is
asked once for each different value, by the row kernel's own predicate, and its answer is looked up
for all reports together; so both kernels read one grammar (a test compares them). The answer has
three values: the cell fits, it might fit if more were known, it does not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from anwang.rulebook.rules.cells import UNKNOWN, Cell, Inputs, Value, predicate
from anwang.rulebook.rules.tables import DecisionTable, Row

Codes: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]
NO: Final = 0
MIGHT: Final = 1  # an unknown value that the cell does not take: with an answer it could fit
FITS: Final = 2
NO_ROW: Final = -1


@dataclass(frozen=True, slots=True)
class Column:
    """One input of all reports: `values[codes[n]]` is the value of report n."""

    values: tuple[Value, ...]
    codes: Codes

    def at(self, place: int) -> Value:
        """The value of one report."""
        return self.values[int(self.codes[place])]


def coded(values: Iterable[Value]) -> Column:
    """A column of plain values. True and 1 stay apart, as they do in a table."""
    places: dict[tuple[type, Value], int] = {}
    codes = [places.setdefault((type(one), one), len(places)) for one in values]
    return Column(tuple(one for _, one in places), np.asarray(codes, dtype=np.int32))


def coded_rows(rows: Sequence[Inputs], names: Iterable[str]) -> dict[str, Column]:
    """Columns of many inputs as the row kernel takes them; what is absent is unknown."""
    return {name: coded(row.get(name, UNKNOWN) for row in rows) for name in names}


@dataclass(frozen=True)
class Columns:
    """The inputs of `length` reports. A column that is absent is unknown for all of them.

    Answers are kept, since versions of a table share most of their cells.
    """

    length: int
    named: Mapping[str, Column]
    _answers: dict[tuple[str, Cell], NDArray[np.uint8]] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> Column:
        """The column, all unknown where there is none."""
        found = self.named.get(name)
        return found or Column((UNKNOWN,), np.zeros(self.length, dtype=np.int32))

    def with_columns(self, **more: Column) -> Columns:
        """These and others beside them; no name may stand twice, as answers are kept by name."""
        if again := self.named.keys() & more.keys():
            raise ValueError(f"Columns {', '.join(sorted(again))} are there already.")
        kept = {key: told for key, told in self._answers.items() if key[0] in self.named}
        return Columns(self.length, {**self.named, **more}, kept)

    def only(self, places: NDArray[np.intp]) -> Columns:
        """The reports at `places`, in that order."""
        named = {name: Column(one.values, one.codes[places]) for name, one in self.named.items()}
        return Columns(len(places), named)

    def answers(self, name: str, cell: Cell) -> NDArray[np.uint8]:
        """NO, MIGHT or FITS for every report."""
        key = (name, cell)
        if key not in self._answers:
            column, test = self.get(name), predicate(cell)
            unknown = FITS if cell.takes_unknown else MIGHT
            told = [
                unknown if one is UNKNOWN else FITS if cell.is_any or test(one) else NO
                for one in column.values
            ]
            self._answers[key] = np.asarray(told, dtype=np.uint8)[column.codes]
        return self._answers[key]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of a table that stops at the first hit: the place of each report's row, NO_ROW without one.

    `open`: a row above it was blocked by something unknown, so that an answer might lead elsewhere.
    """

    rows: Codes
    open: Flags


def choose(table: DecisionTable, columns: Columns) -> Chosen:
    """The first row that fits each report. Raises ValueError for a table that collects all hits."""
    if table.hit == "all":
        raise ValueError(f"{table.id} collects all hits; use choose_all.")
    chosen = np.full(columns.length, NO_ROW, dtype=np.int32)
    blocked = np.zeros(columns.length, dtype=np.bool_)
    left = np.arange(columns.length)
    for place, row in enumerate(table.rows):
        if not left.size:
            break
        told = _row_answers(row, columns, left)
        fits = told == FITS
        blocked[left[told == MIGHT]] = True
        chosen[left[fits]] = place
        left = left[~fits]
    return Chosen(chosen, blocked)


def choose_all(table: DecisionTable, columns: Columns) -> NDArray[np.uint8]:
    """NO, MIGHT or FITS for each row (first axis) and report, of a table that collects all hits."""
    everybody = np.arange(columns.length)
    found = np.empty((len(table.rows), columns.length), dtype=np.uint8)
    for place, row in enumerate(table.rows):
        found[place] = _row_answers(row, columns, everybody)
    return found


def _row_answers(row: Row, columns: Columns, left: NDArray[Any]) -> NDArray[np.uint8]:
    """All cells of the row together: as bad as the worst of them."""
    told = np.full(left.size, FITS, dtype=np.uint8)
    for name, cell in row.when.items():
        if not cell.is_any:
            np.minimum(told, columns.answers(name, cell)[left], out=told)
    return told


def output_column(table: DecisionTable, chosen: Chosen, output: str, none: Value) -> Column:
    """What the chosen rows say of `output`, as an input for the next table; `none` for an empty one.

    Reports without a row have it unknown.
    """
    said = [none if (told := row.then[output]) is None else told for row in table.rows]
    values: tuple[Value, ...] = (*dict.fromkeys(said), UNKNOWN)
    # NO_ROW is -1 and so finds the last place: unknown.
    places = np.asarray([*(values.index(one) for one in said), len(values) - 1], dtype=np.int32)
    return Column(values, places[chosen.rows])
