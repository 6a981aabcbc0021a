"""Numbers of persons in Taiwan: the national ID and both forms of the foreign residents' number.

A wrong answer here takes one person for another. Rules: the letter values and weights are the
Interior Ministry's published checksum (national ID; new residents' number since 2021-01-02, digit
8 male, 9 female). The old two-letter form stays valid until the end of ROC 119; its checksum is
common practice, not published.
"""

import re
from collections.abc import Iterator
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
MOST_NEIGHBOURS: Final = 30
_LENGTH: Final = 10
_MOST_HIDDEN: Final = 2  # with three, a hundred valid numbers are possible, and none is told
_LONGEST_LOOKED_AT: Final = 64
_SHAPE: Final = re.compile(r"[A-Z][1289A-D][0-9]{8}")
_MASKED_SHAPE: Final = re.compile(r"(?=.*[*])[A-Z*][1289A-D*][0-9*]{8}")
# Ten figures that differ from a number by their first sign, and are no slip.
_TELEPHONE: Final = re.compile(r"0[29][0-9]{8}")
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
    folded = _folded(text)
    if _SHAPE.fullmatch(folded):
        return ParsedId(_kind(folded), folded, valid=_checks(folded), masked=False)
    hidden = _hide(_SEPARATORS.sub("", text))
    if len(hidden) == 10 and _MASKED_SHAPE.fullmatch(hidden):
        return ParsedId(_kind(hidden), hidden, valid=False, masked=True)
    return NO_ID


def _folded(text: str) -> str:
    plain = text if text.isascii() else normalize("NFKC", text)
    return _SEPARATORS.sub("", plain).upper()


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
# Place -> sign that may stand there -> its share in the sum, and the same the other way round.
_SHARES: Final[tuple[dict[str, int], ...]] = (
    _LETTER_SUMS,
    {sign: _SECOND_SUMS[sign] for sign in "1289ABCD"},
    *({str(figure): figure * weight for figure in range(10)} for weight in _WEIGHTS[1:]),
)
_SIGNS_OF_SHARE: Final[tuple[dict[int, str], ...]] = tuple(
    {
        last: "".join(sign for sign, share in shares.items() if share % 10 == last)
        for last in range(10)
    }
    for shares in _SHARES
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
    """Valid numbers one slip away, sorted, without the number itself: one of the ten signs wrong,
    whatever was typed in its place, or two neighbours swapped.

    Of a number with one or two hidden signs: the valid numbers it may be. Twelve or so, never more
    than `MOST_NEIGHBOURS`. Empty where the text has not ten signs, and where no single slip makes
    a number of it.
    """
    if not isinstance(text, str) or not text or len(text) > _LONGEST_LOOKED_AT:
        return []
    return list(_neighbours(text))


@lru_cache(maxsize=1024)
def _neighbours(text: str) -> tuple[str, ...]:
    parsed = _parsed(text)
    if parsed.masked:
        hidden = [place for place, sign in enumerate(parsed.normal) if sign == "*"]
        return tuple(sorted(_filled(parsed.normal, hidden))) if len(hidden) <= _MOST_HIDDEN else ()
    signs = parsed.normal or _folded(text)
    if len(signs) != _LENGTH or _TELEPHONE.fullmatch(signs):
        return ()
    return tuple(sorted(_one_slip_away(signs)))


def _one_slip_away(signs: str) -> set[str]:
    shares = [_SHARES[place].get(sign) for place, sign in enumerate(signs)]
    odd = [place for place, share in enumerate(shares) if share is None]
    near: set[str] = set()
    if len(odd) <= 1:
        for place in odd or range(_LENGTH):
            near.update(_filled(signs, [place]))
    for place in range(_LENGTH - 1):
        if set(odd) <= {place, place + 1}:
            swapped = signs[:place] + signs[place + 1] + signs[place] + signs[place + 2 :]
            if _SHAPE.fullmatch(swapped) and _checks(swapped):
                near.add(swapped)
    near.discard(signs)
    return near


def _filled(signs: str, places: list[int]) -> Iterator[str]:
    """The valid numbers that `signs` can be whatever stands at `places`; elsewhere there are only
    signs that a number has there.
    """
    place, *others = places
    if others:
        for sign in _SHARES[place]:
            yield from _filled(signs[:place] + sign + signs[place + 1 :], others)
        return
    told = sum([_SHARES[at][sign] for at, sign in enumerate(signs) if at != place])
    for sign in _SIGNS_OF_SHARE[place][-told % 10]:
        yield signs[:place] + sign + signs[place + 1 :]
