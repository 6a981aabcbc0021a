"""The levels told a second time, over forms and in plain words of Python: the oracle of the engines.

One function for each comparison; each answers a level's name, or None where one side does not tell.
"""

from collections.abc import Callable
from typing import Final

from anwang.common.values.phones import local_part
from anwang.people.rules.addresses import NO_ADDRESS, Address
from anwang.people.rules.characters import coarse, shape, sound
from anwang.people.rules.forms import Forms
from anwang.people.rules.name_shares import shipped_shares

LevelOf = Callable[[Forms, Forms], str | None]

_LOCAL_BELOW: Final = 100_000_000  # numbers of up to eight figures may lack their area code


def national_id_level(one: Forms, other: Forms) -> str | None:
    """Equality of tokens; a valid number one slip away counts as near."""
    mine, theirs = one.id_token, other.id_token
    if mine is not None and mine == theirs:
        return "same"
    if theirs is not None and theirs in one.id_near:
        return "near" if mine is None else "near-valid"
    if mine is not None and mine in other.id_near:
        return "near" if theirs is None else "near-valid"
    if mine is not None and theirs is not None:
        return "other"
    if (theirs is not None and one.id_near) or (mine is not None and other.id_near):
        return "not-near"
    return None


def name_level(one: Forms, other: Forms) -> str | None:
    """Han names first; names in Latin letters where they tell more."""
    level = _han_level(one, other)
    if level in (None, "different", "surname-only", "other-nickname") and one.latin and other.latin:
        return _latin_level(one.latin, other.latin) or level or "different"
    return level


def _han_level(one: Forms, other: Forms) -> str | None:
    if one.name_masked or other.name_masked:
        return _masked_level(one.name_folded, other.name_folded)
    if one.given and other.given:
        return _whole_name_level(one, other)
    doubtful = _may_be_called_so(one) or _may_be_called_so(other)
    same_surname = one.surname != "" and one.surname == other.surname
    level: str | None = None
    if one.nickname and other.nickname and not (one.given or other.given):
        level = "nickname" if _called_alike(one, other) else "other-nickname"
    elif one.nickname and other.given:
        level = _nickname_level(one, other)
    elif other.nickname and one.given:
        level = _nickname_level(other, one)
    elif one.surname and other.surname:
        return "surname" if same_surname else _unlike_surnames(one, other)
    if level not in (None, "other-nickname"):
        return level
    if level and doubtful and same_surname:
        return "surname"
    named = one if one.given else other
    if level and named.given and _may_be_called_so(named):
        return _unlike_surnames(one, other)
    return level


def _unlike_surnames(one: Forms, other: Forms) -> str | None:
    """林仔 and 小康 are only said of somebody, perhaps by his given name."""
    told = all(each.surname and (each.given or not each.nickname) for each in (one, other))
    return "different" if told else None


def _may_be_called_so(one: Forms) -> bool:
    """黃妹, 林君, 陳仔: what is said of somebody of that surname, if it is no name."""
    return one.nickname != "" and one.nickname == one.surname


def _called_alike(one: Forms, other: Forms) -> bool:
    both = _may_be_called_so(one) and _may_be_called_so(other)
    return one.nickname == other.nickname and not both


def bits_of(one: Forms) -> tuple[int, int]:
    """How rare the name and its sound are, in bits."""
    if not one.surname and len(one.given) >= 4:
        return 16, 16
    name, sound_ = shipped_shares().bits(one.surname, one.given, one.name_sound)
    return (min(name, 13), min(sound_, 13)) if _may_be_called_so(one) else (name, sound_)


def how_common(bits: int) -> str:
    """The word for a name that one in 2 to the power of `bits` bears."""
    if bits <= 13:
        return "everyday"
    if bits <= 15:
        return "common"
    if bits <= 17:
        return "usual"
    return "rare" if bits <= 19 else "singular"


def _whole_name_level(one: Forms, other: Forms) -> str:
    surnames = bool(one.surname and other.surname)
    whole = surnames or (not one.surname and not other.surname and len(one.given) >= 4)
    if one.given == other.given and whole and one.surname == other.surname:
        return f"same-{how_common(bits_of(one)[0])}"
    level = _sound_level(one, other)
    if level:
        return level
    doubtful = _may_be_called_so(one) or _may_be_called_so(other)
    if one.given == other.given and not (surnames and doubtful):
        return "given"
    if shape(one.name_folded) == shape(other.name_folded):
        return "look-alike"
    return _part_level(one, other, doubtful)


def _sound_level(one: Forms, other: Forms) -> str | None:
    mine, theirs = one.name_sound, other.name_sound
    whole = all(each.surname or len(each.given) >= 4 for each in (one, other))
    surnames = bool(one.surname and other.surname)
    if whole and len(mine) == len(theirs) and (surnames or one.given != other.given):
        if mine == theirs:
            return f"sound-{how_common(bits_of(one)[1])}"
        if [coarse(one) for one in mine] == [coarse(one) for one in theirs]:
            return "near-sound"
    alike = mine[len(one.surname) :] == theirs[len(other.surname) :]
    if _surname_left_out(one, other) or _surname_left_out(other, one):
        return "given-sound"
    return "given-sound" if alike and one.given != other.given and len(one.given) > 1 else None


def _surname_left_out(one: Forms, other: Forms) -> bool:
    """艾菁 for 周艾菁: read as a surname with one sign, and it is the given name."""
    told = (
        one.surname != "" and other.surname != "" and (len(one.given), len(other.given)) == (1, 2)
    )
    heard = [sound(sign) for sign in one.name_folded]
    return told and " ".join(heard) == " ".join(map(sound, other.given))


def _part_level(one: Forms, other: Forms, doubtful: bool) -> str:
    same_surname = one.surname == other.surname and one.surname != ""
    if same_surname:
        if _calls(one, other) or _calls(other, one):
            return "surname-nickname"
        if len(one.given) == 2 == len(other.given):
            if one.given[0] == other.given[0] or one.given[1] == other.given[1]:
                return "one-character"
            if one.given == other.given[::-1]:
                return "one-character"
        if not doubtful and one.given in _with_one_left_out(other.given):
            return "one-missing"
        if not doubtful and other.given in _with_one_left_out(one.given):
            return "one-missing"
    elif _is_called(one, other) or _is_called(other, one):
        return "nickname"
    several = len(one.name_parts) > 1 or len(other.name_parts) > 1
    if several and set(one.name_parts[:4]) & set(other.name_parts[:4]):
        return "name-part"
    if same_surname:
        return "surname" if doubtful else "surname-only"
    return "different"


def _with_one_left_out(given: str) -> set[str]:
    """What a given name of two to four characters is without one of them."""
    if not 2 <= len(given) <= 4:
        return set()
    return {given[:at] + given[at + 1 :] for at in range(len(given))}


def _is_called(one: Forms, other: Forms) -> bool:
    """Whether `one` is only what somebody with the name of `other` is called by."""
    return (not one.surname or _may_be_called_so(one)) and _calls(one, other)


def _calls(one: Forms, other: Forms) -> bool:
    """Whether `one`'s nickname is in the given name of `other`."""
    return one.nickname != "" and one.nickname in other.given[:4]


def _nickname_level(one: Forms, other: Forms) -> str:
    nickname = one.nickname
    if nickname in other.given[:4] or _called_alike(one, other):
        return "nickname"
    if len(nickname) == 1 and sound(nickname) in other.name_sound[len(other.surname) :][:4]:
        return "nickname-sound"
    return "other-nickname"


def _masked_level(mine: str, theirs: str) -> str | None:
    if not mine or not theirs:
        return None
    if len(mine) != len(theirs):
        return "different"
    shown = 0
    for one, other in zip(mine, theirs, strict=True):
        if one == "*" or other == "*":
            continue
        if one != other:
            return "different"
        shown += 1
    if shown >= 2:
        return "masked"
    return "surname" if shown else None


def _latin_level(mine: tuple[str, ...], theirs: tuple[str, ...]) -> str | None:
    if mine == theirs:
        return "latin" if len(mine) > 1 else "latin-part"
    shared = set(mine) & set(theirs)
    if shared and 1 in (len(mine), len(theirs)):
        return "latin-part"
    if len(shared) >= 2 or "".join(sorted(mine)) == "".join(sorted(theirs)):
        return "latin-part"
    return None


def birth_level(one: Forms, other: Forms) -> str | None:
    """Days, months and years where both tell them, else approximate ages against years."""
    if one.year is not None and other.year is not None:
        return _calendar_level(one, other, abs(one.year - other.year))
    mine = one.year if one.year is not None else one.about_year
    theirs = other.year if other.year is not None else other.about_year
    if mine is None or theirs is None:
        return None
    apart = abs(mine - theirs)
    if apart <= 1:
        return "age-1"
    if apart <= 3:
        return "age-3"
    if apart <= 6:
        return "age-6"
    return "age-10" if apart <= 10 else "age-impossible"


def _calendar_level(one: Forms, other: Forms, apart: int) -> str:
    months = one.month is not None and other.month is not None
    days = months and one.day is not None and other.day is not None
    if apart:
        if days and one.month == other.month and one.day == other.day:
            return "month-day"
        if apart == 1:
            return "few-years" if days else "near-year"
        return "few-years" if apart <= 3 else "other-year"
    if not months:
        return "year"
    if not days:
        return "month" if one.month == other.month else "year-other-day"
    if one.month == other.month:
        return "day" if one.day == other.day else "day-slip"
    swapped = one.month == other.day and one.day == other.month
    return "day-slip" if swapped or one.day == other.day else "year-other-day"


def sex_level(one: Forms, other: Forms) -> str | None:
    """Registered sexes F and M; X tells nothing either way."""
    if one.sex in ("", "X") or other.sex in ("", "X"):
        return None
    return "same" if one.sex == other.sex else "different"


def phone_level(one: Forms, other: Forms) -> str | None:
    """Any number in common, the area code possibly left out by one side."""
    if not one.phones or not other.phones:
        return None
    for mine in one.phones:
        if mine in other.phones:
            return "same"
    for mine in one.phones:
        for theirs in other.phones:
            if (mine < _LOCAL_BELOW) != (theirs < _LOCAL_BELOW) and _lacks_area(mine, theirs):
                return "local"
    return "other"


def _lacks_area(mine: int, theirs: int) -> bool:
    short, whole = min(mine, theirs), max(mine, theirs)
    if whole // _LOCAL_BELOW == 9:
        return False  # a mobile number has no area
    return local_part(short) == local_part(whole) and str(whole).endswith(str(short))


def address_level(one: Forms, other: Forms) -> str | None:
    """The present addresses; a former one where they differ."""
    level = _pair_level(one.address, other.address)
    if level in _AT_THE_DOOR or (one.prev_address is NO_ADDRESS is other.prev_address):
        return level
    former = (
        _pair_level(one.address, other.prev_address),
        _pair_level(one.prev_address, other.address),
        _pair_level(one.prev_address, other.prev_address),
    )
    return "previous-door" if any(found in _AT_THE_DOOR for found in former) else level


_AT_THE_DOOR: Final = frozenset({"whole", "door", "loose-door", "other-floor"})


def _pair_level(one: Address, other: Address) -> str | None:
    if one is NO_ADDRESS or other is NO_ADDRESS:
        return None
    if one.door_key and one.door_key == other.door_key:
        if one.floor and other.floor:
            return "whole" if one.floor == other.floor else "other-floor"
        return "whole" if one.full_key == other.full_key else "door"
    if one.district and other.district:
        if one.district != other.district:
            return "elsewhere"
        return "road" if one.road_key and one.road_key == other.road_key else "district"
    if one.county and other.county and one.county != other.county:
        return "elsewhere"
    if one.loose_key and one.loose_key == other.loose_key:
        return "loose-door"
    return None


# Comparison -> (its function, its levels). The order is the order of the reasons.
COMPARISONS: Final[dict[str, tuple[LevelOf, tuple[str, ...]]]] = {
    "national_id": (national_id_level, ("same", "near", "near-valid", "not-near", "other")),
    "name": (
        name_level,
        (
            *("same-everyday", "same-common", "same-usual", "same-rare", "same-singular"),
            *("sound-everyday", "sound-common", "sound-usual", "sound-rare", "sound-singular"),
            *("near-sound", "look-alike", "given", "given-sound", "surname-nickname", "nickname"),
            *("nickname-sound", "one-character", "one-missing", "name-part", "masked", "surname"),
            *("latin", "latin-part"),
            *("surname-only", "other-nickname", "different"),
        ),
    ),
    "birth": (
        birth_level,
        (
            *("day", "month", "year", "day-slip", "month-day", "year-other-day", "near-year"),
            *("few-years", "other-year", "age-1", "age-3", "age-6", "age-10", "age-impossible"),
        ),
    ),
    "sex": (sex_level, ("same", "different")),
    "phone": (phone_level, ("same", "local", "other")),
    "address": (
        address_level,
        (
            *("whole", "door", "loose-door", "other-floor", "previous-door", "road"),
            *("district", "elsewhere"),
        ),
    ),
}
