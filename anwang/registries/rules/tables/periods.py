"""Periods and days as tables print them: ISO or ROC, a day, a month, a year, from and to."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Final

_ROC: Final = 1911
_POINT: Final = re.compile(
    r"(?:民國)?\s*(\d{2,4})\s*(?:年|[-./])?\s*(?:(\d{1,2})\s*(?:月|[-./])?)?\s*(?:(\d{1,2})\s*日?)?"
)
_BETWEEN: Final = re.compile(r"\s*(?:至|到|~|～|–|—|―|\bto\b|－)\s*")
_MONTH_ALONE: Final = re.compile(r"(\d{1,2})\s*月?(?:\s*(\d{1,2})\s*日)?")


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included."""

    first: date
    last: date


def day_in(text: str) -> date | None:
    """The day that a text names whole, or None."""
    parts = _parts(text)
    if parts is None or parts[1] is None or parts[2] is None:
        return None
    return _date(parts[0], parts[1], parts[2])


def period_in(text: str) -> Period | None:
    """The period that a text names: one point (a year, a month, a day), or two with a sign between.

    Two points without a sign between them (107年1月12月) name no period.
    """
    ends = _BETWEEN.split(text.strip())
    if len(ends) == 1:
        parts = _parts(ends[0])
        return _span(parts, parts) if parts else None
    if len(ends) != 2:
        return None
    first = _parts(ends[0])
    if first is None:
        return None
    last = _parts(ends[1]) if not _MONTH_ALONE.fullmatch(ends[1].strip()) else None
    if last is None:
        alone = _MONTH_ALONE.fullmatch(ends[1].strip())
        if alone is None:
            return None
        last = (first[0], int(alone[1]), int(alone[2]) if alone[2] else None)
    return _span(first, last)


_Parts = tuple[int, int | None, int | None]


def _parts(text: str) -> _Parts | None:
    found = _POINT.fullmatch(text.strip())
    if found is None:
        return None
    year = int(found[1])
    year += _ROC if year < 1000 else 0
    return year, int(found[2]) if found[2] else None, int(found[3]) if found[3] else None


def _span(first: _Parts, last: _Parts) -> Period | None:
    begins = _date(first[0], first[1] or 1, first[2] or 1)
    month = last[1] or 12
    if not 1 <= month <= 12:
        return None
    ends = _date(last[0], month, last[2] or monthrange(last[0], month)[1])
    return Period(begins, ends) if begins and ends else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def months_later(day: date, months: int) -> date:
    """The same day so many months on, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
