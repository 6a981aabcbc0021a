"""Normal forms of what identifies a person: what is stored, keyed and compared, never shown as
the truth.

The national ID is only here as a token (the caller's HMAC): a plain number leaves `forms_of` with
nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter
from typing import Any, Final

from anwang.common.values.figures import without_fraction
from anwang.common.values.national_id import ParsedId, parse_id, sex_of, valid_neighbours
from anwang.common.values.phones import parse_phones
from anwang.common.values.roc_dates import PartialDate, parse_birth
from anwang.people.rules.addresses import NO_ADDRESS, Address, parse_address
from anwang.people.rules.names import ParsedName, parse_name

Raw = Mapping[str, Any]
Token = Callable[[str], bytes]

# An age told without the day it was told counts from this year (the year of the model's
# evaluation).
YEAR_WITHOUT_A_DAY: Final = 2026
_SEXES: Final = {
    "F": "F",
    "M": "M",
    "X": "X",
    "女": "F",
    "男": "M",
    "女性": "F",
    "男性": "M",
    "2": "F",
    "1": "M",
}


_WHOLE_WITHOUT_SURNAME: Final = 4  # signs; a shorter given name may lack its surname


@dataclass(frozen=True, slots=True)
class Forms:
    """One person as one record or query tells it.

    `name` as written. `sounds` has one toneless syllable for each character of `surname` + `given`;
    `name_parts` are as `ParsedName` has them.
    `about_year` is the year of birth an approximate age points to. `id_token` is set for
    checksum-valid numbers only; `id_near` (queries only) has the tokens of the valid numbers one
    slip away, or that a masked one may be.
    """

    name: str = ""
    name_folded: str = ""
    name_sound: tuple[str, ...] = ()
    surname: str = ""
    given: str = ""
    nickname: str = ""
    name_parts: tuple[str, ...] = ()
    latin: tuple[str, ...] = ()
    name_masked: bool = False
    year: int | None = None
    month: int | None = None
    day: int | None = None
    approx_age: int | None = None
    about_year: int | None = None
    sex: str = ""
    id_token: bytes | None = None
    id_near: tuple[bytes, ...] = ()
    phones: tuple[int, ...] = ()
    address: Address = NO_ADDRESS
    prev_address: Address = NO_ADDRESS

    def pack(self) -> dict[str, Any]:
        """JSON-able with short keys; what is empty is left out; tokens as hex."""
        packed: dict[str, Any] = {
            short: value
            for short, value in zip(_SHORT, _packed_fields(self), strict=True)
            if value or (value == 0 and value is not False)
        }
        for short in _LISTS & packed.keys():
            packed[short] = list(packed[short])
        if self.id_token is not None:
            packed["i"] = self.id_token.hex()
        if self.id_near:
            packed["in"] = [token.hex() for token in self.id_near]
        if self.address is not NO_ADDRESS and self.address != NO_ADDRESS:
            packed["a"] = _pack_address(self.address)
        if self.prev_address is not NO_ADDRESS and self.prev_address != NO_ADDRESS:
            packed["pa"] = _pack_address(self.prev_address)
        return packed

    @classmethod
    def unpack(cls, packed: Mapping[str, Any]) -> "Forms":
        """The forms that `pack` gave; unknown keys are left aside."""
        fields: dict[str, Any] = {}
        for short, value in packed.items():
            if field := _SHORT.get(short):
                fields[field] = tuple(value) if isinstance(value, list) else value
        if "i" in packed:
            fields["id_token"] = bytes.fromhex(packed["i"])
        if "in" in packed:
            fields["id_near"] = tuple(bytes.fromhex(token) for token in packed["in"])
        if "a" in packed:
            fields["address"] = _unpack_address(packed["a"])
        if "pa" in packed:
            fields["prev_address"] = _unpack_address(packed["pa"])
        return cls(**fields)


_SHORT: Final = {
    "n": "name",
    "f": "name_folded",
    "s": "name_sound",
    "sn": "surname",
    "g": "given",
    "k": "nickname",
    "np": "name_parts",
    "l": "latin",
    "nm": "name_masked",
    "y": "year",
    "m": "month",
    "d": "day",
    "ag": "approx_age",
    "ay": "about_year",
    "x": "sex",
    "p": "phones",
}
_LISTS: Final = frozenset({"s", "np", "l", "p"})
_packed_fields: Final = attrgetter(*_SHORT.values())
_ADDRESS_FIELDS: Final = (
    "county",
    "district",
    "village",
    "road",
    "section",
    "lane",
    "alley",
    "number",
    "floor",
    "full_key",
    "door_key",
    "loose_key",
    "road_key",
)


_address_fields: Final = attrgetter(*_ADDRESS_FIELDS)


def _pack_address(address: Address) -> list[str | int]:
    return list(_address_fields(address))


def _unpack_address(packed: list[Any]) -> Address:
    return Address(*packed)


def forms_of(
    raw: Raw,
    *,
    token: Token,
    query: bool = False,
    told_on: date | None = None,
    known_token: bytes | None = None,
) -> Forms:
    """Normal forms of the identifying columns of `raw` (docs/formats, "Columns that identify a
    person").

    `raw` may hold `birth` as free text. `token` turns a normal number into its HMAC. `query`
    fills `id_near`. `told_on` is the day an age was told (the report's or delivery's). Where only
    the token of a number is left (a stored record), it comes as `known_token`. Garbage in a column
    leaves that column empty; never an error.
    """
    name = parse_name(raw.get("name"), raw.get("name_romanised"))
    birth = birth_told(raw, told_on)
    typed_id = raw.get("national_id")
    parsed_id = parse_id(typed_id) if typed_id else None
    id_token = token(parsed_id.normal) if parsed_id and parsed_id.valid else known_token
    near: tuple[bytes, ...] = ()
    if query and typed_id:
        near = tuple([token(number) for number in valid_neighbours(typed_id)])
    return Forms(
        name=_as_written(raw, name),
        name_folded=name.folded,
        name_sound=name.sounds,
        surname=name.surname,
        given=name.given,
        nickname=name.nickname,
        name_parts=name.parts,
        latin=name.latin,
        name_masked=name.masked,
        year=birth.year,
        month=birth.month,
        day=birth.day,
        approx_age=birth.approximate_age,
        about_year=about_year(birth, told_on),
        sex=sex_told(raw.get("sex"), parsed_id),
        id_token=id_token,
        id_near=near,
        phones=parse_phones(raw.get("phone"), raw.get("phone_2")),
        address=parse_address(raw.get("address")),
        prev_address=parse_address(raw.get("previous_address")),
    )


def is_whole(told: Forms) -> bool:
    """Whether a name is told whole: a surname and a given name, or a traditional name without one."""
    return bool(
        told.given
        and not told.name_masked
        and (told.surname or len(told.given) >= _WHOLE_WITHOUT_SURNAME)
    )


def without_id(forms: Forms) -> Forms:
    """The same forms with nothing of the national ID, for places that may not hold its token."""
    return replace(forms, id_token=None, id_near=())


def _as_written(raw: Raw, name: ParsedName) -> str:
    """The name as a person reads it: as told where it is one, in whatever letters, else romanised."""
    written, romanised = raw.get("name"), raw.get("name_romanised")
    if isinstance(written, str) and (name.folded or parse_name(written).latin):
        return _storable(written)
    return _storable(romanised) if isinstance(romanised, str) and name.latin else ""


def _storable(written: str) -> str:
    """`written` without what no database stores: NUL and half characters."""
    if written.isprintable():
        return written
    return written.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def sex_told(written: object, number: ParsedId | None) -> str:
    """The sex as told, else the one that a valid number carries."""
    sex = _SEXES.get(str(written or "").strip().upper()[:4], "")
    if not sex and number is not None and number.valid:
        return sex_of(number.normal) or ""
    return sex


def about_year(birth: PartialDate, told_on: date | None) -> int | None:
    """The year of birth that an age points to; None where no age is told."""
    if birth.approximate_age is None:
        return None
    return (told_on.year if told_on else YEAR_WITHOUT_A_DAY) - birth.approximate_age


def birth_told(raw: Raw, told_on: date | None = None) -> PartialDate:
    """The birth from whichever column tells it: the date, the free text, or the parts.

    A birth later than the year after `told_on` (a child expected) is a slip that tells nothing.
    """
    birth = _birth_written(raw)
    if told_on is not None and birth.year is not None and birth.year > told_on.year + 1:
        return _UNTOLD
    return birth


def _birth_written(raw: Raw) -> PartialDate:
    for column in ("birth_date", "birth"):
        if typed := raw.get(column):
            read = parse_birth(typed)
            if read.year is not None or read.approximate_age is not None:
                return read
    parts = [_whole(raw.get(column)) for column in ("birth_year", "birth_month", "birth_day")]
    if parts[0] is None:
        return _UNTOLD
    year = parts[0] if parts[0] >= 1000 else parts[0] + 1911
    return parse_birth(f"{year}-{parts[1] or 0}-{parts[2] or 0}")


_UNTOLD: Final = PartialDate(None, None, None, None, "")


def _whole(value: object) -> int | None:
    """`value` as a small whole number, or None."""
    if isinstance(value, float) and value == value and abs(value) < 10000:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < 10000 else None
    if isinstance(value, str):
        plain = without_fraction(value).strip()
        return int(plain) or None if plain.isdecimal() and len(plain) <= 4 else None
    return None
