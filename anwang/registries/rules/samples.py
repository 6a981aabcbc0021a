"""What a manifest makes of a sample file: which rows it takes, which facts they yield, and why
others are set aside. Nothing is stored, so a source can be tried before anybody hears of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from anwang.registries.rules.facts import FactDraft, facts_of
from anwang.registries.rules.faults import RowFault
from anwang.registries.rules.files import read_file
from anwang.registries.rules.manifest_sense import kinds
from anwang.registries.rules.manifests import Manifest
from anwang.registries.rules.rows import check_row
from anwang.registries.rules.words import Words

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class TriedRow:
    """A good row of the sample with what it says."""

    line: int
    facts: tuple[tuple[FactDraft, Words], ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A sample held against a manifest; the first rows and faults only, all are counted."""

    accepted: int
    quarantined: int
    ignored_headers: tuple[str, ...]
    facts: Mapping[str, int]
    rows: tuple[TriedRow, ...]
    faults: tuple[RowFault, ...]


def try_sample(manifest: Manifest, path: Path) -> Tried:
    """Read `path` as a delivery of no certain day. Raises FileHeld where the whole file is wrong."""
    file = read_file(path, manifest)
    accepted = quarantined = 0
    facts: Counter[str] = Counter()
    rows: list[TriedRow] = []
    faults: list[RowFault] = []
    for row in file.rows:
        fault = row if isinstance(row, RowFault) else None
        if fault is None and not isinstance(row, RowFault):
            checked = check_row(manifest, row.cells, row.line)
            fault = checked if isinstance(checked, RowFault) else None
            if not isinstance(checked, RowFault):
                accepted += 1
                # No key is needed to see what would be told, only that equal numbers stay equal.
                drafts = facts_of(
                    manifest, checked.values, lambda text: sha256(text.encode()).digest()
                )
                facts.update(one.kind for one in drafts)
                told = tuple((one, kinds()[one.kind].text_of(one.value)) for one in drafts)
                if len(rows) < MOST_SHOWN:
                    rows.append(TriedRow(row.line, told))
        if fault is not None:
            quarantined += 1
            if len(faults) < MOST_SHOWN:
                faults.append(fault)
    return Tried(
        accepted, quarantined, file.ignored, dict(sorted(facts.items())), tuple(rows), tuple(faults)
    )
