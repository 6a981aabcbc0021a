"""Cells of a decision table: a closed grammar in which *unknown* is a value of its own, never a no.

Alternatives are joined by ` or `; a cell that is not `-`, `unknown` or joined with `unknown` never
matches an unknown input.

    -                       any value, unknown too
    unknown   known         nothing is known of it / anything is
    yes   no                flag
    = x   in {a, b}         choice; `= 3` also number
    < <= > >= 3   2..5      number; a range includes both ends
    has x   has any {a, b}  set
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, cast

from anwang.common.errors import AnwangError

Kind = Literal["flag", "number", "choice", "set"]
KINDS: Final = frozenset({"flag", "number", "choice", "set"})


class Unknown(Enum):
    """The one value that says: not asked, late, failed, withheld, or not said."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN

Value = bool | int | float | str | frozenset[str] | Unknown
Inputs = Mapping[str, Value]
Test = Callable[[Value], bool]


class CellError(AnwangError):
    """A cell of a decision table cannot be read.

    Correct the cell; the grammar is in rulebook/rules/cells.py.
    """


class UnknownCode(CellError):
    """A cell names a code that the column does not have."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One column: `values` closes the domain of a choice or set.

    `raise_only` inputs may only be asked with `has`. A `score` is the sum of an instrument or a
    probability, `chained` the outcome of a table asked before: neither is a fact of the report, so
    nothing may go out by itself on them alone.
    """

    name: str
    kind: Kind
    values: tuple[str, ...]
    text: Mapping[str, str]
    raise_only: bool = False
    score: bool = False
    chained: bool = False


@dataclass(frozen=True, slots=True)
class Atom:
    """One alternative of a cell: `op` with its numbers or codes."""

    op: str
    codes: frozenset[str] = frozenset()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A parsed cell; `text` is what the official wrote."""

    text: str
    atoms: tuple[Atom, ...]

    @property
    def is_any(self) -> bool:
        """True for `-`: the column plays no part in this row."""
        return any(atom.op == "any" for atom in self.atoms)

    @property
    def takes_unknown(self) -> bool:
        """True if an unknown input satisfies the cell."""
        return any(atom.op in ("any", "unknown") for atom in self.atoms)

    def accepts(self, value: Value) -> bool:
        """Plain reading of the grammar; `predicate` is the same, compiled."""
        if value is UNKNOWN:
            return self.takes_unknown
        return predicate(self)(value)


_CODE: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_COMPARED: Final = re.compile(rf"(<=|>=|<|>|=)\s*({_NUMBER})")
_RANGE: Final = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})")
_IN: Final = re.compile(rf"in\s*\{{\s*({_CODE}(?:\s*,\s*{_CODE})*)\s*\}}")
_EQUALS: Final = re.compile(rf"=\s*({_CODE})")
_HAS: Final = re.compile(rf"has\s+({_CODE})")
_HAS_ANY: Final = re.compile(rf"has\s+any\s*\{{\s*({_CODE}(?:\s*,\s*{_CODE})*)\s*\}}")
_PLAIN: Final = {"-": "any", "unknown": "unknown", "known": "known"}


def parse_cell(text: str, spec: InputSpec) -> Cell:
    """Read one cell of the column `spec`. Raises CellError naming the column and what is wrong."""
    parts = [part.strip() for part in text.split(" or ")]
    return Cell(text, tuple(_atom(part, spec) for part in parts))


def _atom(part: str, spec: InputSpec) -> Atom:
    if part in _PLAIN:
        return Atom(_PLAIN[part])
    atom = _READERS[spec.kind](part)
    if atom is None:
        raise CellError(f"Column {spec.name}: a {spec.kind} cell cannot be {part!r}.")
    if strange := sorted(atom.codes - set(spec.values)):
        raise UnknownCode(f"Column {spec.name}: {', '.join(strange)} is not among its values.")
    return atom


def _flag(part: str) -> Atom | None:
    return Atom(part) if part in ("yes", "no") else None


def _choice(part: str) -> Atom | None:
    found = _EQUALS.fullmatch(part) or _IN.fullmatch(part)
    return Atom("in", _codes(found)) if found else None


def _set(part: str) -> Atom | None:
    found = _HAS_ANY.fullmatch(part) or _HAS.fullmatch(part)
    return Atom("has", _codes(found)) if found else None


def _number(part: str) -> Atom | None:
    if found := _RANGE.fullmatch(part):
        low, high = float(found.group(1)), float(found.group(2))
        return Atom("range", low=low, high=high) if low <= high else None
    if found := _COMPARED.fullmatch(part):
        edge = float(found.group(2))
        return Atom(found.group(1), low=edge)
    return None


def _codes(found: re.Match[str]) -> frozenset[str]:
    return frozenset(code.strip() for code in found.group(1).split(","))


_READERS: Final[Mapping[Kind, Callable[[str], Atom | None]]] = {
    "flag": _flag,
    "choice": _choice,
    "set": _set,
    "number": _number,
}

_COMPARE: Final[Mapping[str, Callable[[float], Callable[[float], bool]]]] = {
    "<": lambda edge: lambda number: number < edge,
    "<=": lambda edge: lambda number: number <= edge,
    ">": lambda edge: lambda number: number > edge,
    ">=": lambda edge: lambda number: number >= edge,
    "=": lambda edge: lambda number: number == edge,
}


def predicate(cell: Cell) -> Test:
    """A function of a *known* value; callers treat unknown themselves, by `takes_unknown`."""
    tests = [_test(atom) for atom in cell.atoms if atom.op != "unknown"]
    if not tests:
        return _never
    if len(tests) == 1:
        return tests[0]
    return lambda value: any(test(value) for test in tests)


def _test(atom: Atom) -> Test:
    if atom.op in ("any", "known"):
        return _always
    if atom.op in ("yes", "no"):
        return frozenset({atom.op == "yes"}).__contains__
    if atom.op == "in":
        return atom.codes.__contains__
    if atom.op == "has":
        apart = atom.codes.isdisjoint
        return lambda value: not apart(cast(Iterable[str], value))
    if atom.op == "range":
        low, high = cast(float, atom.low), cast(float, atom.high)
        return lambda value: low <= cast(float, value) <= high
    return cast(Test, _COMPARE[atom.op](cast(float, atom.low)))


def told_apart(spec: InputSpec, cells: Iterable[Cell]) -> tuple[Value, ...]:
    """Known values of a column, one for each way in which `cells` take them or not.

    Numbers are whole and not negative. Empty for a set, which has too many values.
    """
    listed = list(cells)
    edges = sorted(
        {
            int(edge) + step
            for cell in listed
            for atom in cell.atoms
            for edge in (atom.low, atom.high)
            if edge is not None
            for step in (-1, 0, 1)
        }
    )
    values: Mapping[Kind, tuple[Value, ...]] = {
        "flag": (True, False),
        "choice": spec.values,
        "number": tuple(edge for edge in edges if edge >= 0),
        "set": (),
    }
    kinds: dict[tuple[bool, ...], Value] = {}
    for value in values[spec.kind]:
        kinds.setdefault(tuple(cell.accepts(value) for cell in listed), value)
    return tuple(kinds.values())


def _always(_: Value) -> bool:
    return True


def _never(_: Value) -> bool:
    return False


def freeze_inputs(inputs: Inputs) -> dict[str, object]:
    """Inputs as JSON: unknown becomes null, a set a sorted list. `thaw_inputs` is the way back."""
    return {name: _frozen(inputs[name]) for name in sorted(inputs)}


def thaw_inputs(stored: Mapping[str, object]) -> dict[str, Value]:
    """Inputs as stored with a decision, so that it can be replayed (null is unknown)."""
    return {name: _thawed(value) for name, value in stored.items()}


def _frozen(value: Value) -> object:
    if value is UNKNOWN:
        return None
    return sorted(value) if isinstance(value, frozenset) else value


def _thawed(value: object) -> Value:
    if value is None:
        return UNKNOWN
    if isinstance(value, list):
        return frozenset(str(item) for item in value)
    return cast(Value, value)
