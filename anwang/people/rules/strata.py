"""What a pair tells, apart from whether it agrees: chances are learnt within each such stratum.

An age and a day of birth are two ways to be told, and a block of pairs holds more of the one than
another: m and u of their levels may only be compared where as much is told. A level that stands in
several strata is learnt from all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from anwang.people.rules.comparisons import COMMONNESS, Comparison
from anwang.people.rules.expressions import Expression, L, R, all_of, any_of


@dataclass(frozen=True, slots=True)
class Stratum:
    """A way to tell: `told` over a pair, and the levels a pair can then have."""

    name: str
    told: Expression
    levels: tuple[str, ...]

    def of(self, comparison: Comparison) -> Comparison:
        """The comparison within this stratum, as one of its own."""
        return Comparison(
            f"{comparison.name}_{self.name}",
            tuple(
                (name, self.told & condition)
                for name, condition in comparison.levels
                if name in self.levels
            ),
        )


def strata_of(comparison: Comparison) -> Sequence[Stratum]:
    """The strata of a comparison; one with all levels where nothing is told in several ways."""
    known = STRATA.get(comparison.name)
    if known and {name for one in known for name in one.levels} == set(comparison.names):
        return known
    told = any_of(*[condition for _, condition in comparison.levels])
    return (Stratum("told", told, comparison.names),)


_SAME, _SOUNDS = (
    tuple(f"{level}-{word}" for word in (*dict(COMMONNESS), "singular"))
    for level in ("same", "sound")
)
_WHOLE: Final = (*_SAME, *_SOUNDS, "given")
_NEARLY: Final = ("near-sound", "look-alike", "given-sound")


def _both(column: str) -> Expression:
    return (L.column(column) != 0) & (R.column(column) != 0)


def _strata() -> dict[str, tuple[Stratum, ...]]:
    years, months = _both("year"), _both("month")
    days = all_of(years, months, _both("day"))
    aged = all_of(L.year + L.about_year != 0, R.year + R.about_year != 0, ~years)
    masked = any_of(L.masked != 0, R.masked != 0)
    given, surnames = _both("given") & ~masked, _both("surname")
    called = all_of(~masked, ~_both("given"))
    nicknamed = called & any_of(
        _both("nickname"), (L.nickname != 0) & (R.given != 0), (R.nickname != 0) & (L.given != 0)
    )
    doors, floors, loose = _both("door"), _both("floor"), _both("loose")
    apart = ("few-years", "other-year")
    far = ("previous-door", "road", "district", "elsewhere")
    return {
        "national_id": (
            Stratum("valid", _both("id"), ("same", "near-valid", "other")),
            Stratum("slipped", any_of(L.id == 0, R.id == 0), ("near", "not-near")),
        ),
        "name": (
            Stratum("whole", given & surnames,
                    (*_WHOLE, *_NEARLY, "surname-nickname", "one-character", "one-missing",
                     "nickname", "name-part", "surname", "surname-only", "different")),
            Stratum("given", given & ~surnames,
                    (*_WHOLE, *_NEARLY, "nickname", "name-part", "different")),
            Stratum("nickname", nicknamed,
                    ("nickname", "nickname-sound", "surname", "other-nickname", "different")),
            Stratum("masked", masked, ("masked", "surname", "different")),
            Stratum("surname", all_of(called, ~nicknamed, surnames), ("surname", "different")),
            Stratum("latin", _both("latin") & ~_both("folded_length"),
                    ("latin", "latin-part", "different")),
        ),
        "birth": (
            Stratum("day", days,
                    ("day", "day-slip", "year-other-day", "month-day", *apart)),
            Stratum("month", all_of(years, months, ~days),
                    ("month", "year-other-day", "near-year", *apart)),
            Stratum("year", years & ~months, ("year", "near-year", *apart)),
            Stratum("age", aged, ("age-1", "age-3", "age-6", "age-10", "age-impossible")),
        ),
        "address": (
            Stratum("floor", doors & floors, ("whole", "other-floor", *far)),
            Stratum("door", doors & ~floors, ("whole", "door", *far)),
            Stratum("loose", all_of(~doors, loose), ("loose-door", *far)),
            Stratum("road", all_of(~doors, ~loose), far),
        ),
    }  # fmt: skip


STRATA: Final = _strata()
