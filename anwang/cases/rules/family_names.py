"""How a family file is called after somebody in it: by surname, never by the whole name."""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = "不詳"
# Parts of a name in an indigenous language stand between spaces or dots, in either script.
_BETWEEN_PARTS: Final = re.compile(r"[\s·‧・•．.]+")
_LONGEST: Final = 40


def family_name(name: str) -> str:
    """陳家 for 陳小安; for a name in parts, which has no surname to cut off, its first: Talod 家, 撒韵家."""
    parts = [part for part in _BETWEEN_PARTS.split(name) if part]
    if not parts or name.strip() == UNKNOWN:
        return UNKNOWN
    first = parts[0][:_LONGEST]
    if first.isascii() or first[0].upper() != first[0].lower():
        return f"{first} 家"
    return f"{first}家" if len(parts) > 1 else f"{first[0]}家"
