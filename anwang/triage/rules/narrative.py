"""Warning words in what a reporter wrote. They call attention to a passage and can only raise.

Never calm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from anwang.triage.rules.reading import Reading

# 沒有要自殺: between the negator and the word at most this many characters; more reads another
# clause.
_NEGATION_REACH: Final = 1


@dataclass(frozen=True, slots=True)
class CueFound:
    """One warning word: its cue, the word, and where it begins in the normalised text."""

    cue: str
    word: str
    at: int


def cues_in(text: str, reading: Reading) -> list[CueFound]:
    """Every warning word that is not directly negated, in the order of the text."""
    plain = normalize("NFKC", text).lower()
    found = [
        CueFound(cue, word, at)
        for cue, words in reading.cues.items()
        for word in words
        for at in _places(plain, word)
        if not _is_negated(plain[:at], reading.negators)
    ]
    return sorted(found, key=lambda hit: (hit.at, hit.cue))


def _places(plain: str, word: str) -> Iterable[int]:
    at = plain.find(word)
    while at >= 0:
        yield at
        at = plain.find(word, at + 1)


def _is_negated(before: str, negators: tuple[str, ...]) -> bool:
    return any(
        before[: len(before) - gap].endswith(negator)
        for gap in range(_NEGATION_REACH + 1)
        for negator in negators
    )
