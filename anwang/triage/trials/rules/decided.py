"""What a set of tables proposes for many reports at once: `propose`, in columns.

The five tables are asked in the same order, each with what the ones before it said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anwang.rulebook.rules.cells import UNKNOWN, Value
from anwang.rulebook.rules.columns import (
    FITS,
    NO_ROW,
    Chosen,
    Codes,
    Column,
    Columns,
    Flags,
    choose,
    choose_all,
    output_column,
)
from anwang.rulebook.rules.tables import DecisionTable
from anwang.triage.rules.policies import TriagePolicies

NOTHING: Final = "none"
SINGLE: Final = ("grade", "grade_class", "stream", "agency_kind", "passed_to")
LISTED: Final = ("joint_with", "clocks")
COMPARED: Final = (*SINGLE, *LISTED)
Bits = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class BitLists:
    """A list of codes for each report: bit k set where it holds `names[k]`. At most 64 codes."""

    names: tuple[str, ...]
    bits: Bits

    def at(self, place: int) -> list[str]:
        """The codes of one report, in the order of `names`."""
        held = int(self.bits[place])
        return [name for bit, name in enumerate(self.names) if held >> bit & 1]

    def has(self, name: str) -> Flags:
        """Which reports hold the code."""
        if name not in self.names:
            return np.zeros(self.bits.size, dtype=np.bool_)
        return np.asarray((self.bits >> np.uint64(self.names.index(name))) & np.uint64(1) == 1)

    def under(self, names: Sequence[str]) -> Bits:
        """The same with the bits of another list of names, which holds all of ours."""
        moved = np.zeros_like(self.bits)
        for bit, name in enumerate(self.names):
            held = (self.bits >> np.uint64(bit)) & np.uint64(1)
            moved |= held << np.uint64(names.index(name))
        return moved


@dataclass(frozen=True, slots=True)
class DecidedColumns:
    """Proposals of all reports. `rows`: table id -> id of the row chosen; `open`: something unknown
    might have led elsewhere, in one of the three tables that choose."""

    single: Mapping[str, Column]
    listed: Mapping[str, BitLists]
    rows: Mapping[str, Column]
    open: Flags

    @property
    def length(self) -> int:
        """How many reports."""
        return self.open.size

    def at(self, place: int) -> dict[str, Any]:
        """One report's proposal as `propose` says it, as far as it is compared."""
        said: dict[str, Any] = {name: _plain(self.single[name].at(place)) for name in SINGLE}
        return said | {name: self.listed[name].at(place) for name in LISTED}

    def fired(self, place: int) -> dict[str, str]:
        """Table id -> the row that decided one report."""
        return {
            table_id: str(column.at(place))
            for table_id, column in self.rows.items()
            if column.at(place) is not UNKNOWN
        }


def decide_columns(columns: Columns, policies: TriagePolicies) -> DecidedColumns:
    """The proposals of `policies` for all reports. Where no row fits, a field is unknown (None)."""
    stream = choose(policies.stream, columns)
    streams = output_column(policies.stream, stream, "stream", NOTHING)
    asked = columns.with_columns(stream=streams)
    grade = choose(policies.grade, asked)
    grades = output_column(policies.grade, grade, "grade", NOTHING)
    asked = asked.with_columns(grade=grades)
    class_ = choose(policies.grade_class, asked)
    classes = output_column(policies.grade_class, class_, "grade_class", NOTHING)
    asked = asked.with_columns(grade_class=classes)
    kinds = output_column(policies.stream, stream, "agency_kind", NOTHING)
    joint = _lists(policies.joint, asked, "agency_kind")
    return DecidedColumns(
        single={
            "grade": grades,
            "grade_class": classes,
            "stream": streams,
            "agency_kind": kinds,
            "passed_to": output_column(policies.stream, stream, "passed_to", NOTHING),
        },
        listed={
            "joint_with": _without_own(joint, kinds),
            "clocks": _lists(policies.attach, asked, "clock"),
        },
        rows={
            table.id: _row_ids(table, chosen)
            for table, chosen in (
                (policies.stream, stream),
                (policies.grade, grade),
                (policies.grade_class, class_),
            )
        },
        open=stream.open | grade.open | class_.open,
    )


def differing(one: DecidedColumns, other: DecidedColumns) -> dict[str, Flags]:
    """Field -> which reports the two decide differently."""
    found = {name: _codes_differ(one.single[name], other.single[name]) for name in SINGLE}
    for name in LISTED:
        names = tuple(dict.fromkeys((*one.listed[name].names, *other.listed[name].names)))
        found[name] = one.listed[name].under(names) != other.listed[name].under(names)
    return found


def any_of_fields(found: Mapping[str, Flags]) -> Flags:
    """Which reports differ in any field."""
    return np.asarray(np.logical_or.reduce(list(found.values())))


def joined(parts: Iterable[tuple[NDArray[np.intp], DecidedColumns]], length: int) -> DecidedColumns:
    """One from parts that were decided apart (a county has rows of its own), each with the places of
    its reports."""
    listed = list(parts)
    if len(listed) == 1 and listed[0][0].size == length:
        return listed[0][1]
    opened = np.zeros(length, dtype=np.bool_)
    for places, part in listed:
        opened[places] = part.open
    tables = dict.fromkeys(table_id for _, part in listed for table_id in part.rows)

    def column(of: Callable[[DecidedColumns], Column]) -> Column:
        return _joined_column([(places, of(part)) for places, part in listed], length)

    return DecidedColumns(
        single={name: column(lambda d, name=name: d.single[name]) for name in SINGLE},  # type: ignore[misc]
        listed={
            name: _joined_lists([(places, part.listed[name]) for places, part in listed], length)
            for name in LISTED
        },
        rows={name: column(lambda d, name=name: d.rows[name]) for name in tables},  # type: ignore[misc]
        open=opened,
    )


def _row_ids(table: DecisionTable, chosen: Chosen) -> Column:
    return Column((*(row.id for row in table.rows), UNKNOWN), _last_where_none(chosen, table))


def _last_where_none(chosen: Chosen, table: DecisionTable) -> Codes:
    return np.where(chosen.rows == NO_ROW, len(table.rows), chosen.rows).astype(np.int32)


def _joined_column(parts: list[tuple[NDArray[np.intp], Column]], length: int) -> Column:
    values: tuple[Value, ...] = tuple(
        dict.fromkeys(one for _, column in parts for one in column.values)
    )
    codes: Codes = np.zeros(length, dtype=np.int32)
    for places, column in parts:
        moved = np.asarray([values.index(one) for one in column.values], dtype=np.int32)
        codes[places] = moved[column.codes]
    return Column(values, codes)


def _joined_lists(parts: list[tuple[NDArray[np.intp], BitLists]], length: int) -> BitLists:
    names = tuple(dict.fromkeys(name for _, one in parts for name in one.names))
    bits = np.zeros(length, dtype=np.uint64)
    for places, one in parts:
        bits[places] = one.under(names)
    return BitLists(names, bits)


def _lists(table: DecisionTable, columns: Columns, output: str) -> BitLists:
    told = choose_all(table, columns) == FITS
    names = tuple(dict.fromkeys(str(row.then[output]) for row in table.rows))
    if len(names) > 64:
        raise ValueError(f"{table.id} names more than 64 different values of {output}.")
    bits = np.zeros(columns.length, dtype=np.uint64)
    for place, row in enumerate(table.rows):
        bits |= told[place].astype(np.uint64) << np.uint64(names.index(str(row.then[output])))
    return BitLists(names, bits)


def _without_own(joint: BitLists, kinds: Column) -> BitLists:
    """The receiving agency is no helper of itself."""
    own = [1 << joint.names.index(str(kind)) if kind in joint.names else 0 for kind in kinds.values]
    return BitLists(joint.names, joint.bits & ~np.asarray(own, dtype=np.uint64)[kinds.codes])


def _codes_differ(one: Column, other: Column) -> Flags:
    values = list(dict.fromkeys((*one.values, *other.values)))
    mine = np.asarray([values.index(value) for value in one.values], dtype=np.int32)
    theirs = np.asarray([values.index(value) for value in other.values], dtype=np.int32)
    return np.asarray(mine[one.codes] != theirs[other.codes])


def _plain(value: Value) -> Any:
    return None if value is UNKNOWN or value == NOTHING else value
