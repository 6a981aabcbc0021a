"""Writes docs/who-may-see.md anew from the access table. Run it from anywhere in the checkout."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from anwang.access.actions.access_table import access_table  # noqa: E402
from anwang.access.rules.access_page import page  # noqa: E402


def main() -> None:
    (ROOT / "docs" / "who-may-see.md").write_text(page(access_table()), encoding="utf-8")


if __name__ == "__main__":
    main()
