"""Row faults planted from the manifests: for each rule and column type one wrong row, and good rows
around it. Knows no source; a new manifest is covered once it stands in its folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from anwang.registries.rules.conditions import Condition
from anwang.registries.rules.faults import RowFault
from anwang.registries.rules.manifests import Column, Manifest
from anwang.registries.rules.quality import QualityRule
from anwang.registries.rules.rows import check_row

DELIVERED = date(2026, 3, 2)
NUMBERS = ("A123456789", "A142536471", "F131104093", "A100000001")
Row = dict[str, str]


@dataclass(frozen=True)
class Planted:
    """A wrong row and what must be told of it."""

    rule: str
    column: str
    type: str
    row: Row


def good_row(manifest: Manifest, key: str) -> Row:
    """A row that breaks no rule, with every column filled that may be."""
    row = {one.name: _plain(one, at) for at, one in enumerate(manifest.columns)}
    row |= {"record_key": key, "deleted": "false"}
    for _ in range(60):
        checked = check_row(manifest, row, 2, delivered_on=DELIVERED)
        if not isinstance(checked, RowFault):
            return row
        rule = next(one for one in manifest.quality if one.id == checked.rule)
        row = _mended(manifest, row, rule)
    raise AssertionError(f"{manifest.id}: no good row found, {checked.rule} stays broken")


def _plain(column: Column, at: int) -> str:
    if column.type == "date":
        return "2024-05-01" if column.name != "birth_date" else "2000-05-01"
    if column.type == "code":
        return column.codes[0].code
    if column.type == "int":
        return str(column.least if column.least is not None else 1)
    if column.type == "yes-no":
        return "false"
    if column.type == "national-id":
        return NUMBERS[at % len(NUMBERS)]
    return "範例"


def _mended(manifest: Manifest, row: Row, rule: QualityRule) -> Row:
    """The row with the rule's column changed so that the rule holds."""
    column = manifest.column(rule.column)
    assert column is not None
    if rule.check == "at-age":
        years = ((rule.least or 0) + (rule.most if rule.most is not None else 100)) // 2
        return row | {"birth_date": f"{int(row[rule.column][:4]) - years}-01-01"}
    if rule.check == "one-of":
        return row | {rule.column: str(sorted(map(str, rule.codes))[0])}
    if rule.check in ("filled", "any-of"):
        return row | {rule.column: _plain(column, 0)}
    if rule.check in ("not-before", "within-days"):
        return row | {rule.column: row[rule.others[0]]}
    if rule.check == "differs-from":
        return row | {rule.column: row[rule.column] + "乙"}
    return row | {rule.column: ""}


def planted(manifest: Manifest) -> Iterator[Planted]:
    """One wrong row for each rule and column type of a manifest.

    A rule that cannot be broken without breaking one that is told before it has none.
    """
    seen: set[tuple[str, str]] = set()
    base = good_row(manifest, "PLANT")
    for column in manifest.columns:
        for rule, cell in _bad_cells(column):
            if (rule, column.type) not in seen:
                seen.add((rule, column.type))
                yield Planted(rule, column.name, column.type, base | {column.name: cell})
    for rule in manifest.quality:
        column = manifest.column(rule.column)
        assert column is not None
        for row in _breaking(manifest, base, rule):
            fault = check_row(manifest, row, 2, delivered_on=DELIVERED)
            if isinstance(fault, RowFault) and fault.rule == rule.id:
                yield Planted(rule.id, rule.column, column.type, row)
                break


def _bad_cells(column: Column) -> Iterator[tuple[str, str]]:
    if column.required:
        yield "required-empty", ""
    if column.type == "date":
        yield "date-unreadable", "約三月"
        yield "date-impossible", "2023-02-30"
    elif column.type == "code":
        yield "code-unknown", "無此代碼"
    elif column.type == "int":
        yield "number-unreadable", "3x"
        if column.most is not None or column.least is not None:
            most = column.most if column.most is not None else 2**31
            yield "number-out-of-range", str(most + 1)
    elif column.type == "yes-no":
        yield "yes-no-unreadable", "也許"
    elif column.type == "national-id":
        if column.when_invalid == "quarantine":
            yield "id-invalid", "A123456788"
    else:
        yield "too-long", "長" * ((column.max_length or 4000) + 1)
        yield "control-characters", "壞\ufffd字"


def _breaking(manifest: Manifest, base: Row, rule: QualityRule) -> Iterator[Row]:
    """Rows that break `rule`, the plainest first; others of its rules may hold in a later one."""
    row = dict(base)
    for condition in rule.when:
        row |= _holding(manifest, row, condition)
    column, others = rule.column, rule.others
    if rule.check == "filled":
        yield row | {column: ""}
    elif rule.check == "empty":
        found = manifest.column(column)
        assert found is not None
        for at in range(4):
            yield row | {column: _plain(found, at)}
    elif rule.check == "any-of":
        yield row | dict.fromkeys((column, *others), "")
    elif rule.check == "one-of":
        found = manifest.column(column)
        assert found is not None
        for code in found.codes:
            yield row | {column: code.code}
    elif rule.check == "differs-from":
        yield row | {column: row[others[0]] or "同", others[0]: row[others[0]] or "同"}
    elif rule.check in ("not-before", "within-days", "at-age", "not-after-delivery"):
        yield from _wrong_days(manifest, row, rule)


def _wrong_days(manifest: Manifest, row: Row, rule: QualityRule) -> Iterator[Row]:
    # All other days empty, so that what is planted is the only thing wrong; then as few as needed.
    kept = {rule.column, *rule.others, *(one.column for one in rule.when)}
    spare = {
        one.name: ""
        for one in manifest.columns
        if one.type == "date" and not one.required and one.name not in kept
    }
    for start in (row, row | spare):
        other = start.get(rule.others[0], "") if rule.others else ""
        if rule.check == "not-after-delivery":
            late = (DELIVERED + timedelta(days=1)).isoformat()
            yield start | {rule.column: late}
            filled = (one.name for one in manifest.columns if one.type == "date")
            dates = {name: late for name in filled if start[name] and name != "birth_date"}
            yield start | dates
            continue
        for first in (other or "2024-05-01", "2024-05-01", "2010-05-01"):
            day = date.fromisoformat(first)
            for days in (-1, _beyond(rule), -_beyond(rule), 366 * 2, 366 * 14, 366 * 30, -366 * 90):
                later = (day + timedelta(days=days)).isoformat()
                yield start | {rule.others[0]: first, rule.column: later}
                earlier = (day - timedelta(days=days)).isoformat()
                yield start | {rule.column: first, rule.others[0]: earlier}


def _beyond(rule: QualityRule) -> int:
    return (rule.most or 0) + 1


def _holding(manifest: Manifest, row: Row, condition: Condition) -> Row:
    column = manifest.column(condition.column)
    assert column is not None
    if condition.test == "absent":
        return {column.name: ""}
    if condition.test == "in":
        return {column.name: str(sorted(map(str, condition.codes))[0])}
    if condition.test == "present":
        return {column.name: row[column.name] or _plain(column, 0)}
    return {column.name: "2025-05-01", str(condition.other): "2024-05-01"}
