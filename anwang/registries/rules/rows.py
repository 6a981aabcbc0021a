"""A delivered row against its manifest: good values, or the fault for which it is set aside.

One bad row never keeps the good ones out, and a fault never shows what stood in the cell. The
manifest is compiled into plain functions once, because this runs for every row of the nation.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from anwang.registries.rules.cells import (
    CellFault,
    CellValue,
    InvalidId,
    cell_reader,
    told_apart,
)
from anwang.registries.rules.faults import RowFault, RowNote, cell_fault, value_class
from anwang.registries.rules.manifests import Manifest
from anwang.registries.rules.quality import broken_by

Values = dict[str, CellValue]
RowCheck = Callable[[Mapping[str, str | None], int, str | None], "RowOk | RowFault"]


class RowOk(NamedTuple):
    """A good row: filled columns only, days as ISO text, codes in our spelling, numbers of persons
    folded.

    `values` still holds plain national IDs (the matcher needs them): see `open_values` before
    storing.
    """

    values: Values
    notes: tuple[RowNote, ...] = ()


def check_row(
    manifest: Manifest,
    row: Mapping[str, str | None],
    line: int,
    *,
    delivered_on: date | None = None,
) -> RowOk | RowFault:
    """Check one row (column name -> text) that stood in line `line` of its file.

    Columns unknown to the manifest are passed over. `delivered_on` switches on the rules that
    compare with the day of delivery. Of several faults the first in column order is given.
    """
    return row_check(manifest)(row, line, delivered_on.isoformat() if delivered_on else None)


def open_values(manifest: Manifest, values: Values) -> Values:
    """`values` without the columns that may not be stored plain."""
    protected = manifest.protected_columns
    return {name: value for name, value in values.items() if name not in protected}


@lru_cache(maxsize=128)
def row_check(manifest: Manifest) -> RowCheck:
    """The compiled check of a manifest: (row, line, ISO day of delivery or None) -> RowOk or
    RowFault.
    """
    readers = [(one.name, cell_reader(one), one) for one in manifest.columns]
    rules = [(broken_by(rule), rule) for rule in manifest.quality]

    def check(
        row: Mapping[str, str | None], line: int, delivered_on: str | None
    ) -> RowOk | RowFault:
        values: Values = {}
        notes: list[RowNote] = []
        for name, read, column in readers:
            text = row.get(name)
            text = text.strip() if text else text
            if not text:
                if column.required:
                    return cell_fault(line, name, column.label, "required-empty", "")
                continue
            try:
                values[name] = read(text)
            except CellFault as fault:
                rule_told = told_apart(fault.rule, text, read)
                return cell_fault(line, name, column.label, rule_told, text)
            except InvalidId:
                if column.when_invalid == "quarantine":
                    rule_told = told_apart("id-invalid", text, read)
                    return cell_fault(line, name, column.label, rule_told, text)
                if column.when_invalid == "keep":
                    values[name] = text
                notes.append(RowNote(name, "id-invalid"))
        for broken, rule in rules:
            if broken(values, delivered_on):
                found = str(values.get(rule.column, ""))
                return RowFault(line, rule.column, rule.id, value_class(found), rule.text, rule.fix)
        return RowOk(values, tuple(notes))

    return check
