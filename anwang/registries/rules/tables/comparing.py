"""Whether what is said of figures follows from them: directions, differences, comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from anwang.registries.rules.tables.described import Figure, Table
from anwang.registries.rules.tables.findings import Finding, figure, finding
from anwang.registries.rules.tables.periods import day_in
from anwang.registries.rules.words import Words

_DIRECTIONS: Final[Mapping[str, tuple[Words, Callable[[float, float], bool]]]] = {
    "rises": (Words("上升", "rise"), lambda first, last: last > first),
    "falls": (Words("下降", "fall"), lambda first, last: last < first),
    "steady": (Words("持平", "stay as it was"), lambda first, last: last == first),
}
_WINDOW: Final = ("index_event", "window_days")
_MADE_HOW: Final = ("definition", "channel")


def sayings(table: Table) -> Iterator[Finding]:
    """Each saying of the description against the figures it speaks of."""
    for said in table.says:
        if "direction" in said:
            yield from _direction(table, said)
        elif "difference" in said:
            yield from _difference(said)
        else:
            yield from _compares(table, said)


def _direction(table: Table, said: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the column goes, from the first row to the last, where the text says."""
    words, holds = _DIRECTIONS[said["direction"]]
    found = [one for one in table.figures() if one.column.name == said["of"]]
    if len(found) < 2:
        return
    first, last = found[0].number.value, found[-1].number.value
    if not holds(first, last):
        really = next(
            name for name, (_, fits) in _DIRECTIONS.items() if fits(first, last)
        )  # fmt: skip
        yield finding(
            "direction-contradicts", str(said["of"]), said=words, really=_DIRECTIONS[really][0],
            first=f"{first:g}", last=f"{last:g}",
        )  # fmt: skip


def _difference(said: Mapping[str, Any]) -> Iterator[Finding]:
    """`difference: [before, taken away]` is what the text says is left."""
    before, away = said["difference"]
    if before - away != said["leaves"]:
        yield finding("difference-wrong", str(said.get("text", "")), before=before, away=away,
                      left=before - away, said=said["leaves"])  # fmt: skip


def _compares(table: Table, said: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether two rows (or two named figures) can be set side by side at all."""
    first, second = said["compares"]
    left, right = _figure(table, first, said), _figure(table, second, said)
    place = f"{first} ↔ {second}"
    if left is None or right is None:
        yield finding("compares-nothing", place, first=first, second=second)
        return
    if left.about.get("measure", left.name) != right.about.get("measure", right.name):
        yield finding("compares-different-measures", place,
                      first=left.about.get("measure", left.name),
                      second=right.about.get("measure", right.name))  # fmt: skip
    if differs := [key for key in _WINDOW if left.about.get(key) != right.about.get(key)]:
        yield finding("compares-different-windows", place, first=_told(left, differs),
                      second=_told(right, differs))  # fmt: skip
    if differs := [key for key in _MADE_HOW if left.about.get(key) != right.about.get(key)]:
        yield finding("compares-different-definitions", place, first=_told(left, differs),
                      second=_told(right, differs))  # fmt: skip
    for one in (left, right):
        yield from _followed_up(one)
    yield from _raw(left, right, place)


def _figure(table: Table, named: str, said: Mapping[str, Any]) -> Figure | None:
    """The figure of the row labelled or named so, in the column that the saying speaks of."""
    for one in table.figures():
        if (
            named in (one.row.label, one.name)
            and said.get("in", one.column.name) == one.column.name
        ):
            return one
    return None


def _followed_up(one: Figure) -> Iterator[Finding]:
    """Whoever is counted could be followed for the whole window."""
    begins = day_in(one.about.get("index_from", ""))
    ends = day_in(one.about.get("observed_until", ""))
    window = one.about.get("window_days", "")
    if begins is None or ends is None or not window.isdigit():
        return
    if begins + timedelta(days=int(window)) > ends:
        yield finding("follow-up-too-short", one.row.label, window=window,
                      days=(ends - begins).days)  # fmt: skip


def _raw(left: Figure, right: Figure, place: str) -> Iterator[Finding]:
    """Counts of places of different size are compared by head."""
    people = [one.about.get("population", "").replace(",", "") for one in (left, right)]
    if all(one.isdigit() for one in people) and people[0] != people[1]:
        rates = [
            1000 * one.number.value / int(head)
            for one, head in zip((left, right), people, strict=True)
        ]
        if left.about.get("unit") == right.about.get("unit") and not left.about.get("denominator"):
            yield finding("compares-raw-counts", place, first=figure(left.number.value),
                          second=figure(right.number.value), first_rate=f"{rates[0]:.2f}",
                          second_rate=f"{rates[1]:.2f}")  # fmt: skip


def _told(one: Figure, keys: list[str]) -> str:
    return " / ".join(one.about.get(key, "—") for key in keys)
