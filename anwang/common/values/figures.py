"""Whole numbers as tables hand them over."""

import re
from typing import Final

_WITH_FRACTION: Final = re.compile(r"\s*([0-9]{1,15})\.0\s*")


def without_fraction(text: str) -> str:
    """`912345678.0` as 912345678: so pandas writes whole numbers of a column that has gaps. Any
    other text as it is.
    """
    found = _WITH_FRACTION.fullmatch(text)
    return found.group(1) if found else text
