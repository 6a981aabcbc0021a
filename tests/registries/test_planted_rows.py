"""Every kind of row fault that a manifest can tell, in every source: found, rightly told, and no good
row lost beside it.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from anwang.registries.rules.faults import RowFault, value_class
from anwang.registries.rules.files import FileRow, read_file
from anwang.registries.rules.manifests import load_manifests
from anwang.registries.rules.rows import row_check
from tests.registries.planted_rows import DELIVERED, good_row, planted

SOURCES = {name: one for name, one in load_manifests().items() if one.transport != "own"}


@pytest.mark.parametrize("source", SOURCES)
def test_every_planted_fault_is_set_aside_and_no_good_row_is_lost(source, tmp_path):
    manifest = SOURCES[source]
    wrong = {}
    rows = []
    for number, one in enumerate(planted(manifest)):
        rows.append(good_row(manifest, f"G-{number}"))
        wrong[len(rows) + 2] = one  # the header is line 1
        key = {} if one.column == "record_key" else {"record_key": f"W-{number}"}
        rows.append(one.row | key)
    path: Path = tmp_path / "planted.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [one.name for one in manifest.columns])
        writer.writeheader()
        writer.writerows(rows)
    check = row_check(manifest)
    faults = {}
    for row in read_file(path, manifest).rows:
        assert isinstance(row, FileRow), row
        checked = check(row.cells, row.line, DELIVERED.isoformat())
        if isinstance(checked, RowFault):
            faults[row.line] = checked
    assert faults.keys() == wrong.keys()
    for line, fault in faults.items():
        one = wrong[line]
        cell = one.row[one.column] if one.column != "record_key" else one.row["record_key"]
        assert (fault.line, fault.rule, fault.column) == (line, one.rule, one.column)
        assert fault.value_class == value_class(cell)
        assert fault.text.zh and fault.fix.zh and fault.text.en and fault.fix.en
    assert len({(one.rule, one.type) for one in wrong.values()}) >= 8


def test_there_are_two_hundred_and_fifty_kinds_and_hardly_a_rule_without_one(capsys):
    """A kind is a rule and a column type, counted once in whichever sources it stands: a rule for all
    cells, or one of a manifest.
    """
    made = {source: list(planted(manifest)) for source, manifest in SOURCES.items()}
    kinds = {(one.rule, one.type) for each in made.values() for one in each}
    with capsys.disabled():
        print(f" {len(kinds)} kinds, {sum(map(len, made.values()))} planted ", end="")
    assert len(kinds) >= 250
    rules = {(source, rule.id) for source, one in SOURCES.items() for rule in one.quality}
    assert len(rules - {(source, one.rule) for source in made for one in made[source]}) <= 1
