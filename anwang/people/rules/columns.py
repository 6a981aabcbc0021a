"""Normal forms as columns of whole numbers: what every engine compares.

One row for each record. Text becomes a signed 32-bit number: two texts share one in four milliards
of comparisons, and candidates share a 64-bit key besides. 0 says that the record does not tell.
Lists have a fixed width and are padded with 0.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from anwang.people.rules.addresses import NO_ADDRESS, Address
from anwang.people.rules.characters import coarse, sound
from anwang.people.rules.forms import Forms
from anwang.people.rules.phones import MOST_PHONES, local_part

GIVEN_SIGNS: Final = 4
MASKED_SIGNS: Final = 5
LATIN_TOKENS: Final = 8
NEAR_NUMBERS: Final = 32
HIDDEN: Final = -1  # a character that is masked
MALE: Final = 1
FEMALE: Final = 2
_SEX: Final = {"M": MALE, "F": FEMALE}
_LOCAL_BELOW: Final = 100_000_000  # numbers of up to eight figures may lack their area code
_MOBILE_AREA: Final = 9

_ADDRESS: Final = ("county", "district", "floor", "full", "door", "loose", "road")
_SCALARS: Final = (
    "surname", "given", "sounds", "coarse", "given_sounds", "nickname", "nickname_sound",
    "latin", "latin_letters", *_ADDRESS, *(f"former_{one}" for one in _ADDRESS),
)  # fmt: skip
_SMALL: Final = (
    "given_length", "latin_length", "folded_length", "masked", "common", "year", "month", "day",
    "about_year", "sex", "asks_near",
)  # fmt: skip
_LISTS: Final = {
    "given_signs": GIVEN_SIGNS,
    "given_sound_signs": GIVEN_SIGNS,
    "folded_signs": MASKED_SIGNS,
    "latin_tokens": LATIN_TOKENS,
    "phones": MOST_PHONES,
    "local_phones": MOST_PHONES,
    "phone_ends": 2 * MOST_PHONES,
}
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
_NO_NEAR: Final = (0,)

Row: TypeAlias = Any
"""The columns of one record by name; lists as tuples. Made by `row_of` and `unpack`."""
_named: Any = namedtuple  # its names are the columns, which no type checker reads
_Row = _named("_Row", (*(STORED.names or ()), "near"))


def row_of(forms: Forms) -> Row:
    """The columns of one record or question, `near` included."""
    return _Row(*_columns(forms), tuple(map(_token, forms.id_near)) or _NO_NEAR)


def pack(forms: Forms) -> bytes:
    """A record's columns as it is stored: little-endian, `STORED` without padding."""
    flat: list[int] = []
    for value in _columns(forms):
        if isinstance(value, tuple):
            flat.extend(value)
        else:
            flat.append(value)
    return _PACKED.pack(*flat)


def unpack(packed: bytes) -> Row:
    """The row that `pack` gave. Raises struct.error for bytes of another version's width."""
    flat = _PACKED.unpack(packed)
    return _Row(*flat[:_HEAD], *[flat[begin:end] for begin, end in _ENDS], _NO_NEAR)


def rows_of(many: Iterable[Forms]) -> npt.NDArray[np.void]:
    """Stored columns, one row for each of `many`, in their order."""
    return np.array([_columns(forms) for forms in many], dtype=STORED)


def asked_of(many: Sequence[Forms]) -> npt.NDArray[np.void]:
    """Columns of those who are asked about: stored columns and the valid neighbours of a number."""
    return np.array(
        [(*_columns(one), _padded(map(_token, one.id_near), NEAR_NUMBERS)) for one in many],
        dtype=ASKED,
    )


def by_name(rows: npt.NDArray[np.void]) -> Mapping[str, npt.NDArray[Any]]:
    """The columns of many rows, each in one piece of memory."""
    return {name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()}


def _columns(forms: Forms) -> tuple[Any, ...]:
    surname_length = len(forms.surname)
    told = bool(forms.given and forms.surname and not forms.name_masked)
    sounds = forms.name_sound
    given_sounds = sounds[surname_length:]
    return (
        _token(forms.id_token),
        _text(forms.surname),
        _text(forms.given),
        _text(" ".join(sounds)) if told else 0,
        _text(" ".join([coarse(one) for one in sounds])) if told else 0,
        _text(" ".join(given_sounds)) if forms.given else 0,
        _text(forms.nickname),
        _text(sound(forms.nickname)) if len(forms.nickname) == 1 else 0,
        _text(" ".join(forms.latin)),
        _text("".join(sorted("".join(forms.latin)))),
        *_address(forms.address),
        *_address(forms.prev_address),
        len(forms.given),
        len(forms.latin),
        len(forms.name_folded),
        forms.name_masked,
        forms.name_common,
        forms.year or 0,
        forms.month or 0,
        forms.day or 0,
        forms.about_year or 0,
        _SEX.get(forms.sex, 0),
        bool(forms.id_near),
        _padded(map(_text, forms.given), GIVEN_SIGNS),
        _padded(map(_text, given_sounds), GIVEN_SIGNS),
        _padded(map(_sign, forms.name_folded), MASKED_SIGNS),
        _padded(map(_text, forms.latin), LATIN_TOKENS),
        _padded((_text(str(one)) for one in forms.phones), MOST_PHONES),
        _padded((one for one in forms.phones if one < _LOCAL_BELOW), MOST_PHONES),
        _padded(_ends(forms.phones), 2 * MOST_PHONES),
    )


def _ends(phones: Iterable[int]) -> Iterable[int]:
    """The last seven and eight figures of whole landline numbers: what is told without the area."""
    for one in phones:
        if one >= _LOCAL_BELOW and one // _LOCAL_BELOW != _MOBILE_AREA:
            yield local_part(one)
            yield one % _LOCAL_BELOW


def _address(one: Address) -> tuple[int, ...]:
    if one is NO_ADDRESS:
        return (0,) * len(_ADDRESS)
    keys = (one.full_key, one.door_key, one.loose_key, one.road_key)
    return (_text(one.county), _text(one.district), _text(one.floor), *map(_short, keys))


def _short(key: int) -> int:
    """The lower 32 bits of a key, signed; 0 stays 0 and nothing else becomes it."""
    if key == 0:
        return 0
    low = key & 0xFFFFFFFF
    return (low - 0x1_0000_0000 if low >= 0x8000_0000 else low) or 1


def _padded(numbers: Iterable[int], width: int) -> tuple[int, ...]:
    found = tuple(numbers)[:width]
    return found + (0,) * (width - len(found))


def _token(token: bytes | None) -> int:
    return 0 if token is None else int.from_bytes(token[:8], "big", signed=True)


def _sign(one: str) -> int:
    return HIDDEN if one == "*" else ord(one)


@lru_cache(maxsize=262_144)
def _text(text: str) -> int:
    if not text:
        return 0
    digest = blake2b(text.encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest, "little", signed=True) or 1
