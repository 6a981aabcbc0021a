"""Decision tables: rows of cells, each row with its outputs, its text and its legal source.

A decision says which row it used, from which inputs, and which unknown inputs might have led
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from anwang.common.errors import AnwangError
from anwang.rulebook.rules.cells import UNKNOWN, Cell, Inputs, InputSpec, Test, Value, predicate

HitPolicy = Literal["first", "unique", "all"]
Confidence = Literal["V", "S", "D", "U"]
CONFIDENCES: Final = frozenset({"V", "S", "D", "U"})


class PolicyGap(AnwangError):
    """No row of a table fits. Add a row with its source, or correct the inputs."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `when` holds only the columns that matter; `then` one value per output.

    `confidence`: V text of the law read, S secondary source, D derived here, U not verified.
    `county_may`: the outputs and columns in which a county's row may differ from this one. `county`
    is None for the nation's rows; a county's row names the national one that it varies in `varies`.
    """

    id: str
    when: Mapping[str, Cell]
    then: Mapping[str, str | None]
    text: Mapping[str, str]
    citation: str
    confidence: str
    valid_from: date
    valid_to: date | None = None
    county_may: frozenset[str] = frozenset()
    county: str | None = None
    varies: str | None = None

    @property
    def layer(self) -> str:
        """`national` or `county`."""
        return "national" if self.county is None else "county"

    def is_valid_on(self, day: date) -> bool:
        """Whether the row is law on `day`; `valid_to` is the first day on which it is no longer."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class PossibleRow:
    """A row that fits as far as is known.

    It would have been used if the `blocked_by` inputs were as it asks.
    """

    row: Row
    blocked_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """What a table decided and why.

    `used` are the inputs the row looked at, `unknown` those that left it open.
    """

    table_id: str
    row: Row
    used: Mapping[str, Value]
    unknown: tuple[str, ...]
    possible: tuple[PossibleRow, ...] = ()

    @property
    def outputs(self) -> Mapping[str, str | None]:
        """Output name -> value of the row that was used."""
        return self.row.then

    def reason(self) -> dict[str, object]:
        """The row as shown on screens and kept with the decision (JSON-able)."""
        said: dict[str, object] = {
            "rule": self.table_id,
            "row": self.row.id,
            "text": dict(self.row.text),
            "citation": self.row.citation,
            "confidence": self.row.confidence,
        }
        if self.row.county is not None:
            said |= {"county": self.row.county, "varies": self.row.varies}
        return said


_Compiled = tuple[Row, tuple[tuple[int, Test, bool], ...]]


@dataclass(frozen=True)
class DecisionTable:
    """The rows in force on one day, in order. Made by `loader.table_on`.

    `looks_at`: the columns that some row asks for; what the others say changes nothing.
    """

    id: str
    version: str
    hit: HitPolicy
    specs: tuple[InputSpec, ...]
    outputs: Mapping[str, tuple[str, ...]]
    rows: tuple[Row, ...]
    text: Mapping[str, str]
    looks_at: frozenset[str] = field(init=False, repr=False, compare=False)
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _compiled: tuple[_Compiled, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = tuple(spec.name for spec in self.specs)
        asked = {name for row in self.rows for name, cell in row.when.items() if not cell.is_any}
        object.__setattr__(self, "looks_at", frozenset(asked))
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_compiled", tuple(_compile(row, names) for row in self.rows))

    def decide(self, inputs: Inputs, *, possible: bool = True) -> Hit:
        """The first row that fits. An input that is absent is unknown.

        Without `possible` the hit tells no rows that might have been used, nor what left them open.
        Raises PolicyGap if none fits, ValueError for a table that collects all hits.
        """
        if self.hit == "all":
            raise ValueError(f"{self.id} collects all hits; use decide_all.")
        open_rows: list[PossibleRow] | None = [] if possible else None
        for found, hit in self._fitting(inputs, open_rows):
            return self._hit(found, hit, open_rows or ())
        raise PolicyGap(f"No row of {self.id} ({self.version}) fits. Add a row with its source.")

    def decide_all(
        self, inputs: Inputs, *, possible: bool = True
    ) -> tuple[tuple[Hit, ...], tuple[PossibleRow, ...]]:
        """Every row that fits, in order, and every row that might fit if more were known; of these
        none without `possible`."""
        open_rows: list[PossibleRow] | None = [] if possible else None
        hits = [self._hit(row, values, ()) for row, values in self._fitting(inputs, open_rows)]
        return tuple(hits), tuple(open_rows or ())

    def _fitting(
        self, inputs: Inputs, possible: list[PossibleRow] | None
    ) -> Iterator[tuple[Row, Mapping[str, Value]]]:
        get = inputs.get
        names = self._names
        values = [get(name, UNKNOWN) for name in names]
        for row, tests in self._compiled:
            blocked: tuple[int, ...] = ()
            for column, test, takes_unknown in tests:
                value = values[column]
                if value is UNKNOWN:
                    if takes_unknown:
                        continue
                    if possible is None:
                        break
                    blocked += (column,)
                elif not test(value):
                    break
            else:
                if blocked and possible is not None:
                    possible.append(PossibleRow(row, tuple(names[column] for column in blocked)))
                else:
                    yield row, {names[column]: values[column] for column, _, _ in tests}

    def _hit(
        self,
        row: Row,
        used: Mapping[str, Value],
        possible: Sequence[PossibleRow],
    ) -> Hit:
        open_names = {name for name, value in used.items() if value is UNKNOWN}
        open_names.update(name for other in possible for name in other.blocked_by)
        return Hit(self.id, row, used, tuple(sorted(open_names)), tuple(possible))


def _compile(row: Row, names: tuple[str, ...]) -> _Compiled:
    tests = tuple(
        (names.index(name), predicate(cell), cell.takes_unknown)
        for name, cell in row.when.items()
        if not cell.is_any
    )
    return row, tests
