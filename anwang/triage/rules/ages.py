"""Ages as ranges: what a partial birth date or "about forty" allows us to say, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from anwang.common.values.roc_dates import PartialDate, parse_birth
from anwang.rulebook.rules.cells import UNKNOWN, Unknown

AgeRange = tuple[int, int]


def age_range(birth: object, day: date) -> AgeRange | None:
    """Least and greatest age in years on `day`; None where nothing can be said."""
    said = parse_birth(birth)
    if said.approximate_age is not None:
        margin = max(1, round(said.approximate_age / 10)) if said.approximate_age > 1 else 0
        return max(0, said.approximate_age - margin), said.approximate_age + margin
    return _from_parts(said, day)


def _from_parts(said: PartialDate, day: date) -> AgeRange | None:
    if said.year is None:
        return None
    years = day.year - said.year
    if years < 0:
        return None
    if said.month is None:
        return max(0, years - 1), years
    born, today = (said.month, said.day or 0), (day.month, day.day)
    had_birthday = born <= today if said.day else said.month < day.month
    may_have_had = born <= today if said.day else said.month <= day.month
    return max(0, years - (not had_birthday)), max(0, years - (not may_have_had))


def is_under(limit: int, ages: AgeRange | None) -> bool | Unknown:
    """Whether someone of this age range is younger than `limit` years."""
    if ages is None:
        return UNKNOWN
    low, high = ages
    if high < limit:
        return True
    return False if low >= limit else UNKNOWN


def any_of(answers: Iterable[bool | Unknown]) -> bool | Unknown:
    """Yes if one is; no only if all are known to be no and there is one at all."""
    listed = list(answers)
    if any(answer is True for answer in listed):
        return True
    return False if listed and all(answer is False for answer in listed) else UNKNOWN
