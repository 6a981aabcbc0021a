"""Telephone numbers as written to whole numbers: Taiwan's without the leading 0, others with
their country code.
"""

import re
from functools import lru_cache
from typing import Final
from unicodedata import normalize

from anwang.common.values.figures import without_fraction

MOST_PHONES: Final = 4
_LONGEST_LOOKED_AT: Final = 120
_EXTENSION: Final = re.compile(r"(?:#|分機|轉|ext\.?|x)\s*\d+", re.IGNORECASE)
_SPLIT: Final = re.compile(r"[/、,;，；或與\n\r\t]+")
_FILLERS: Final = re.compile(r"[\-‐-―().·~]+")
_RUN: Final = re.compile(r"\+?\d[\d\s]*")
_MOBILE: Final = re.compile(r"9\d{8}")
_LANDLINE: Final = re.compile(r"[2-8]\d{7,8}")
# What can stand beside another number with nothing but a blank between: a mobile number or one with
# its area code, after 0 or 886; one with another country's code; one of 7 or 8 figures.
_WHOLE: Final = re.compile(
    r"(?:\+?(?:00|002)?8860?|0)(?:9\d{8}|[2-8]\d{7,8})|\+(?!886)\d{9,15}|[2-9]\d{6,7}"
)
_MOST_GROUPS: Final = 12


def parse_phones(*texts: object) -> tuple[int, ...]:
    """Numbers in `texts`, each once, at most four: 0912-345-678 and +886912345678 give 912345678.

    Extensions are dropped. A local number without area code (7 or 8 figures) stays as it is: see
    `local_part`. Placeholders (one repeated figure) and anything too short give nothing; never an
    error.
    """
    found: list[int] = []
    for text in texts:
        if isinstance(text, int) and not isinstance(text, bool) and 0 < text < 10**15:
            text = str(text)
        if isinstance(text, str) and text and len(text) <= _LONGEST_LOOKED_AT:
            for number in _numbers(text):
                if number not in found:
                    found.append(number)
    return tuple(found[:MOST_PHONES])


def local_part(number: int) -> int:
    """The last seven figures: equal for a landline with and without its area code."""
    return number % 10_000_000


@lru_cache(maxsize=16384)
def _numbers(text: str) -> tuple[int, ...]:
    plain = _EXTENSION.sub(" ", text if text.isascii() else normalize("NFKC", text))
    numbers = []
    for piece in _SPLIT.split(plain):
        for run in _RUN.findall(_FILLERS.sub("", without_fraction(piece))):
            for one in _parted(run.split()):
                if number := _number(one):
                    numbers.append(number)
    return tuple(numbers[:MOST_PHONES])


def _parted(groups: list[str]) -> list[str]:
    """Groups of figures with blanks between them as the numbers they are: one number wherever they
    can be one, several only where each is whole.
    """
    together = "".join(groups)
    if len(groups) == 1 or len(groups) > _MOST_GROUPS or _WHOLE.fullmatch(together):
        return [together]
    for end in reversed(range(1, len(groups))):
        if _WHOLE.fullmatch(first := "".join(groups[:end])):
            others = _parted(groups[end:])
            if all(map(_WHOLE.fullmatch, others)):
                return [first, *others]
    return [together]


def _number(run: str) -> int | None:
    figures = run.lstrip("+")
    if not 7 <= len(figures) <= 15 or len(set(figures)) == 1:
        return None
    for prefix in ("00886", "002886", "886"):
        if figures.startswith(prefix) and len(figures) > len(prefix) + 7:
            figures = figures[len(prefix) :].lstrip("0")
            break
    else:
        if run.startswith("+"):
            return int(figures) if len(figures) > 8 else None
    national = figures.removeprefix("0")
    if _MOBILE.fullmatch(national) or (figures[0] == "0" and _LANDLINE.fullmatch(national)):
        return int(national)
    if figures[0] != "0" and len(figures) <= 15:
        return int(figures)
    return int(national) if national and len(national) >= 7 else None
