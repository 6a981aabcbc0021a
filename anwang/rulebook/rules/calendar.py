"""Which days are days of rest in Taiwan: weekends, holidays and make-up working days.

Computed from the `holidays` package, and overruled for whole years by the official calendar of the
Directorate-General of Personnel Administration (政府行政機關辦公日曆表), which the ministry
imports as a file (`official_calendar`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import holidays

_SATURDAY: Final = 5
# The package repeats one make-up working day of 2014 for every year; it is none after that year.
_STRAY_WORKDAY: Final = date(2014, 12, 27)


@dataclass(frozen=True)
class WorkCalendar:
    """Days of rest. `official` holds day -> is a day of rest, and wins; other days are computed.

    Days after `assured_until` rest on the package's forecast (make-up days and moved holidays are
    announced about a year ahead), so due days there are provisional.
    """

    assured_until: date
    official: Mapping[date, bool] = field(default_factory=dict)

    def is_rest_day(self, day: date) -> bool:
        """Whether offices are closed on `day`."""
        said = self.official.get(day)
        return _computed_rest(day) if said is None else said

    def is_closed_saturday(self, day: date) -> bool:
        """A Saturday without office hours; a make-up working Saturday is an ordinary day."""
        return day.weekday() == _SATURDAY and self.is_rest_day(day)

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`."""
        day += timedelta(days=1)
        while self.is_rest_day(day):
            day += timedelta(days=1)
        return day

    def previous_working_day(self, day: date) -> date:
        """The last working day before `day`."""
        day -= timedelta(days=1)
        while self.is_rest_day(day):
            day -= timedelta(days=1)
        return day

    def with_official(self, days: Mapping[date, bool]) -> WorkCalendar:
        """The calendar with the days of official files, whole years; the last one becomes assured."""
        if not days:
            return self
        return replace(
            self,
            official={**self.official, **days},
            assured_until=max(self.assured_until, *days),
        )


@lru_cache(maxsize=64)
def _holidays_of(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """(holidays, make-up working days) of one year."""
    listed = holidays.country_holidays("TW", years=year)
    working: set[date] = getattr(listed, "weekend_workdays", set())
    return frozenset(listed), frozenset(
        d for d in working if d.year == year and d != _STRAY_WORKDAY
    )


def _computed_rest(day: date) -> bool:
    closed, working = _holidays_of(day.year)
    return day in closed or (day.weekday() >= _SATURDAY and day not in working)


def package_calendar() -> WorkCalendar:
    """The calendar without any official file; assured to the end of 2027 as the package says."""
    return WorkCalendar(assured_until=date(2027, 12, 31))
