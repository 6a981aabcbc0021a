"""A portion of past reports in columns: what was known of each, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anwang.rulebook.rules.cells import UNKNOWN
from anwang.rulebook.rules.columns import Codes, Column, Columns, Flags

# By what results are broken down. Nobody's descent is guessed from a name: `area` tells whether the
# address lies in an indigenous area, `residency` what kind of number was told.
GROUPINGS: Final = ("county", "age", "sex", "residency", "area")
NOT_KNOWN: Final = "unknown"
_AGE_BANDS: Final = ((6, "0-5"), (12, "6-11"), (18, "12-17"), (65, "18-64"))
_OLDEST: Final = "65+"
# What one table says and the next asks; never among the inputs of a report.
CHAINED: Final = frozenset({"stream", "grade", "grade_class"})
TAIPEI_SECONDS: Final = 8 * 3600


@dataclass(frozen=True)
class PastReports:
    """`started_at`: seconds since 1970 at which clocks began. `taken_after`: seconds until a team took
    it over; NaN where none did. `screened_out`: the desk closed it without a case. `came_back`: one
    of its people was reported again within the window. `groups`: one text column a grouping."""

    ids: Sequence[uuid.UUID]
    inputs: Columns
    started_at: NDArray[np.float64]
    taken_after: NDArray[np.float64]
    screened_out: Flags
    came_back: Flags
    groups: Mapping[str, Column]
    district: Column

    @property
    def length(self) -> int:
        """How many reports."""
        return len(self.ids)

    @property
    def hours(self) -> NDArray[np.int64]:
        """Hour of the day in Taipei at which each came, 0 to 23."""
        return ((self.started_at.astype(np.int64) + TAIPEI_SECONDS) // 3600) % 24

    @property
    def days(self) -> NDArray[np.int64]:
        """Civil day in Taipei on which each came, days since 1970."""
        return (self.started_at.astype(np.int64) + TAIPEI_SECONDS) // 86400


def text_column(texts: Sequence[str | None]) -> Column:
    """A column of texts; what is missing is `unknown` as a group of its own."""
    places: dict[str, int] = {}
    codes = [places.setdefault(one or NOT_KNOWN, len(places)) for one in texts]
    return Column(tuple(places), np.asarray(codes, dtype=np.int32))


def mapped(column: Column, words: Mapping[str, str], otherwise: str = NOT_KNOWN) -> Column:
    """The column with each value said otherwise, as groups are."""
    told = [words.get(str(one), otherwise) for one in column.values]
    values = tuple(dict.fromkeys(told))
    codes = np.asarray([values.index(one) for one in told], dtype=np.int32)
    return Column(values, codes[column.codes])


def age_bands(ages: Column, is_child: Column) -> Column:
    """Bands of the youngest victim's age; where only that it is a child is known, `0-17`."""
    bands = [NOT_KNOWN if one is UNKNOWN else _band(float(one)) for one in ages.values]  # type: ignore[arg-type]
    children = [one is True for one in is_child.values]
    values = ("0-5", "6-11", "12-17", "0-17", "18-64", _OLDEST, NOT_KNOWN)
    codes: Codes = np.asarray([values.index(one) for one in bands], dtype=np.int32)[ages.codes]
    young = np.asarray(children, dtype=np.bool_)[is_child.codes]
    codes[(codes == values.index(NOT_KNOWN)) & young] = values.index("0-17")
    return Column(values, codes)


def _band(age: float) -> str:
    return next((name for limit, name in _AGE_BANDS if age < limit), _OLDEST)


def day_of(number: int) -> date:
    """The civil day of `PastReports.days`."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + number)
