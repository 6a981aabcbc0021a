"""National IDs, resident certificates and phones: each a one-to-one picture of a person's number.

Nothing is remembered, and no two persons of a nation have the same: every step is a bijection
below a power of ten, and whoever falls on the same figures gets another letter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from anwang.common.values.national_id import LETTER_VALUES
from demo.identity import ID_LETTERS, SUMS

Numbers = npt.NDArray[Any]
_ISSUED = [letter for letter in ID_LETTERS.options if letter not in "LRSY"]
_NO_MORE = "LRSY"
_ALL = list(ID_LETTERS.options)
_SERIALS = 10_000_000
_FACTOR = 6_364_137  # odd and no multiple of 5: prime to every power of ten
_WEIGHTS = np.array([8, 7, 6, 5, 4, 3, 2, 1])


def mixed(numbers: Numbers, salt: int) -> Numbers:
    """64 well mixed bits for each number (splitmix64)."""
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15 + 1) % (1 << 64))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def mobiles(persons: Numbers, seed: int) -> list[str]:
    """A mobile number each."""
    figures = (persons.astype(np.int64) * _FACTOR + seed * 7_919) % 100_000_000
    return [f"09{text[:2]}-{text[2:5]}-{text[5:]}" for text in _texts(figures, 8)]


def national_ids(persons: Numbers, female: Numbers, years: Numbers, seed: int) -> list[str]:
    """A national ID each; neighbours in number (often twins) have neighbouring ones."""
    below = persons % _SERIALS
    again = persons // _SERIALS
    half = _SERIALS // 2
    serial = (below // 2 * _FACTOR + seed) % half * 2 + below % 2
    drawn = mixed(below // 2, seed)
    place = _letter_places(drawn)
    old = (years <= 1974) & (drawn % np.uint64(100) < 6)
    letters = [
        _NO_MORE[(at + k) % 4] if gone else _ISSUED[(at + 5 * k) % len(_ISSUED)]
        for at, k, gone in zip(place.tolist(), again.tolist(), old.tolist(), strict=True)
    ]
    return _with_check(letters, np.where(female, 2, 1) * _SERIALS + serial)


def resident_ids(persons: Numbers, female: Numbers, mainland: Numbers, seed: int) -> list[str]:
    """A resident certificate number of the new form each."""
    below, again = persons % 1_000_000, persons // 1_000_000
    serial = (below * _FACTOR + seed) % 1_000_000
    third = np.where(mainland, 9, again % 7)
    steps = np.where(mainland, again, again // 7)
    places = (mixed(below, seed + 1) % np.uint64(26)).astype(np.int64)
    letters = [_ALL[at] for at in (places + steps) % 26]
    return _with_check(letters, np.where(female, 9, 8) * _SERIALS + third * 1_000_000 + serial)


def old_resident_ids(persons: Numbers, female: Numbers, seed: int) -> list[str]:
    """A resident certificate number of the old form (two letters) each."""
    below, again = persons % _SERIALS, persons // _SERIALS
    serial = (below * _FACTOR + seed) % _SERIALS
    places = (mixed(below, seed + 2) % np.uint64(26)).astype(np.int64)
    found = []
    for at, figures, woman in zip(
        (places + 5 * again) % 26, _texts(serial, 7), female, strict=True
    ):
        first, second = _ALL[at], ("BD" if woman else "AC")[int(figures[-1]) % 2]
        total = SUMS[first] + LETTER_VALUES[second] % 10 * 8
        total += sum(int(d) * w for d, w in zip(figures, range(7, 0, -1), strict=True))
        found.append(f"{first}{second}{figures}{-total % 10}")
    return found


def _letter_places(drawn: Numbers) -> Numbers:
    shares = np.diff(np.array(ID_LETTERS._sums), prepend=0.0)
    issued = np.array([min(shares[_ALL.index(letter)], 12) + 2 for letter in _ISSUED])
    sums = np.cumsum(issued) / issued.sum()
    return np.minimum(
        np.searchsorted(sums, (drawn >> np.uint64(11)).astype(float) / (1 << 53)), len(_ISSUED) - 1
    )


def _with_check(letters: list[str], eight: Numbers) -> list[str]:
    figures = eight[:, None] // 10 ** np.arange(7, -1, -1) % 10
    total = figures @ _WEIGHTS + np.array([SUMS[letter] for letter in letters])
    checks = (-total % 10).tolist()
    told = zip(letters, eight.tolist(), checks, strict=True)
    return [f"{letter}{body}{check}" for letter, body, check in told]


def _texts(figures: Numbers, width: int) -> list[str]:
    return [f"{one:0{width}d}" for one in figures.tolist()]
