"""Each fault of the simulator is shown by the tests that docs/transports.md names for it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from demo.sources.faults import FAULTS

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "transports.md").read_text(encoding="utf-8")


def named() -> dict[str, list[str]]:
    """Fault -> the tests that the page names for it."""
    table = PAGE.split("<!-- table: faults -->")[1]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `")]
    return {
        row[0].strip(" `"): [one.strip(" `") for one in row[3].split(",")] for row in rows
    }  # fmt: skip


def known_tests() -> dict[str, str]:
    """Test -> its text with its parameters."""
    found = {}
    for path in HERE.glob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        for one in ast.parse(text).body:
            if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"):
                parts = [*one.decorator_list, one]
                found[one.name] = " ".join(
                    ast.get_source_segment(text, part) or "" for part in parts
                )
    return found


def test_the_page_names_every_fault_that_the_simulator_knows():
    assert list(named()) and set(named()) == set(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_named_test_makes_the_fault(fault):
    known = known_tests()
    for name in named()[fault]:
        assert f'"{fault}"' in known[name], name
