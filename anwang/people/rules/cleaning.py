"""Columns and keys of many records at once: what `forms_of`, `pack` and `blocking_keys` give for each.

Nothing is told a second time: the same functions take apart every name, birth, address and phone,
but each distinct text once a batch, and their columns are spread over the rows with NumPy. Forms
are never made (tests/people/test_cleaning.py holds this to them).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from anwang.common.values.national_id import NO_ID, parse_id
from anwang.common.values.phones import parse_phones
from anwang.people.rules.addresses import NO_ADDRESS, parse_address
from anwang.people.rules.columns import (
    ADDRESS_COLUMNS,
    NAME_COLUMNS,
    PHONE_COLUMNS,
    SEX_COLUMN,
    STORED,
    address_columns,
    name_columns,
    phone_columns,
    token_column,
)
from anwang.people.rules.forms import Forms, Token, about_year, birth_told, sex_told
from anwang.people.rules.keys import blocking_keys
from anwang.people.rules.name_shares import NameShares
from anwang.people.rules.names import parse_name

Table = Mapping[str, Sequence[Any]]
"""Column -> cells, all of one length; columns as in docs/formats. A missing column tells nothing."""
_READ_ALIKE: Final = {str, int, type(None)}
_BIRTH: Final = ("birth_date", "birth", "birth_year", "birth_month", "birth_day")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Records ready to compare. `rows`: one of `STORED` each, in order. `keys`: the blocking keys
    of all of them, one record after another; `of` has the row's place for each key.
    """

    rows: npt.NDArray[np.void]
    keys: npt.NDArray[np.int64]
    of: npt.NDArray[np.uint32]


@dataclass(slots=True)
class _Told:
    """What the keys of one record are made of, under the names `Forms` has for it."""

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
    id_token: bytes | None = None
    phones: tuple[int, ...] = ()
    address: Any = NO_ADDRESS
    prev_address: Any = NO_ADDRESS


def clean(
    table: Table, *, token: Token, told_on: date | None = None, shares: NameShares | None = None
) -> Cleaned:
    """Columns and keys of every row. Garbage in a cell leaves its columns empty; never an error.

    `shares`: how common names are where the model was trained; as shipped without. Give batches of
    some ten thousand rows: every distinct text of a batch is kept until its end.
    """
    with _unhurried():
        return _clean(table, token, told_on, shares)


@contextmanager
def _unhurried() -> Iterator[None]:
    """Without looking for garbage: hundreds of thousands of small things are made, none in a ring."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _clean(table: Table, token: Token, told_on: date | None, shares: NameShares | None) -> Cleaned:
    count = max((len(cells) for cells in table.values()), default=0)
    rows = np.zeros(count, dtype=STORED)

    def cells(column: str) -> Sequence[Any]:
        return table.get(column) or [None] * count

    names = _spread(
        rows, NAME_COLUMNS, [cells("name"), cells("name_romanised")], partial(_name, shares=shares)
    )
    births = _births(rows, table, count, told_on)
    phones = _spread(rows, PHONE_COLUMNS, [cells("phone"), cells("phone_2")], _phones)
    addresses = _spread(rows, ADDRESS_COLUMNS, [cells("address")], _address)
    former = _spread(
        rows, [f"former_{one}" for one in ADDRESS_COLUMNS], [cells("previous_address")], _address
    )
    tokens = _numbers(rows, cells("national_id"), cells("sex"), token)
    keys: list[int] = []
    lengths = []
    for told, birth, number, mine, address, earlier in zip(
        names, births, tokens, phones, addresses, former, strict=True
    ):
        told.year, told.month, told.day = birth
        told.id_token, told.phones = number, mine
        told.address, told.prev_address = address, earlier
        found = blocking_keys(cast(Forms, told))
        keys += found
        lengths.append(len(found))
    return Cleaned(
        rows,
        np.array(keys, dtype=np.int64),
        np.repeat(np.arange(count, dtype=np.uint32), lengths),
    )


def _spread(
    rows: npt.NDArray[np.void],
    columns: Sequence[str],
    given: Sequence[Sequence[Any]],
    read: Callable[..., tuple[Any, tuple[Any, ...]]],
) -> list[Any]:
    """Fill `columns` of all rows and give what was read of each one's cells (a sequence for each
    argument of `read`); equal cells are read once.
    """
    distinct = list(zip(*given, strict=True))
    where = list(range(len(distinct)))
    # Numbers of different kinds are equal though they do not read alike.
    if {type(cell) for cells in given for cell in cells} <= _READ_ALIKE:
        places: dict[Any, int] = {}
        where = [places.setdefault(cells, len(places)) for cells in distinct]
        distinct = list(places)
    made = [read(*cells) for cells in distinct]
    if made:
        of = np.array(where)
        for name, values in zip(columns, zip(*(one for _, one in made), strict=True), strict=True):
            rows[name] = np.array(values, dtype=rows.dtype[name].base)[of]
    things = [thing for thing, _ in made]
    return [things[at] for at in where]


def _name(written: Any, romanised: Any, shares: NameShares | None) -> tuple[_Told, tuple[Any, ...]]:
    name = parse_name(written, romanised)
    told = _Told(
        name.folded, name.sounds, name.surname, name.given, name.nickname, name.parts, name.latin,
        name.masked,
    )  # fmt: skip
    return told, name_columns(cast(Forms, told), shares)


def _phones(first: Any, second: Any) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    phones = parse_phones(first, second)
    return phones, phone_columns(phones)


def _address(written: Any) -> tuple[Any, tuple[int, ...]]:
    address = parse_address(written)
    return address, address_columns(address)


def _births(
    rows: npt.NDArray[np.void], table: Table, count: int, told_on: date | None
) -> list[tuple[int | None, int | None, int | None]]:
    given = [column for column in _BIRTH if table.get(column)]

    def read(*cells: Any) -> tuple[Any, tuple[int, ...]]:
        birth = birth_told(dict(zip(given, cells, strict=True)), told_on)
        told = (birth.year, birth.month, birth.day)
        return told, (*(part or 0 for part in told), about_year(birth, told_on) or 0)

    if not given:
        return [(None, None, None)] * count
    columns = [table[column] for column in given]
    return _spread(rows, ("year", "month", "day", "about_year"), columns, read)


def _numbers(
    rows: npt.NDArray[np.void], ids: Sequence[Any], sexes: Sequence[Any], token: Token
) -> list[bytes | None]:
    tokens: list[bytes | None] = []
    columns = []
    told_sexes = []
    for typed, sex in zip(ids, sexes, strict=True):
        parsed = parse_id(typed) if typed else NO_ID
        mine = token(parsed.normal) if parsed.valid else None
        tokens.append(mine)
        columns.append(token_column(mine))
        told_sexes.append(SEX_COLUMN.get(sex_told(sex, parsed), 0))
    rows["id"], rows["sex"] = columns, told_sexes
    return tokens
