"""Writes docs/normal-forms.md anew from docs/normal-forms.yaml. Run it from anywhere in the checkout."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from anwang.common.yaml_files import read_yaml  # noqa: E402

PAGE: Final = ROOT / "docs" / "normal-forms.md"
EXAMPLES: Final = PAGE.with_suffix(".yaml")
HEAD: Final = """\
# What is typed, and what it becomes

Written by `tools/write_normal_forms.py` from [normal-forms.yaml](normal-forms.yaml). The tests
read the same rows and hold the code to each of them. How the forms are compared is told in
[matching](matching.md). An empty cell says that the text does not tell it. All people, numbers and
doors are invented.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *map(_part, read_yaml(EXAMPLES))])


def _part(told: Mapping[str, Any]) -> str:
    columns: Mapping[str, str] = told["columns"]
    rows = [
        [_cell(row.get(name, ""), code=name in told["code"]) for name in columns]
        for row in told["rows"]
    ]
    lines = [list(columns.values()), ["---"] * len(columns), *rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"## {told['title']}\n\n{textwrap.fill(told['about'], 130)}\n\n{table}\n"


def _cell(text: str, *, code: bool) -> str:
    shown = text.replace("|", "\\|")
    return f"`{shown}`" if code and shown else shown.replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
