"""Whether every figure says what it is, and whether one name means one thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from anwang.registries.rules.tables.described import Figure, Row, Table
from anwang.registries.rules.tables.findings import Finding, finding, register
from anwang.registries.rules.tables.periods import period_in

_WANTED: Final = ("unit", "period", "stage", "source", "owner")
_ASIDE: Final = ("stage", "denominator", "definition")
_PERCENT: Final = frozenset({"%", "％", "percent", "百分比"})
_POINTS: Final = frozenset({"percentage point", "百分點", "relative percent", "相對百分比"})


def figures_say_what_they_are(table: Table) -> Iterator[Finding]:
    """Every figure carries its unit, period, stage, source and owner; each lack is told once."""
    told: set[tuple[str, str]] = set()
    for one in table.figures():
        for attribute in _WANTED:
            if not one.about.get(attribute) and (attribute, one.name) not in told:
                told.add((attribute, one.name))
                yield finding(f"figure-without-{attribute}", _place(one), name=one.name)


def percentages_have_a_base(table: Table) -> Iterator[Finding]:
    """A percentage names what it is a share of: two columns, or numerator and denominator."""
    for one in table.figures():
        unit = one.about.get("unit", "")
        if not (one.number.percent or unit in _PERCENT | _POINTS):
            continue
        if one.number.signed and unit not in _POINTS:
            yield finding("change-without-kind", _place(one), name=one.name,
                          value=f"{one.number.value:+g}%")  # fmt: skip
        columns = one.column.about.get("of") and one.column.about.get("over")
        if not columns and not (one.about.get("numerator") and one.about.get("denominator")):
            yield finding("percentage-without-base", _place(one), name=one.name,
                          value=f"{one.number.value:g}%")  # fmt: skip


def one_name_one_definition(table: Table) -> Iterator[Finding]:
    """Figures of one name have one stage, denominator and definition, one unit, and one value for
    one scope and time.
    """
    by_name: dict[str, list[Figure]] = {}
    if table.one_with("name") is None:
        return
    for one in table.figures():
        by_name.setdefault(one.name, []).append(one)
    for name, found in by_name.items():
        first = found[0]
        for other in found[1:]:
            if differs := [key for key in _ASIDE if _at(first, key) != _at(other, key)]:
                yield finding(
                    "one-name-two-definitions", _place(other), name=name,
                    first=" / ".join(_at(first, key) or "—" for key in differs),
                    second=" / ".join(_at(other, key) or "—" for key in differs),
                )  # fmt: skip
            elif _at(first, "unit") != _at(other, "unit"):
                yield finding("one-name-two-units", _place(other), name=name,
                              first=_said(first), second=_said(other))  # fmt: skip
            elif first.number.value != other.number.value and _same_place_and_time(first, other):
                yield finding("one-name-two-values", _place(other), name=name,
                              first=_said(first), second=_said(other))  # fmt: skip


def _same_place_and_time(one: Figure, other: Figure) -> bool:
    keys = ("scope", "period", "valid_from", "valid_to", "index_event")
    return all(_at(one, key) == _at(other, key) for key in keys)


def one_column_one_scale(table: Table) -> Iterator[Finding]:
    """A column of codes follows one list, and holds only what stands on it."""
    for column in table.columns_with("code"):
        scales: Mapping[str, Iterable[object]] = column.about.get("scales") or {}
        if len(scales) > 1:
            yield finding("two-scales-in-one-column", column.name, scales="、".join(scales))
            continue
        allowed = {str(code) for codes in scales.values() for code in codes}
        for row in table.rows:
            cell = row.cells.get(column.name, "")
            if scales and cell and cell not in allowed:
                yield finding("value-not-on-scale", f"{row.label} · {column.name}", value=cell,
                              scale=next(iter(scales)))  # fmt: skip


def periods_are_clear(table: Table) -> Iterator[Finding]:
    """A period names its first and its last day, and they stand in order."""
    for one in table.columns_with("period"):
        for row in table.rows:
            yield from _period(row.cells.get(one.name, ""), f"{row.label} · {one.name}")
    yield from _period(str(table.defaults.get("period") or ""), table.id)


def _period(text: str, place: str) -> Iterator[Finding]:
    if not text:
        return
    period = period_in(text)
    if period is None:
        yield finding("period-unclear", place, period=text)
    elif period.first > period.last:
        yield finding("dates-out-of-order", place, first=period.first, last=period.last)


def systems_have_one_name(table: Table) -> Iterator[Finding]:
    """A system is called by its own name; an alias is told with the name it stands for."""
    known = register("systems")["systems"]
    names = {str(one["name"]) for one in known}
    aliases = {str(also): str(one["name"]) for one in known for also in one.get("also", ())}
    for column in table.columns_with("system"):
        for row in table.rows:
            cell = row.cells.get(column.name, "")
            if cell in aliases:
                yield finding("system-by-alias", _at_row(row, column.name), alias=cell,
                              name=aliases[cell])  # fmt: skip
            elif cell and cell not in names:
                yield finding("system-unknown", _at_row(row, column.name), name=cell)


def _place(one: Figure) -> str:
    return _at_row(one.row, one.column.name)


def _at_row(row: Row, column: str) -> str:
    return f"{row.label} · {column}"


def _at(one: Figure, key: str) -> str:
    return one.about.get(key, "")


def _said(one: Figure) -> str:
    return f"{one.number.value:g} {_at(one, 'unit')}".strip()
