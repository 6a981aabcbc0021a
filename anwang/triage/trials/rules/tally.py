"""Adds up, portion by portion, what two sets of tables make of past reports; memory does not grow.

`before` is the version in force, `after` the one tried. Nothing here decides what may be shown: the
result is written by `result`, which hides what is too small.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anwang.rulebook.rules.calendar import WorkCalendar
from anwang.rulebook.rules.clocks import TAIPEI, ClockDefinition, due_at
from anwang.rulebook.rules.columns import Column, Flags
from anwang.triage.trials.rules.decided import (
    LISTED,
    SINGLE,
    DecidedColumns,
    any_of_fields,
    differing,
)
from anwang.triage.trials.rules.past import GROUPINGS, PastReports, day_of

BEFORE: Final = 0
AFTER: Final = 1
MOST_LISTED: Final = 2000
# A proposal that opens nothing by itself: passed on outside, or asked first at the desk.
OPENS_NOTHING: Final = ("not-for-us", "consult")

Pair = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Difference:
    """One report that the version tried decides otherwise."""

    report: uuid.UUID
    fields: tuple[str, ...]
    before: dict[str, Any]
    after: dict[str, Any]
    rows_before: dict[str, str]
    rows_after: dict[str, str]


@dataclass
class Tally:
    """Counts so far; a pair is before and after.

    Keys of `moved` are (field, before, after); of `groups` (grouping, group) with reports, changed,
    grade 1 before and after; of `rows` (table, row); of `placed` (county, agency kind, stream,
    district); of `hours` (agency kind, hour of the day); of `screened` a word of `_screening`.
    """

    calendar: WorkCalendar
    clocks: tuple[Mapping[str, ClockDefinition], Mapping[str, ClockDefinition]]
    most_listed: int = MOST_LISTED
    reports: int = 0
    changed: int = 0
    open: list[int] = field(default_factory=lambda: [0, 0])
    fields: Counter[str] = field(default_factory=Counter)
    moved: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    groups: dict[tuple[str, str], Pair] = field(default_factory=dict)
    rows: dict[tuple[str, str], Pair] = field(default_factory=dict)
    placed: dict[tuple[str, str, str, str], Pair] = field(default_factory=dict)
    hours: dict[tuple[str, int], Pair] = field(default_factory=dict)
    started: dict[str, Pair] = field(default_factory=dict)
    at_risk: dict[str, Pair] = field(default_factory=dict)
    screened: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    first_day: int = 0
    last_day: int = 0

    def add(self, past: PastReports, before: DecidedColumns, after: DecidedColumns) -> None:
        """Count a portion."""
        if not past.length:
            return
        found = differing(before, after)
        changed = any_of_fields(found)
        self.reports += past.length
        self.changed += int(changed.sum())
        self._span(past)
        for name, flags in found.items():
            self.fields[name] += int(flags.sum())
        self._count_moves(before, after, found)
        self._count_groups(past, before, after, changed)
        for place, decided in ((BEFORE, before), (AFTER, after)):
            self.open[place] += int(decided.open.sum())
            self._count_rows(place, decided)
            self._count_load(place, past, decided)
            self._count_clocks(place, past, decided)
        self._count_screening(past, before, after)
        self._list(past, before, after, found, changed)

    def _span(self, past: PastReports) -> None:
        days = past.days
        first, last = int(days.min()), int(days.max())
        self.first_day = min(self.first_day or first, first)
        self.last_day = max(self.last_day, last)

    def _count_moves(
        self, before: DecidedColumns, after: DecidedColumns, found: Mapping[str, Flags]
    ) -> None:
        for name in SINGLE:
            pairs = _pairs(before.single[name], after.single[name], found[name])
            for (one, other), count in pairs.items():
                self.moved[name, one, other] += count
        for name in LISTED:
            mine, theirs = before.listed[name], after.listed[name]
            for code in dict.fromkeys((*mine.names, *theirs.names)):
                had, has = mine.has(code), theirs.has(code)
                for one, other, flags in ((code, "", had & ~has), ("", code, has & ~had)):
                    if count := int(flags.sum()):
                        self.moved[name, one, other] += count

    def _count_groups(
        self, past: PastReports, before: DecidedColumns, after: DecidedColumns, changed: Flags
    ) -> None:
        urgent = _is(before.single["grade"], ("1",)), _is(after.single["grade"], ("1",))
        every = np.ones(past.length, dtype=np.bool_)
        for grouping in GROUPINGS:
            column = past.groups[grouping]
            told = [
                np.bincount(column.codes[flags], minlength=len(column.values))
                for flags in (every, changed, *urgent)
            ]
            for place, value in enumerate(column.values):
                counts = np.asarray([one[place] for one in told], dtype=np.int64)
                _add(self.groups, (grouping, str(value)), counts)

    def _count_rows(self, place: int, decided: DecidedColumns) -> None:
        for table, column in decided.rows.items():
            counts = np.bincount(column.codes, minlength=len(column.values))
            for row, count in zip(column.values, counts, strict=True):
                _add(self.rows, (table, str(row)), _at(place, int(count)))

    def _count_load(self, place: int, past: PastReports, decided: DecidedColumns) -> None:
        kinds = decided.single["agency_kind"]
        columns = (past.groups["county"], kinds, decided.single["stream"], past.district)
        for key, count in _combinations(columns).items():
            _add(self.placed, key, _at(place, count))  # type: ignore[arg-type]
        hours = Column(tuple(range(24)), past.hours.astype(np.int32))
        for (kind, hour), count in _combinations((kinds, hours)).items():
            _add(self.hours, (kind, int(hour)), _at(place, count))

    def _count_clocks(self, place: int, past: PastReports, decided: DecidedColumns) -> None:
        clocks = decided.listed["clocks"]
        waits = np.where(past.screened_out, 0.0, np.nan_to_num(past.taken_after, nan=np.inf))
        for name in clocks.names:
            starts = clocks.has(name)
            definition = self.clocks[place].get(name)
            if definition is None or not starts.any():
                continue
            _add(self.started, name, _at(place, int(starts.sum())))
            late = waits[starts] > self._allowed(past, definition)[starts]
            _add(self.at_risk, name, _at(place, int(late.sum())))

    def _allowed(self, past: PastReports, definition: ClockDefinition) -> NDArray[np.float64]:
        """Seconds from the start until the clock is due."""
        if definition.unit == "hours":
            return np.full(past.length, definition.amount * 3600.0)
        days, places = np.unique(past.days, return_inverse=True)
        due = [
            due_at(datetime.combine(day_of(int(one)), time(12), TAIPEI), definition, self.calendar)
            for one in days
        ]
        return np.asarray([one.timestamp() for one in due])[places] - past.started_at

    def _count_screening(
        self, past: PastReports, before: DecidedColumns, after: DecidedColumns
    ) -> None:
        """Who was let go, and came back: at the desk as it was, and by the two versions."""
        for word, flags in _screening(past, before, after).items():
            self.screened[word] += int(flags.sum())
            self.screened[f"{word}-came-back"] += int((flags & past.came_back).sum())

    def _list(
        self,
        past: PastReports,
        before: DecidedColumns,
        after: DecidedColumns,
        found: Mapping[str, Flags],
        changed: Flags,
    ) -> None:
        """Keep differences one by one, up to the most; the gravest first is for the reader to sort."""
        for place in np.flatnonzero(changed)[: self.most_listed - len(self.differences)]:
            at = int(place)
            self.differences.append(
                Difference(
                    report=past.ids[at],
                    fields=tuple(name for name, flags in found.items() if flags[at]),
                    before=before.at(at),
                    after=after.at(at),
                    rows_before=before.fired(at),
                    rows_after=after.fired(at),
                )
            )


def _screening(
    past: PastReports, before: DecidedColumns, after: DecidedColumns
) -> dict[str, Flags]:
    lets_go = (
        _is(before.single["stream"], OPENS_NOTHING),
        _is(after.single["stream"], OPENS_NOTHING),
    )
    return {
        "by-desk": past.screened_out,
        "by-version-in-force": lets_go[BEFORE],
        "by-version-tried": lets_go[AFTER],
        "newly-let-go": lets_go[AFTER] & ~lets_go[BEFORE],
        "newly-taken": lets_go[BEFORE] & ~lets_go[AFTER],
        "by-desk-not-by-version-tried": past.screened_out & ~lets_go[AFTER],
    }


def _is(column: Column, wanted: tuple[str, ...]) -> Flags:
    told = np.asarray([one in wanted for one in column.values], dtype=np.bool_)
    return np.asarray(told[column.codes])


def _pairs(one: Column, other: Column, where: Flags) -> dict[tuple[str, str], int]:
    picked = np.flatnonzero(where)
    both = (
        Column(one.values, one.codes[picked]),
        Column(other.values, other.codes[picked]),
    )
    return {(key[0], key[1]): count for key, count in _combinations(both).items()}


def _combinations(columns: tuple[Column, ...]) -> dict[tuple[str, ...], int]:
    """How often each combination of values occurs; those that do not are left out."""
    key = np.zeros(columns[0].codes.size, dtype=np.int64)
    for column in columns:
        key = key * len(column.values) + column.codes
    keys, counts = np.unique(key, return_counts=True)
    found: dict[tuple[str, ...], int] = {}
    for number, count in zip(keys.tolist(), counts.tolist(), strict=True):
        parts, rest = [], number
        for column in reversed(columns):
            rest, place = divmod(rest, len(column.values))
            parts.append(str(column.values[place]))
        found[tuple(reversed(parts))] = count
    return found


def _at(place: int, count: int) -> Pair:
    pair = np.zeros(2, dtype=np.int64)
    pair[place] = count
    return pair


def _add(counts: dict[Any, Pair], key: Any, more: Pair) -> None:
    if key in counts:
        counts[key] += more
    else:
        counts[key] = more
