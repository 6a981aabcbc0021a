"""Whether figures add up: totals and their states, parts and wholes, shares, the order of columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from anwang.registries.rules.tables.described import (
    Column,
    Number,
    Row,
    Table,
    is_blank,
    number_in,
)
from anwang.registries.rules.tables.findings import Finding, figure, finding

# An order that holds in so many other columns and breaks in one is told.
_COLUMNS_TO_TELL: Final = 3


def totals(table: Table) -> Iterator[Finding]:
    """A total is the sum of the exclusive states it says it counts; the rest is unaccounted for."""
    for total in table.columns_with("total"):
        states = list(total.about.get("counts", ()))
        for row in table.rows:
            whole = _number(row, total.name)
            parts = [_number(row, name) for name in states]
            if whole is None or not states or all(part is None for part in parts):
                continue
            added = sum(part.value for part in parts if part is not None)
            if added != whole.value:
                gap = abs(whole.value - added)
                yield finding(
                    "total-not-sum", f"{row.label} · {total.name}", total=figure(whole.value),
                    sum=figure(added), gap=figure(gap), percent=f"{100 * gap / whole.value:.1f}"
                    if whole.value else "—", states="、".join(states),
                )  # fmt: skip


def totals_declare(table: Table) -> Iterator[Finding]:
    """For each total it is said which of the states beside it it counts, and which it leaves out."""
    for total in table.columns_with("total"):
        said = {*total.about.get("counts", ()), *total.about.get("leaves_out", ())}
        counts = [one.name for one in table.columns_with("count") if _same_unit(one, total)]
        for name in counts:
            if name not in said:
                values = [_number(row, name) for row in table.rows]
                added = sum(one.value for one in values if one is not None)
                yield finding(
                    "total-leaves-out", total.name, state=name, rows=figure(added),
                    total=total.name,
                )  # fmt: skip


def _same_unit(one: Column, other: Column) -> bool:
    return one.about.get("unit") in (None, other.about.get("unit"))


def counts_have_totals(table: Table) -> Iterator[Finding]:
    """Where several states are counted side by side there is a total to hold them against."""
    counts = [one for one in table.columns_with("count") if not one.about.get("alone")]
    if len(counts) > 1 and not table.columns_with("total"):
        yield finding("counts-without-total", counts[0].name,
                      states="、".join(one.name for one in counts))  # fmt: skip


def parts_and_wholes(table: Table) -> Iterator[Finding]:
    """A part is never larger than its whole."""
    wholes = [
        (part, total.name)
        for total in table.columns_with("total")
        for part in total.about.get("counts", ())
    ]
    wholes += [(one.name, one.about["part_of"]) for one in table.columns if "part_of" in one.about]
    for part, whole in wholes:
        for row in table.rows:
            small, large = _number(row, part), _number(row, whole)
            if small is not None and large is not None and small.value > large.value:
                yield finding("part-exceeds-whole", f"{row.label} · {part}", part=part, whole=whole,
                              small=figure(small.value), large=figure(large.value))  # fmt: skip


def shares(table: Table) -> Iterator[Finding]:
    """A printed share is what its numerator and denominator give, to the decimals it prints."""
    for column in table.columns_with("share"):
        of, over = column.about.get("of"), column.about.get("over")
        if of is None or over is None:
            continue
        for row in table.rows:
            printed, top, base = (_number(row, name) for name in (column.name, of, over))
            if printed is None or top is None or base is None or not base.value:
                continue
            exact = 100 * top.value / base.value
            if abs(exact - printed.value) > 0.5 * 10**-printed.decimals + 1e-9:
                yield finding(
                    "share-not-recomputed", f"{row.label} · {column.name}",
                    printed=f"{printed.value:.{printed.decimals}f}", of=of, over=over,
                    exact=f"{exact:.{max(printed.decimals, 2)}f}",
                )  # fmt: skip


def shares_of_a_whole(table: Table) -> Iterator[Finding]:
    """Shares of exclusive states of one whole add up to 100, but for rounding."""
    groups: dict[str, list[Column]] = {}
    for column in table.columns_with("share"):
        if name := column.about.get("whole"):
            groups.setdefault(str(name), []).append(column)
    for name, columns in groups.items():
        for row in table.rows:
            found = [_number(row, one.name) for one in columns]
            known = [one for one in found if one is not None]
            if len(known) != len(columns):
                continue
            added = sum(one.value for one in known)
            slack = sum(0.5 * 10**-one.decimals for one in known)
            if abs(added - 100) > slack + 1e-9:
                yield finding("shares-not-hundred", f"{row.label} · {name}", sum=f"{added:.2f}",
                              shares="、".join(one.name for one in columns))  # fmt: skip


def outliers(table: Table) -> Iterator[Finding]:
    """Two rows stand in one order in every column but one: a slip there, or something to explain."""
    counts = table.columns_with("count")
    for first, second in combinations(table.rows, 2):
        order = {}
        for column in counts:
            upper, lower = _number(first, column.name), _number(second, column.name)
            if upper is not None and lower is not None and upper.value != lower.value:
                order[column.name] = upper.value > lower.value
        for name, more in order.items():
            others = [one for other, one in order.items() if other != name]
            if len(others) >= _COLUMNS_TO_TELL and set(others) == {not more}:
                upper, lower = _number(first, name), _number(second, name)
                assert upper is not None and lower is not None
                large, small = (first, second) if more else (second, first)
                yield finding(
                    "outlier-order", f"{large.label} · {name}", column=name, large=large.label,
                    small=small.label, more=figure(max(upper.value, lower.value)),
                    less=figure(min(upper.value, lower.value)), others=len(others),
                )  # fmt: skip


def numbers(table: Table) -> Iterator[Finding]:
    """A cell of a column of figures prints a number, or a dash for none."""
    for row in table.rows:
        for column in table.columns_with("count", "total", "share", "value"):
            cell = row.cells.get(column.name, "")
            if not is_blank(cell) and number_in(cell) is None:
                yield finding("not-a-number", f"{row.label} · {column.name}", cell=cell)


def _number(row: Row, name: str) -> Number | None:
    return number_in(row.cells.get(name, ""))
