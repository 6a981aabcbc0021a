"""Accounts to try a demo with."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings


def demo_accounts() -> list[dict[str, Any]]:
    """Accounts to try the demo with: [{username, password, who: {zh, en}}]; none elsewhere.

    The file is written when a demo is filled; a production instance never has it (decision 10).
    """
    try:
        text = (settings.HOME / "demo-accounts.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    found: list[dict[str, Any]] = json.loads(text)
    return found
