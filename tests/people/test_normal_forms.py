"""docs/normal-forms.md is written from the examples that the tests of each rule read."""

from __future__ import annotations

import runpy
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "write_normal_forms.py"


def test_the_page_of_normal_forms_is_not_stale() -> None:
    tool = runpy.run_path(str(TOOL))
    written = tool["PAGE"].read_text(encoding="utf-8")
    assert written == tool["page"](), "renew it with: python tools/write_normal_forms.py"
