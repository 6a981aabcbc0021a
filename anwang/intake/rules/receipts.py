"""Receipt numbers: ten random signs and a check sign, easy to read over the telephone.

Crockford's base 32 has no I, L, O, U; the check sign (Luhn over 32) finds every single wrong sign
and all but one in a thousand swaps of neighbours, so that a misheard number never opens another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_SIGNS: Final = 10
_VALUES: Final = {sign: value for value, sign in enumerate(SIGNS)}
_MISREAD: Final = str.maketrans("OIL", "011", "- \t")


def check_sign(signs: str) -> str:
    """The sign that makes `signs` a receipt."""
    total = 0
    for place, sign in enumerate(reversed(signs)):
        value = _VALUES[sign] * (1 if place % 2 else 2)
        total += value // 32 + value % 32
    return SIGNS[-total % 32]


def receipt_from(drawn: Sequence[int]) -> str:
    """The receipt of ten drawn numbers, each 0 to 31."""
    signs = "".join(SIGNS[number] for number in drawn)
    return signs + check_sign(signs)


def read_receipt(typed: str) -> str | None:
    """The receipt that somebody typed (any case, O for 0, I or L for 1, dashes); None if none."""
    plain = typed.strip().upper().translate(_MISREAD)
    if len(plain) != RANDOM_SIGNS + 1 or any(sign not in _VALUES for sign in plain):
        return None
    return plain if check_sign(plain[:-1]) == plain[-1] else None
