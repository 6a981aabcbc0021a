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
DAY, BORN = "2024-05-01", "2000-05-01"
_TRIES = 40
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
    mended = _without_faults(manifest, row)
    assert mended is not None, f"{manifest.id}: no good row found"
    return mended


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
        if (row := _breaking(manifest, base, rule)) is not None:
            yield Planted(rule.id, rule.column, _column(manifest, rule.column).type, row)


def _plain(column: Column, at: int) -> str:
    if column.type == "date":
        return DAY if column.name != "birth_date" else BORN
    if column.type == "code":
        return column.codes[0].code
    if column.type == "int":
        return str(column.least if column.least is not None else 1)
    if column.type == "yes-no":
        return "false"
    if column.type == "national-id":
        return NUMBERS[at % len(NUMBERS)]
    return "範例"


def _column(manifest: Manifest, name: str) -> Column:
    found = manifest.column(name)
    assert found is not None
    return found


def _without_faults(manifest: Manifest, row: Row, *, but: QualityRule | None = None) -> Row | None:
    """The row mended rule by rule until it is good, or breaks `but` alone, whose columns stay."""
    kept = frozenset(but.columns) if but else frozenset()
    rules = {one.id: one for one in manifest.quality}
    met: dict[str, int] = {}
    for _ in range(_TRIES):
        fault = check_row(manifest, row, 2, delivered_on=DELIVERED)
        if not isinstance(fault, RowFault):
            return row if but is None else None
        if but is not None and fault.rule == but.id:
            return row
        broken = rules.get(fault.rule)
        if broken is None:
            return None
        met[broken.id] = met.get(broken.id, 0) + 1
        for mended in _mended(manifest, row, broken, twice=met[broken.id] > 1):
            if not any(mended[name] != row[name] for name in kept):
                row = mended
                break
        else:
            return None
    return None


def _mended(manifest: Manifest, row: Row, rule: QualityRule, *, twice: bool) -> Iterator[Row]:
    """Rows in which the rule holds, the fullest first; where it broke again, those left emptier."""
    column = _column(manifest, rule.column)
    if not twice:
        if rule.check == "at-age":
            years = ((rule.least or 0) + (rule.most if rule.most is not None else 100)) // 2
            yield row | {"birth_date": f"{int(row[column.name][:4]) - years}-01-01"}
            least, most = rule.least or 0, rule.most if rule.most is not None else 100
            for age in (most, (least + most) // 2, least):
                yield row | {column.name: f"{int(row['birth_date'][:4]) + age}-12-31"}
        elif rule.check == "one-of":
            yield row | {column.name: str(sorted(map(str, rule.codes))[0])}
        elif rule.check in ("filled", "any-of"):
            yield row | {column.name: _plain(column, 0)}
        elif rule.check in ("not-before", "within-days"):
            yield row | {column.name: row[rule.others[0]]}
        elif rule.check == "differs-from" and column.type != "national-id":
            yield row | {column.name: row[column.name] + "乙"}
        elif rule.check == "differs-from":
            others = {row[rule.others[0]], row[column.name]}
            yield row | {column.name: next(one for one in NUMBERS if one not in others)}
    for name in (column.name, *rule.others, *(one.column for one in rule.when)):
        if row[name] and not _column(manifest, name).required:
            yield row | {name: ""}


def _bad_cells(column: Column) -> Iterator[tuple[str, str]]:
    if column.required:
        yield "required-empty", ""
    if column.type == "date":
        yield "date-unreadable", "約三月"
        yield "date-impossible", "2023-02-30"
        yield "date-serial", "45413"
        yield "several-values", "2024-05-01;2024-06-01"
    elif column.type == "code":
        yield "code-unknown", "無此代碼"
        yield "several-values", f"{column.codes[0].code}、{column.codes[-1].code}"
    elif column.type == "int":
        yield "number-unreadable", "3x"
        yield "number-scientific", "3E+05"
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
        yield "lost-characters", "???"
    if column.type != "national-id" or column.when_invalid == "quarantine":
        yield "spreadsheet-error", "#N/A"


def _breaking(manifest: Manifest, base: Row, rule: QualityRule) -> Row | None:
    """A row that breaks `rule` and nothing that is told before it; None where there is none."""
    needed = {rule.column, *rule.others, *(one.column for one in rule.when)}
    plain = {one.name: _plain(one, at) for at, one in enumerate(manifest.columns)}
    bare = {
        one.name: base[one.name] or plain[one.name] if one.required or one.name in needed else ""
        for one in manifest.columns
    }
    for start in (base, bare):
        row = dict(start)
        for condition in rule.when:
            row |= _holding(manifest, row, condition)
        for wrong in _wrong(manifest, row, rule):
            found = _without_faults(manifest, wrong, but=rule)
            if found is not None:
                return found
    return None


def _wrong(manifest: Manifest, row: Row, rule: QualityRule) -> Iterator[Row]:
    """Rows that break `rule`, the plainest first."""
    name, others = rule.column, rule.others
    column = _column(manifest, name)
    if rule.check == "filled":
        yield row | {name: ""}
    elif rule.check == "empty":
        for at in range(4):
            yield row | {name: _plain(column, at)}
    elif rule.check == "any-of":
        yield row | dict.fromkeys((name, *others), "")
    elif rule.check == "at-most-one-of":
        yield row | {one: _plain(_column(manifest, one), 0) for one in (name, *others)}
    elif rule.check == "one-of":
        numbers = range(column.least or 0, (column.most or 99) + 1) if column.type == "int" else ()
        for code in [*(one.code for one in column.codes), *map(str, reversed(numbers))]:
            yield row | {name: code}
    elif rule.check == "differs-from":
        same = row[others[0]] or _plain(_column(manifest, others[0]), 0)
        yield row | {name: same, others[0]: same}
    elif rule.check == "not-after-delivery":
        yield row | {name: (DELIVERED + timedelta(days=1)).isoformat()}
    elif rule.check in ("not-before", "within-days", "at-age"):
        yield from _wrong_days(row, rule)


def _wrong_days(row: Row, rule: QualityRule) -> Iterator[Row]:
    other = rule.others[0]
    beyond = (rule.most or 0) + 1
    for first in (row.get(other) or DAY, DAY, "2010-05-01", "1960-05-01"):
        day = date.fromisoformat(first)
        for days in (-1, beyond, -beyond, 366 * 2, 366 * 14, 366 * 30, 366 * 60, -366 * 90):
            moved = (day + timedelta(days=days)).isoformat()
            yield row | {other: first, rule.column: moved}
            moved = (day - timedelta(days=days)).isoformat()
            yield row | {rule.column: first, other: moved}


def _holding(manifest: Manifest, row: Row, condition: Condition) -> Row:
    column = _column(manifest, condition.column)
    if condition.test == "absent":
        return {column.name: ""}
    if condition.test == "in":
        return {column.name: str(sorted(map(str, condition.codes))[0])}
    if condition.test == "present":
        return {column.name: row[column.name] or _plain(column, 0)}
    return {column.name: "2025-05-01", str(condition.other): DAY}
