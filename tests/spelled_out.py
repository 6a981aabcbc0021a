"""The spelled-out examples of docs/normal-forms.yaml, for the tests that hold the code to them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from anwang.common.yaml_files import read_yaml

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "normal-forms.yaml"


@cache
def _sections() -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in read_yaml(EXAMPLES)}


def examples(section: str) -> list[tuple[str, ...]]:
    """The cells of each row of a section in the order of its columns; empty where a row has none."""
    told = _sections()[section]
    return [tuple(row.get(column, "") for column in told["columns"]) for row in told["rows"]]
