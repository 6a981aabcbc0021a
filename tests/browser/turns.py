"""In which language and at which width a page is looked at: each in its turn, all of them in the drill.

Looking at one page takes seconds of a browser, so a run opens every page once and not four times. The
turn goes with the commit, as that of the planted faults does, and differs from page to page.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from zlib import crc32

from tests.trust.figure import drilling, turn_of_commit

HEIGHTS = {1440: 900, 390: 844}  # of a screen, by its width


@dataclass(frozen=True, slots=True)
class Turn:
    """One way to look at a page."""

    language: str
    width: int

    def __str__(self) -> str:
        return f"{self.language}-{self.width}"

    @property
    def english(self) -> bool:
        return self.language == "en"


TURNS = [Turn(language, width) for language in ("zh-hant", "en") for width in HEIGHTS]


def number() -> int:
    """The number of this run's turn; `ANWANG_SEED` names one, to see again what another run saw."""
    return int(os.environ.get("ANWANG_SEED") or turn_of_commit()) % len(TURNS)


def turns(page: str) -> list[Turn]:
    """How the page is looked at in this run."""
    if drilling():
        return TURNS
    return [TURNS[(number() + crc32(page.encode())) % len(TURNS)]]


def told() -> str:
    """What to say beside a fault, for who wants to see it again."""
    return f"ANWANG_SEED={number()} repeats these turns, ANWANG_DRILL=1 takes all of them"
