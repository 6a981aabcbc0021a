"""Telephone numbers as written to whole numbers: Taiwan's without the leading 0, others with
their country code.
"""

import re
from functools import lru_cache
from typing import Final
from unicodedata import normalize

MOST_PHONES: Final = 4
_LONGEST_LOOKED_AT: Final = 120
_EXTENSION: Final = re.compile(r"(?:#|分機|轉|ext\.?|x)\s*\d+", re.IGNORECASE)
_SPLIT: Final = re.compile(r"[/、,;，；或與\n\r\t]+")
_FILLERS: Final = re.compile(r"[\s\-‐-―().·~]+")
_RUN: Final = re.compile(r"\+?\d+")
_MOBILE: Final = re.compile(r"9\d{8}")
_LANDLINE: Final = re.compile(r"[2-8]\d{7,8}")


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
        for run in _RUN.findall(_FILLERS.sub("", piece)):
            number = _number(run)
            if number:
                numbers.append(number)
    return tuple(numbers[:MOST_PHONES])


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
