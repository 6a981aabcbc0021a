"""Cells in FEEL, the expression language of DMN, and back.

What is unknown is `null` there, and a comparison with null is never true: the same meaning as ours.
Of FEEL only what our cells can say is read; anything else is a fault of its cell.

    yes, no             true, false
    unknown, known      null, ? != null
    = x   in {a, b}     "x"   "a", "b"
    = 3   < 6   2..5    3   < 6   [2..5]
    has x               list contains(?, "x")
    has any {a, b}      some code in ? satisfies list contains(["a", "b"], code)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from anwang.rulebook.rules.cells import Atom, Cell, CellError, InputSpec, parse_cell

_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_TEXT: Final = r'"([^"\\]*)"'
_STRING: Final = re.compile(_TEXT)
_RANGE: Final = re.compile(rf"\[\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*\]")
_COMPARED: Final = re.compile(rf"(<=|>=|<|>|=)?\s*({_NUMBER})")
_HAS: Final = re.compile(rf"list\s+contains\(\s*\?\s*,\s*{_TEXT}\s*\)")
_HAS_ANY: Final = re.compile(
    r"some\s+(\w+)\s+in\s+\?\s+satisfies\s+list\s+contains\(\s*\[(.*)\]\s*,\s*\1\s*\)"
)
_PLAIN: Final = {
    "true": "yes", "false": "no", "null": "unknown", "?!=null": "known", "not(null)": "known",
    "-": "-", "": "-",
}  # fmt: skip


def to_feel(text: str, spec: InputSpec) -> str:
    """A cell as a unary test. Raises CellError where the cell cannot be read."""
    cell = parse_cell(text, spec)
    if cell.is_any:
        return "-"
    return ", ".join(_told(atom, spec) for atom in cell.atoms)


def _told(atom: Atom, spec: InputSpec) -> str:
    codes = [f'"{code}"' for code in _in_order(atom, spec)]
    if atom.op == "in":
        return ", ".join(codes)
    if atom.op == "has":
        if len(codes) == 1:
            return f"list contains(?, {codes[0]})"
        return f"some code in ? satisfies list contains([{', '.join(codes)}], code)"
    if atom.op == "range":
        return f"[{_plain_number(atom.low)}..{_plain_number(atom.high)}]"
    if atom.op == "=":
        return _plain_number(atom.low)
    plain = {"yes": "true", "no": "false", "unknown": "null", "known": "? != null"}
    return plain.get(atom.op) or f"{atom.op} {_plain_number(atom.low)}"


def _in_order(atom: Atom, spec: InputSpec) -> Iterable[str]:
    """The codes as the column lists them."""
    return (code for code in spec.values if code in atom.codes)


def _plain_number(number: float | None) -> str:
    return f"{number or 0:.10f}".rstrip("0").rstrip(".")


def from_feel(text: str, spec: InputSpec) -> str:
    """A unary test as a cell of ours. Raises CellError for what our cells cannot say."""
    alternatives: list[str] = []
    strings: list[str] = []
    for part in _parts(text):
        string = _STRING.fullmatch(part)
        if string and spec.kind == "choice":
            strings.append(string[1])
            if len(strings) == 1:
                alternatives.append("")  # all strings together, where the first stood
            continue
        alternatives.append(_read(part, spec))
    if strings:
        one = f"= {strings[0]}" if len(strings) == 1 else f"in {{{', '.join(strings)}}}"
        alternatives[alternatives.index("")] = one
    cell = " or ".join(alternatives)
    parse_cell(cell, spec)
    return cell


def _read(part: str, spec: InputSpec) -> str:
    if (plain := _PLAIN.get("".join(part.split()))) is not None:
        return plain
    if found := _RANGE.fullmatch(part):
        return f"{found[1]}..{found[2]}"
    if found := _COMPARED.fullmatch(part):
        return f"{found[1] or '='} {found[2]}"
    if found := _HAS.fullmatch(part):
        return f"has {found[1]}"
    if found := _HAS_ANY.fullmatch(part):
        return f"has any {{{', '.join(_STRING.findall(found[2]))}}}"
    raise CellError(f"Column {spec.name}: {part!r} is none of the expressions that are read.")


def _parts(text: str) -> list[str]:
    """The alternatives: split at commas outside of quotes and brackets."""
    parts, depth, quoted, begun = [], 0, False, 0
    for place, sign in enumerate(text):
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "([{":
            depth += 1
        elif not quoted and sign in ")]}":
            depth -= 1
        elif not quoted and sign == "," and depth == 0:
            parts.append(text[begun:place].strip())
            begun = place + 1
    return [*parts, text[begun:].strip()]


def same_meaning(one: str, other: str, spec: InputSpec) -> bool:
    """Whether two cells ask the same, however they are written."""
    return _meaning(parse_cell(one, spec)) == _meaning(parse_cell(other, spec))


def _meaning(cell: Cell) -> frozenset[Atom]:
    if cell.is_any:
        return frozenset({Atom("any")})
    codes: dict[str, frozenset[str]] = {}
    for atom in cell.atoms:
        if atom.codes:
            codes[atom.op] = codes.get(atom.op, frozenset()) | atom.codes
    plain = (atom for atom in cell.atoms if not atom.codes)
    return frozenset([*plain, *(Atom(op, found) for op, found in codes.items())])
