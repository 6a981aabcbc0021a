"""Numbers of persons in Taiwan: the national ID and both forms of the foreign residents' number.

A wrong answer here takes one person for another. Rules: the letter values and weights are the
Interior Ministry's published checksum (national ID; new residents' number since 2021-01-02, digit
8 male, 9 female). The old two-letter form stays valid until the end of ROC 119; its checksum is
common practice, not published.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal
from unicodedata import normalize

Kind = Literal["national", "arc-new", "arc-old"]
Sex = Literal["F", "M"]

LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVXYWZIO"  # in the order of their values, 10 to 35
LETTER_VALUES: Final = {letter: value for value, letter in enumerate(LETTERS, start=10)}
# Share of each letter in the sum: tens x 1 + units x 9.
_LETTER_SUMS: Final = {
    letter: value // 10 + value % 10 * 9 for letter, value in LETTER_VALUES.items()
}
_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 1, 1)
_LONGEST_LOOKED_AT: Final = 64
_SHAPE: Final = re.compile(r"[A-Z][1289A-D][0-9]{8}")
_MASKED_SHAPE: Final = re.compile(r"(?=.*[*])[A-Z*][1289A-D*][0-9*]{8}")
_MASKS: Final = str.maketrans(dict.fromkeys("*＊xX×○〇●◯□■?？_#•∗", "*"))
_SEPARATORS: Final = re.compile(r"[\s\-‐-―.,、:()]+")


@dataclass(frozen=True, slots=True)
class ParsedId:
    """What a typed number is. `normal` is empty unless the text has the shape of a number.

    `masked`: some characters were hidden (`A1234***89`); they stand as `*` in `normal`. A masked
    number is never `valid`. `kind` is None where the shape fits no form.
    """

    kind: Kind | None
    normal: str
    valid: bool
    masked: bool


NO_ID: Final = ParsedId(kind=None, normal="", valid=False, masked=False)


def parse_id(text: object) -> ParsedId:
    """The number in `text` (full width and lower case folded, blanks and dashes dropped).

    Anything that is not text, or not one number, gives `NO_ID`; never an error.
    """
    if not isinstance(text, str) or not text or len(text) > _LONGEST_LOOKED_AT:
        return NO_ID
    return _parsed(text)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> ParsedId:
    folded = text if text.isascii() else normalize("NFKC", text)
    folded = _SEPARATORS.sub("", folded).upper()
    if _SHAPE.fullmatch(folded):
        return ParsedId(_kind(folded), folded, valid=_checks(folded), masked=False)
    hidden = _hide(_SEPARATORS.sub("", text))
    if len(hidden) == 10 and _MASKED_SHAPE.fullmatch(hidden):
        return ParsedId(_kind(hidden), hidden, valid=False, masked=True)
    return NO_ID


def _hide(text: str) -> str:
    """`text` with every sign for a hidden place as `*`; a leading X is a letter of its own."""
    first, rest = text[:1], text[1:].translate(_MASKS)
    if first not in ("x", "X"):
        first = first.translate(_MASKS)
    return normalize("NFKC", first + rest).upper()


def _kind(normal: str) -> Kind:
    second = normal[1]
    if second in "ABCD":
        return "arc-old"
    return "arc-new" if second in "89" else "national"


def _checks(normal: str) -> bool:
    # Two figures at a time: a register has millions of numbers.
    total = _LETTER_SUMS[normal[0]] + _SECOND_SUMS[normal[1]]
    for at, sums in _PAIR_SUMS:
        total += sums[normal[at : at + 2]]
    return total % 10 == 0


_SECOND_SUMS: Final = {
    **{str(figure): figure * _WEIGHTS[0] for figure in range(10)},
    **{letter: LETTER_VALUES[letter] % 10 * _WEIGHTS[0] for letter in "ABCD"},
}
_PAIR_SUMS: Final = tuple(
    (
        at,
        {
            f"{one}{other}": one * _WEIGHTS[at - 1] + other * _WEIGHTS[at]
            for one in range(10)
            for other in range(10)
        },
    )
    for at in (2, 4, 6, 8)
)


def sex_of(normal: str) -> Sex | None:
    """Sex registered in a number's second place: 1, 8, A, C male; 2, 9, B, D female; else None."""
    second = normal[1:2]
    if not second:
        return None
    if second in "18AC":
        return "M"
    return "F" if second in "29BD" else None


def valid_neighbours(text: object) -> list[str]:
    """Valid numbers one slip away: one place wrong, or two neighbours swapped; sorted, without
    itself.

    About 20 (at most 60): one place in ten of the single slips passes the checksum. Empty if
    `text` has not the shape of a number. The first place may be any letter; the second keeps to
    its own form's signs.
    """
    parsed = parse_id(text)
    if not parsed.normal or parsed.masked:
        return []
    return list(_neighbours(parsed.normal))


@lru_cache(maxsize=1024)
def _neighbours(normal: str) -> tuple[str, ...]:
    near: set[str] = set()
    for place, sign in enumerate(normal):
        for other in _signs_at(place, normal):
            if other != sign:
                near.add(normal[:place] + other + normal[place + 1 :])
    for place in range(len(normal) - 1):
        pair = normal[place : place + 2]
        near.add(normal[:place] + pair[::-1] + normal[place + 2 :])
    near.discard(normal)
    return tuple(sorted(one for one in near if _SHAPE.fullmatch(one) and _checks(one)))


def _signs_at(place: int, normal: str) -> str:
    if place == 0:
        return LETTERS
    if place == 1:
        return "ABCD" if normal[1] in "ABCD" else "1289"
    return "0123456789"
