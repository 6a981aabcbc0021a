"""The ledger of OWASP ASVS 5.0.0, levels 1 and 2: every number once, nothing stale, shares held."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from anwang.common.yaml_files import read_yaml

ROOT = Path(__file__).resolve().parents[2]
LEDGER = ROOT / "docs" / "asvs.yaml"
LEVELS = Path(__file__).with_name("asvs-5.0.0-levels.yaml")
KINDS = ("test", "evidence", "not-applicable", "open")
LEAST_TESTED, MOST_NOT_APPLICABLE = 0.60, 0.15
Entry = dict[str, Any]


def ledger() -> dict[str, Entry]:
    found: dict[str, Entry] = read_yaml(LEDGER)
    return found


def numbers() -> dict[str, int]:
    found: dict[str, int] = read_yaml(LEVELS)
    return found


@cache
def _tests_of(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def fault_of(entry: Entry) -> str:
    """What is wrong with an entry; empty for a good one."""
    if not isinstance(entry, dict) or len(entry) != 1 or next(iter(entry)) not in KINDS:
        return f"an entry has one of {', '.join(KINDS)}"
    [(kind, value)] = entry.items()
    values = value if isinstance(value, list) else [value]
    if kind == "test":
        for one in values:
            path, _, name = one.partition("::")
            if name.partition("[")[0] not in _tests_of(path):
                return f"there is no test {one}"
            inside = name.partition("[")[2].rstrip("]")
            if inside and inside not in (ROOT / path).read_text(encoding="utf-8"):
                return f"{path} has no case {inside}"
    if kind == "evidence":
        for one in values:
            path, _, anchor = one.partition("#")
            if not (ROOT / path).is_file():
                return f"there is no file {path}"
            if not anchor or anchor not in (ROOT / path).read_text(encoding="utf-8"):
                return f"{path} does not say {anchor!r} any more"
    if kind in ("not-applicable", "open") and len(str(value)) < 20:
        return "says why in a sentence"
    return ""


def test_every_number_stands_there_exactly_once() -> None:
    written = [line.partition(":")[0].strip('"') for line in LEDGER.read_text(encoding="utf-8").splitlines()
               if line.startswith('"')]  # fmt: skip
    assert [one for one, often in Counter(written).items() if often > 1] == []
    assert set(written) == set(numbers()) == set(ledger())


def test_no_entry_is_stale() -> None:
    faults = {number: fault for number, entry in ledger().items() if (fault := fault_of(entry))}
    assert faults == {}


def test_each_thing_that_does_not_apply_has_its_own_reason() -> None:
    reasons = Counter(e["not-applicable"] for e in ledger().values() if "not-applicable" in e)
    assert [reason for reason, often in reasons.items() if often > 1] == []


def test_the_shares_are_held() -> None:
    kinds = Counter(next(iter(entry)) for entry in ledger().values())
    all_ = len(ledger())
    told = ", ".join(f"{kind} {kinds[kind]} ({kinds[kind] / all_:.0%})" for kind in KINDS)
    print(f"ASVS 5.0.0 levels 1 and 2, {all_} requirements: {told}")
    assert kinds["test"] >= LEAST_TESTED * all_, told
    assert kinds["not-applicable"] <= MOST_NOT_APPLICABLE * all_, told


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"test": "tests/trust/test_asvs.py::test_that_went_away"}, "no test"),
        ({"test": "tests/gone.py::test_x"}, "no test"),
        ({"evidence": "docs/gone.md#x"}, "no file"),
        ({"evidence": "docs/security.md#words that are not there"}, "does not say"),
        ({"evidence": "docs/security.md"}, "does not say"),
        ({"not-applicable": "no"}, "why"),
        ({"perhaps": "x"}, "one of"),
    ],
)  # fmt: skip
def test_a_stale_entry_is_found(entry: Entry, word: str) -> None:
    assert word in fault_of(entry)
