"""How two FEBRL records compare: the expressions of `people/rules` over the columns of rows.py."""

from __future__ import annotations

from typing import Final

from anwang.people.rules.comparisons import Comparison
from anwang.people.rules.expressions import (
    Expression,
    L,
    R,
    any_of,
    overlaps,
    shared,
)

Levels = list[tuple[str, Expression]]


def _told(column: str) -> Expression:
    return (L.column(column) != 0) & (R.column(column) != 0)


def _same(one: str, other: str = "") -> Expression:
    mine, theirs = L.column(one), R.column(other or one)
    return (mine != 0) & (mine == theirs)


def _slip(column: str) -> Expression:
    """At most one letter more, less, other or exchanged on each side."""
    return overlaps(L.column(f"{column}_slips"), R.column(f"{column}_slips"))


def _alike(one: str, other: str = "") -> Expression:
    """At least half of the letter pairs in common (Dice 1945)."""
    other = other or one
    common = shared(L.column(f"{one}_pairs"), R.column(f"{other}_pairs"))
    told = L.column(f"{one}_pairs_told") + R.column(f"{other}_pairs_told")
    return _both(one, other) & (told <= common + common + common + common)


def _both(one: str, other: str) -> Expression:
    return (L.column(one) != 0) & (R.column(other) != 0)


def _name(column: str, other: str) -> Comparison:
    return Comparison(
        column,
        (
            ("same", _same(column)),
            ("exchanged", _same(column, other)),
            ("slip", _told(column) & _slip(column)),
            ("alike", _alike(column)),
            ("different", _told(column)),
        ),
    )


def _line(column: str, other: str) -> Comparison:
    return Comparison(
        column,
        (
            ("same", _same(column)),
            ("exchanged", any_of(_same(column, other), _alike(column, other))),
            ("alike", _alike(column)),
            ("different", _told(column)),
        ),
    )


def _figures(column: str) -> Comparison:
    return Comparison(
        column,
        (
            ("same", _same(column)),
            ("slip", _told(column) & _slip(column)),
            ("different", _told(column)),
        ),
    )


def _born() -> Comparison:
    year, month, day = _same("year"), _same("month"), _same("day")
    return Comparison(
        "born",
        (
            ("same", _same("born")),
            ("slip", _told("born") & _slip("born")),
            ("two-parts", any_of(year & month, year & day, month & day)),
            ("different", _told("born")),
        ),
    )


COMPARISONS: Final[tuple[Comparison, ...]] = (
    _name("given", "surname"),
    _name("surname", "given"),
    _born(),
    _figures("social"),
    _figures("number"),
    _line("street", "place"),
    _line("place", "street"),
    Comparison(
        "suburb",
        (
            ("same", _same("suburb")),
            ("alike", _alike("suburb")),
            ("different", _told("suburb")),
        ),
    ),
    _figures("postcode"),
    Comparison("state", (("same", _same("state")), ("different", _told("state")))),
)
