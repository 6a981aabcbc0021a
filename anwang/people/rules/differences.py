"""Two texts side by side: which characters both have, and where they differ.

Pure; for the eye and the screen reader of who compares two people. Compared by code points: a
variant of a character is another character, and shown so.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

Mark = Literal["same", "replaced", "only-here"]
MOST_COMPARED: Final = 300  # longer texts are shown whole, as different


class Piece(NamedTuple):
    """Some characters of one side, and how they stand to the other."""

    text: str
    mark: Mark


def side_by_side(one: str, other: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The pieces of both texts in order; joined they are the texts. Bounded work."""
    if not one or not other or max(len(one), len(other)) > MOST_COMPARED:
        mark: Mark = "same" if one == other else "replaced" if one and other else "only-here"
        return _whole(one, mark), _whole(other, mark)
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            left.append(Piece(one[a:b], "same"))
            right.append(Piece(other[c:d], "same"))
            continue
        mark = "replaced" if tag == "replace" else "only-here"
        left += _whole(one[a:b], mark)
        right += _whole(other[c:d], mark)
    return tuple(left), tuple(right)


def _whole(text: str, mark: Mark) -> tuple[Piece, ...]:
    return (Piece(text, mark),) if text else ()
