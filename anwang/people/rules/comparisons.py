"""How two records compare, level by level; the first level whose condition holds speaks.

None of a comparison's levels holding means that one side does not tell, which counts neither way.
Weights stand in the model's file. Every engine runs these same conditions (decision 17).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from anwang.people.rules.columns import GIVEN_SIGNS, HIDDEN, MASKED_SIGNS, Row
from anwang.people.rules.expressions import (
    Expression,
    L,
    R,
    Side,
    abs_,
    all_of,
    any_of,
    contains,
    overlaps,
    python_levels,
    shared,
    sign,
)

# A name borne by one in 2 to the power of at most so many; a rarer one is singular.
COMMONNESS: Final = (("everyday", 13), ("common", 15), ("usual", 17), ("rare", 19))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A kind of evidence: its levels in the order in which they are tried."""

    name: str
    levels: tuple[tuple[str, Expression], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The levels' names, in the order tried."""
        return tuple(name for name, _ in self.levels)


def _both(column: str) -> Expression:
    return (L.column(column) != 0) & (R.column(column) != 0)


def _same(column: str) -> Expression:
    return _both(column) & (L.column(column) == R.column(column))


def _national_id() -> Comparison:
    mine_near, theirs_near = contains(L.near, R.id), contains(R.near, L.id)
    untold = any_of(L.id == 0, R.id == 0)
    near = any_of(mine_near, theirs_near)
    slipped, theirs_slipped = sign(L.near, 0) != 0, sign(R.near, 0) != 0
    asked = any_of(slipped & (R.id != 0), theirs_slipped & (L.id != 0))
    return Comparison(
        "national_id",
        (
            ("same", _same("id")),
            ("near", near & untold),
            ("near-valid", near),
            ("other", _both("id")),
            ("not-near", asked),
        ),
    )


def _masked() -> tuple[Expression, Expression, Expression, Expression]:
    """(masked at all, told by both, contradicting, characters shown alike)."""
    masked = any_of(L.masked != 0, R.masked != 0)
    told = _both("folded_length")
    places = []
    for place in range(MASKED_SIGNS):
        mine, theirs = sign(L.folded_signs, place), sign(R.folded_signs, place)
        hidden = any_of(mine == HIDDEN, theirs == HIDDEN)
        places.append((mine, theirs, hidden))
    unlike = any_of(
        L.folded_length != R.folded_length,
        *[all_of(~hidden, mine != theirs) for mine, theirs, hidden in places],
    )
    shown = [all_of(~hidden, mine != 0, mine == theirs) for mine, theirs, hidden in places]
    one_shown = any_of(*shown)
    two_shown = any_of(*[one & other for at, one in enumerate(shown) for other in shown[at + 1 :]])
    return (
        masked & told & unlike,
        masked & two_shown & ~unlike,
        masked & one_shown & ~unlike,
        masked,
    )


def _name() -> Comparison:
    unlike, two_shown, one_shown, masked = _masked()
    both_given, both_surnames = _both("given") & ~masked, _both("surname")
    given, surname = _same("given") & ~masked, _same("surname")
    # A traditional name is whole without a surname; then its bits are told.
    whole = any_of(surname, all_of(L.surname == 0, R.surname == 0, L.name_bits != 0))
    heard = both_given & any_of(both_surnames, L.given != R.given)
    i_call = any_of(*[_called(L, R, place) for place in range(GIVEN_SIGNS)], L.nickname == R.given)
    they_call = any_of(
        *[_called(R, L, place) for place in range(GIVEN_SIGNS)], R.nickname == L.given
    )
    calls = (L.nickname != 0) & i_call
    called = (R.nickname != 0) & they_call
    # 黃妹, 林君: a surname and a given name, or a way of calling somebody of that surname or name.
    either, other_either = _either(L), _either(R)
    bare, other_bare = any_of(L.surname == 0, either), any_of(R.surname == 0, other_either)
    doubtful, both_doubtful = any_of(either, other_either), either & other_either
    # 小康 may have another surname: it contradicts no bare one.
    called_only = any_of(either & (L.given == 0), other_either & (R.given == 0))
    given_sound = all_of(both_given, _same("given_sounds"), L.given != R.given, L.given_length > 1)
    two = (L.given_length == 2) & (R.given_length == 2)
    first = sign(L.given_signs, 0) == sign(R.given_signs, 0)
    second = sign(L.given_signs, 1) == sign(R.given_signs, 1)
    swapped = (sign(L.given_signs, 0) == sign(R.given_signs, 1)) & (
        sign(L.given_signs, 1) == sign(R.given_signs, 0)
    )
    by_nickname = all_of(~masked, ~both_given)
    nicknames = all_of(by_nickname, L.given == 0, R.given == 0, _both("nickname"))
    mine = all_of(by_nickname, L.nickname != 0, R.given != 0)
    theirs = all_of(by_nickname, R.nickname != 0, L.given != 0)
    sounded = any_of(
        mine & contains(R.given_sound_signs, L.nickname_sound),
        theirs & contains(L.given_sound_signs, R.nickname_sound),
    )
    han_told = any_of(
        all_of(masked, _both("folded_length")), both_given, nicknames, mine & ~other_either,
        theirs & ~either, ~masked & both_surnames & ~called_only,
    )  # fmt: skip
    alike = (L.nickname == R.nickname) & ~both_doubtful
    nickname = any_of(
        all_of(both_given, ~surname, any_of(bare & calls, other_bare & called)),
        nicknames & alike,
        mine & any_of(calls, alike),
        theirs & any_of(called, alike),
    )
    latin = _both("latin")
    latin_same = _same("latin")
    alone = (L.latin_length == 1) | (R.latin_length == 1)
    latin_part = any_of(
        latin_same, _same("latin_letters"), shared(L.latin_tokens, R.latin_tokens) >= 2,
        alone & overlaps(L.latin_tokens, R.latin_tokens),
    )  # fmt: skip
    by_surname = any_of(by_nickname & ~nicknames & ~mine & ~theirs, ~masked & doubtful) & surname
    return Comparison(
        "name",
        (
            *_by_bits("same", given & whole, L.name_bits),
            *_by_bits("sound", _same("sounds") & heard, L.sound_bits),
            ("near-sound", _same("coarse") & heard),
            ("given-sound", given_sound | (both_given & _surname_left_out())),
            ("given", given & ~(both_surnames & ~surname & doubtful)),
            ("look-alike", _same("shape") & both_given),
            ("surname-nickname", all_of(both_given, surname, any_of(calls, called))),
            ("one-character", all_of(both_given, surname, two, any_of(first, second, swapped))),
            ("one-missing", all_of(both_given, surname, ~doubtful, _one_missing())),
            ("nickname", nickname),
            ("nickname-sound", sounded),
            ("name-part", both_given & _part_shared()),
            ("masked", two_shown),
            ("surname", one_shown | by_surname),
            ("latin", all_of(latin_same, L.latin_length > 1)),
            ("latin-part", all_of(latin, latin_part)),
            ("surname-only", both_given & surname),
            ("other-nickname", any_of(nicknames, mine & ~other_either, theirs & ~either)),
            ("different", any_of(unlike, both_given, ~masked & both_surnames & ~surname & ~called_only,
                                 latin & ~han_told)),
        ),
    )  # fmt: skip


def _by_bits(level: str, condition: Expression, bits: Expression) -> list[tuple[str, Expression]]:
    """An agreement of names, apart by how common the name is (rules/name_shares.py)."""
    ranges = [(f"{level}-{word}", condition & (bits <= most)) for word, most in COMMONNESS]
    return [*ranges, (f"{level}-singular", condition)]


def _called(caller: Side, other: Side, place: int) -> Expression:
    """Whether a nickname is the character at `place` of the other's given name."""
    return sign(other.given_signs, place) == caller.nickname


def _either(side: Side) -> Expression:
    """Whether what somebody is called by is the surname itself (rules/names.py)."""
    return (side.nickname != 0) & (side.nickname == side.surname)


def _one_missing() -> Expression:
    """Whether one given name is the other without one of its characters."""
    ways = []
    for short, long in ((L, R), (R, L)):
        for length in range(1, GIVEN_SIGNS):
            lengths = (short.given_length == length) & (long.given_length == length + 1)
            left_out = any_of(*[
                all_of(*[sign(short.given_signs, place)
                         == sign(long.given_signs, place + (place >= missing))
                         for place in range(length)])
                for missing in range(length + 1)
            ])  # fmt: skip
            ways.append(lengths & left_out)
    return any_of(*ways)


def _surname_left_out() -> Expression:
    """Whether what was read as a surname and one sign sounds like the other's given name: 艾菁 for
    周艾菁, or 陳黃妹 with her husband's surname.
    """
    return any_of(*[
        all_of(short.surname != 0, short.given_length == 1, long.surname != 0,
               long.given_length == 2, sign(short.name_parts, 0) == long.given_sounds)
        for short, long in ((L, R), (R, L))
    ])  # fmt: skip


def _part_shared() -> Expression:
    """Whether two names share a part, and one of them is a traditional one, which has several."""
    several = (sign(L.name_parts, 1) != 0) | (sign(R.name_parts, 1) != 0)
    return several & overlaps(L.name_parts, R.name_parts)


def _birth() -> Comparison:
    years = _both("year")
    apart = abs_(L.year - R.year)
    months = _both("month")
    days = all_of(months, _both("day"))
    month, day = L.month == R.month, L.day == R.day
    same_year = years & (apart == 0)
    other_year = years & (apart != 0)
    swapped = (L.month == R.day) & (R.month == L.day)
    mine, theirs = _year_told("l"), _year_told("r")
    told = all_of(mine != 0, theirs != 0, ~years)
    about = abs_(mine - theirs)
    return Comparison(
        "birth",
        (
            ("day", all_of(same_year, days, month, day)),
            ("day-slip", all_of(same_year, days, any_of(month, swapped, day))),
            ("year-other-day", same_year & any_of(days, months & ~month)),
            ("month", same_year & months),
            ("year", same_year),
            ("month-day", all_of(other_year, days, month, day)),
            ("few-years", other_year & any_of(days & (apart == 1), (apart >= 2) & (apart <= 3))),
            ("near-year", all_of(other_year, apart == 1)),
            ("other-year", other_year),
            ("age-1", told & (about <= 1)),
            ("age-3", told & (about <= 3)),
            ("age-6", told & (about <= 6)),
            ("age-10", told & (about <= 10)),
            ("age-impossible", told),
        ),
    )


def _year_told(side: str) -> Expression:
    """The year of birth, else the year that an age points to (a record tells only one of them)."""
    columns = L if side == "l" else R
    return columns.year + columns.about_year


def _sex() -> Comparison:
    return Comparison("sex", (("same", _same("sex")), ("different", _both("sex"))))


def _phone() -> Comparison:
    told = (sign(L.phones, 0) != 0) & (sign(R.phones, 0) != 0)
    local = any_of(overlaps(L.local_phones, R.phone_ends), overlaps(L.phone_ends, R.local_phones))
    return Comparison(
        "phone",
        (
            ("same", told & overlaps(L.phones, R.phones)),
            ("local", told & local),
            ("other", told),
        ),
    )


def _door_of(mine: str, theirs: str) -> Expression:
    """Whether two addresses, each the present (``) or the former (`former_`) one, are one door."""

    def told(column: str) -> tuple[Expression, Expression]:
        return L.column(mine + column), R.column(theirs + column)

    door, other_door = told("door")
    loose, other_loose = told("loose")
    district, other_district = told("district")
    county, other_county = told("county")
    in_one_place = any_of(county == 0, other_county == 0, county == other_county)
    vague = any_of(district == 0, other_district == 0)
    return any_of(
        (door != 0) & (door == other_door),
        all_of(vague, in_one_place, loose != 0, loose == other_loose),
    )


def _address() -> Comparison:
    door = _same("door")
    floors = _both("floor")
    districts = _both("district")
    vague = ~districts
    counties = _both("county")
    former = any_of(
        _door_of("", "former_"), _door_of("former_", ""), _door_of("former_", "former_")
    )
    return Comparison(
        "address",
        (
            ("whole", door & any_of(floors & (L.floor == R.floor), ~floors & (L.full == R.full))),
            ("other-floor", door & floors),
            ("door", door),
            ("loose-door", all_of(vague, ~(counties & (L.county != R.county)), _same("loose"))),
            ("previous-door", former),
            ("road", all_of(districts, L.district == R.district, _same("road"))),
            ("district", all_of(districts, L.district == R.district)),
            ("elsewhere", districts | (counties & (L.county != R.county))),
        ),
    )


COMPARISONS: Final[tuple[Comparison, ...]] = (
    _national_id(), _name(), _birth(), _sex(), _phone(), _address(),
)  # fmt: skip
# The same, ready for two rows in Python: comparison -> function of (asked, candidate).
LEVEL_OF: Final[dict[str, Callable[[Row, Row], str | None]]] = {
    one.name: python_levels(one.name, one.levels) for one in COMPARISONS
}
