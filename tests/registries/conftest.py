"""Deliveries of invented people, as files."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from anwang.access.context import LOADING
from anwang.registries.actions.deliveries import LoadOutcome, load_file
from tests.conftest import as_role

REGISTRY = "household-registration"
FATHER, CHILD, STRANGER = "A123456789", "A142536471", "F131104093"


def person(key: str, **changes: str) -> dict[str, str]:
    """A row of the household registry."""
    return {
        "record_key": key,
        "national_id": "",
        "name": "陳小安",
        "sex": "M",
        "birth_date": "2018-05-01",
        "address": "桃園市中壢區範例路1段2號3樓",
        "household_key": "H-7",
        "relation_to_head": "child",
        "father_id": "",
        "registered_on": "2018-05-20",
    } | changes


def write_csv(path: Path, lines: list[dict[str, str]], **envelope: object) -> Path:
    """A CSV file of `lines`, with an envelope where one is given (rows and sha256 are filled in)."""
    columns = list(dict.fromkeys(name for row in lines for name in row))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, restval="")
        writer.writeheader()
        writer.writerows(lines)
    meta = path.with_name(path.name + ".meta.json")
    meta.unlink(missing_ok=True)
    if envelope:
        said = {
            "source": REGISTRY,
            "rows": len(lines),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        meta.write_text(json.dumps(said | envelope))
    return path


@pytest.fixture
def deliver(tmp_path, db):
    """Deliver rows of a source as a file, with the worker's rights."""
    count = 0

    def _deliver(
        lines: list[dict[str, str]], source: str = REGISTRY, **envelope: object
    ) -> LoadOutcome:
        nonlocal count
        count += 1
        path = write_csv(tmp_path / f"{count}.csv", lines, **envelope)
        with as_role("worker"):
            return load_file(source, path, actor=LOADING)

    return _deliver
