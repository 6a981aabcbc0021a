"""Normal forms as columns of whole numbers: what every engine compares.

One row for each record. Text becomes a signed 32-bit number: two texts share one in four milliards
of comparisons, and candidates share a 64-bit key besides. 0 says that the record does not tell.
Lists have a fixed width and are padded with 0.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from anwang.common.values.phones import MOST_PHONES, local_part
from anwang.people.rules.addresses import NO_ADDRESS, Address
from anwang.people.rules.characters import coarse_text, shape, sound
from anwang.people.rules.forms import Forms, is_whole
from anwang.people.rules.name_shares import NameShares, shipped_shares

GIVEN_SIGNS: Final = 4
MASKED_SIGNS: Final = 5
LATIN_TOKENS: Final = 8
NAME_PARTS: Final = 4
NEAR_NUMBERS: Final = 32
HIDDEN: Final = -1  # a character that is masked
MALE: Final = 1
FEMALE: Final = 2
SEX_COLUMN: Final = {"M": MALE, "F": FEMALE}
_LOCAL_BELOW: Final = 100_000_000  # numbers of up to eight figures may lack their area code
_MOBILE_AREA: Final = 9

ADDRESS_COLUMNS: Final = ("county", "district", "floor", "full", "door", "loose", "road")
_SCALARS: Final = (
    "surname", "given", "sounds", "coarse", "given_sounds", "nickname", "nickname_sound",
    "latin", "latin_letters", "shape", *ADDRESS_COLUMNS, *(f"former_{one}" for one in ADDRESS_COLUMNS),
)  # fmt: skip
_SMALL: Final = (
    "given_length", "latin_length", "folded_length", "masked", "name_bits", "year", "month", "day",
    "about_year", "sex", "sound_bits",
)  # fmt: skip
_LISTS: Final = {
    "given_signs": GIVEN_SIGNS,
    "given_sound_signs": GIVEN_SIGNS,
    "folded_signs": MASKED_SIGNS,
    "latin_tokens": LATIN_TOKENS,
    "name_parts": NAME_PARTS,
    "phones": MOST_PHONES,
    "local_phones": MOST_PHONES,
    "phone_ends": 2 * MOST_PHONES,
}
_NAME_SCALARS: Final = 10
_NAME_LISTS: Final = 5
NAME_COLUMNS: Final = (
    *_SCALARS[:_NAME_SCALARS], *_SMALL[:5], "sound_bits", *list(_LISTS)[:_NAME_LISTS]
)  # fmt: skip
PHONE_COLUMNS: Final = tuple(_LISTS)[_NAME_LISTS:]
_PLACES: Final = (*ADDRESS_COLUMNS, *(f"former_{one}" for one in ADDRESS_COLUMNS))
STORED: Final = np.dtype(
    [("id", "<i8")]
    + [(name, "<i4") for name in _SCALARS]
    + [(name, "<i2") for name in _SMALL]
    + [(name, "<i4", (width,)) for name, width in _LISTS.items()]
)
ASKED: Final = np.dtype([*STORED.descr, ("near", "<i8", (NEAR_NUMBERS,))])
_PACKED: Final = Struct(f"<q{len(_SCALARS)}i{len(_SMALL)}h{sum(_LISTS.values())}i")
_HEAD: Final = 1 + len(_SCALARS) + len(_SMALL)
_ENDS: Final = tuple(
    (_HEAD + sum(list(_LISTS.values())[:at]), _HEAD + sum(list(_LISTS.values())[: at + 1]))
    for at in range(len(_LISTS))
)
_NOTHING: Final = (0,) * NEAR_NUMBERS
# Of traditional names no count is shipped; parts are shared, whole names seldom (assumed).
_TRADITIONAL_BITS: Final = 16
# A way of calling (林君) is borne by as many as the commonest names.
_CALLED_BITS: Final = 13
_NO_NEAR: Final = (0,)


Row: TypeAlias = Any
"""The columns of one record by name; lists as tuples. Made by `row_of` and `unpack`."""
_named: Any = namedtuple  # its names are the columns, which no type checker reads
_Row = _named("_Row", (*(STORED.names or ()), "near"))


def row_of(forms: Forms, shares: NameShares | None = None) -> Row:
    """The columns of one record or question, `near` included. `shares`: how common names are where
    the model was trained; the shipped ones without.
    """
    near = tuple(map(token_column, forms.id_near)) or _NO_NEAR
    return _Row(*_columns(forms, shares), near)


def pack(forms: Forms) -> bytes:
    """A record's columns as it is stored: little-endian, `STORED` without padding."""
    flat: list[int] = []
    for value in _columns(forms, None):
        if isinstance(value, tuple):
            flat.extend(value)
        else:
            flat.append(value)
    return _PACKED.pack(*flat)


def unpack(packed: bytes) -> Row:
    """The row that `pack` gave. Raises struct.error for bytes of another version's width."""
    flat = _PACKED.unpack(packed)
    return _Row(*flat[:_HEAD], *[flat[begin:end] for begin, end in _ENDS], _NO_NEAR)


def without_places(row: Row) -> Row:
    """The same columns without any address or telephone: what may be compared of who is kept safe."""
    untold = dict.fromkeys(_PLACES, 0) | {name: (0,) * _LISTS[name] for name in PHONE_COLUMNS}
    return row._replace(**untold)


def rows_of(many: Iterable[Forms], shares: NameShares | None = None) -> npt.NDArray[np.void]:
    """Stored columns, one row for each of `many`, in their order."""
    return np.array([_columns(forms, shares) for forms in many], dtype=STORED)


def asked_of(many: Iterable[Forms], shares: NameShares | None = None) -> npt.NDArray[np.void]:
    """Columns of those who are asked about: stored columns and the valid neighbours of a number."""
    return np.array(
        [
            (*_columns(one, shares), _padded(map(token_column, one.id_near), NEAR_NUMBERS))
            for one in many
        ],
        dtype=ASKED,
    )  # fmt: skip


def by_name(rows: npt.NDArray[np.void]) -> Mapping[str, npt.NDArray[Any]]:
    """The columns of many rows, each in one piece of memory."""
    return {name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()}


def _columns(forms: Forms, shares: NameShares | None) -> tuple[Any, ...]:
    name = name_columns(forms, shares)
    phones = phone_columns(forms.phones)
    small = len(name) - _NAME_LISTS - 1
    return (
        token_column(forms.id_token),
        *name[:_NAME_SCALARS],
        *address_columns(forms.address),
        *address_columns(forms.prev_address),
        *name[_NAME_SCALARS:small],
        forms.year or 0,
        forms.month or 0,
        forms.day or 0,
        forms.about_year or 0,
        SEX_COLUMN.get(forms.sex, 0),
        *name[small:],
        *phones,
    )


def name_columns(told: Forms, shares: NameShares | None) -> tuple[Any, ...]:
    """What `NAME_COLUMNS` name, in their order. `shares`: how common names are; None: as shipped."""
    sounds = told.name_sound
    given_sounds = sounds[len(told.surname) :]
    whole = is_whole(told)
    shares = shares or shipped_shares()
    bits = shares.bits(told.surname, told.given, sounds) if whole else (0, 0)
    if whole and not told.surname:
        bits = (_TRADITIONAL_BITS, _TRADITIONAL_BITS)
    if told.nickname and told.nickname == told.surname:
        bits = min(bits[0], _CALLED_BITS), min(bits[1], _CALLED_BITS)
    return (
        _text(told.surname),
        _text(told.given),
        _text(" ".join(sounds)) if whole else 0,
        _text(coarse_text(sounds)) if whole else 0,
        _text(" ".join(given_sounds)) if told.given else 0,
        _text(told.nickname),
        _text(sound(told.nickname)) if len(told.nickname) == 1 else 0,
        _text(" ".join(told.latin)),
        _text("".join(sorted("".join(told.latin)))),
        _text(shape(told.name_folded)) if told.given and not told.name_masked else 0,
        len(told.given),
        len(told.latin),
        len(told.name_folded),
        told.name_masked,
        *bits,
        _padded(map(_text, told.given), GIVEN_SIGNS),
        _padded(map(_text, given_sounds), GIVEN_SIGNS),
        _padded(map(_sign, told.name_folded), MASKED_SIGNS),
        _padded(map(_text, told.latin), LATIN_TOKENS),
        _padded(map(_text, told.name_parts), NAME_PARTS),
    )


def phone_columns(phones: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """What `PHONE_COLUMNS` name, in their order."""
    return (
        _padded((_text(str(one)) for one in phones), MOST_PHONES),
        _padded((one for one in phones if one < _LOCAL_BELOW), MOST_PHONES),
        _padded(_ends(phones), 2 * MOST_PHONES),
    )


def _ends(phones: Iterable[int]) -> Iterable[int]:
    """The last seven and eight figures of whole landline numbers: what is told without the area."""
    for one in phones:
        if one >= _LOCAL_BELOW and one // _LOCAL_BELOW != _MOBILE_AREA:
            yield local_part(one)
            yield one % _LOCAL_BELOW


def address_columns(one: Address) -> tuple[int, ...]:
    """What `ADDRESS_COLUMNS` name, in their order."""
    if one is NO_ADDRESS:
        return (0,) * len(ADDRESS_COLUMNS)
    keys = (one.full_key, one.door_key, one.loose_key, one.road_key)
    return (_text(one.county), _text(one.district), _text(one.floor), *map(_short, keys))


def _short(key: int) -> int:
    """The lower 32 bits of a key, signed; 0 stays 0 and nothing else becomes it."""
    if key == 0:
        return 0
    low = key & 0xFFFFFFFF
    return (low - 0x1_0000_0000 if low >= 0x8000_0000 else low) or 1


def _padded(numbers: Iterable[int], width: int) -> tuple[int, ...]:
    return (*numbers, *_NOTHING)[:width]


def token_column(token: bytes | None) -> int:
    """The column `id` of a number's token."""
    return 0 if token is None else int.from_bytes(token[:8], "big", signed=True)


def _sign(one: str) -> int:
    return HIDDEN if one == "*" else ord(one)


@lru_cache(maxsize=262_144)
def _text(text: str) -> int:
    if not text:
        return 0
    digest = blake2b(text.encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest, "little", signed=True) or 1
