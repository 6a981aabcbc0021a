"""Descriptions of persons as reports give them, each with the kind of its trouble and the truth.

Shares in `KINDS` are of all questions. 40 % carry no number, right, wrong or masked; whoever is
`absent` is described like the others, half of them at a door of somebody who is in the register.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any, Final

import numpy as np
import pyarrow as pa

from benchmarks.harness import AS_OF
from benchmarks.population.doors import told as told_door
from benchmarks.population.people import BLOCK, People, blocks_of, people_of
from benchmarks.population.slips import (
    has_near_sound,
    masked,
    near_sound,
    one_missing,
    with_married_prefix,
    wrong_letter,
)
from demo.addresses import Address
from demo.slips import (
    homophone,
    nickname,
    one_slip,
    variant,
    written_address,
    written_birth,
    written_phone,
)

COLUMNS: Final = ("query_id", "national_id", "name", "name_romanised", "birth", "sex", "phone",
                  "address", "kind", "person")  # fmt: skip
# kind: (share of the questions, share of these that carry a number)
KINDS: Final[dict[str, tuple[float, float]]] = {
    "exact": (0.10, 1.0),
    "id-slip": (0.13, 1.0),
    "masked-id": (0.04, 1.0),
    "wrong-letter": (0.03, 1.0),
    "homophone": (0.10, 0.5),
    "near-sound": (0.04, 0.4),
    "missing-character": (0.03, 0.4),
    "married-prefix": (0.02, 0.5),
    "old-address": (0.07, 0.35),
    "missing-id": (0.09, 0.0),
    "nickname": (0.05, 0.0),
    "romanised": (0.03, 0.5),
    "indigenous": (0.03, 0.5),
    "twins": (0.02, 0.35),
    "newborn-without-name": (0.02, 0.0),
    "absent": (0.20, 0.755),
}
_MOST_BLOCKS: Final = 250
_LIKE_PRESENT: Final = ("exact", "id-slip", "masked-id", "wrong-letter", "homophone", "near-sound",
                        "missing-character", "old-address", "missing-id", "nickname")  # fmt: skip
_MARRIED_FROM: Final = 25


@dataclass(frozen=True, slots=True)
class Told:
    """One person as somebody who knows them would tell, before anything goes wrong."""

    number: int
    name: str
    romanised: str
    national_id: str
    female: bool
    born: date
    phone: str
    lives: Address
    registered: Address
    former: Address | None

    @property
    def age(self) -> int:
        """Whole years on the day of the register."""
        return (
            AS_OF.year
            - self.born.year
            - ((AS_OF.month, AS_OF.day) < (self.born.month, self.born.day))
        )


Row = dict[str, Any]


def queries(seed: int, persons: int, count: int) -> pa.Table:
    """`count` questions to a register of so many persons, in the columns of `COLUMNS`."""
    stream = Random(f"{seed}:questions:{persons}:{count}")
    blocks = list(blocks_of(persons))
    if len(blocks) > _MOST_BLOCKS:
        blocks = sorted(stream.sample(blocks, _MOST_BLOCKS))
    kinds = stream.choices(list(KINDS), [share for share, _ in KINDS.values()], k=count)
    shares = [len(part) for part in np.array_split(np.arange(count), len(blocks))]
    stream.shuffle(shares)
    rows: list[Row] = []
    for block, share in zip(blocks, shares, strict=True):
        asked = kinds[len(rows) : len(rows) + share]
        rows += _of_block(seed, persons, block, asked, stream)
    stream.shuffle(rows)
    for place, row in enumerate(rows, start=1):
        row["query_id"] = f"Q{place:07d}"
    schema = pa.schema(
        [(name, pa.int64() if name == "person" else pa.string()) for name in COLUMNS]
    )
    return pa.Table.from_pylist([{name: row.get(name) for name in COLUMNS} for row in rows], schema)


def _of_block(seed: int, persons: int, block: int, kinds: list[str], stream: Random) -> list[Row]:
    people = people_of(seed, block)
    inside = np.flatnonzero(people.number < persons)
    fitting = {kind: inside[mask[inside]].tolist() for kind, mask in _who(people).items()}
    rows = []
    for kind in kinds:
        if kind == "absent":
            rows.append(_absent(seed, persons, people, inside, stream))
            continue
        whom = stream.choice(fitting.get(kind) or inside.tolist())
        rows.append(_asked(_told(people, whom, stream), kind, KINDS[kind][1], stream))
    return rows


def _who(people: People) -> dict[str, Any]:
    """Of whom a kind can be told; everybody who has a name where it says nothing else."""
    twin = people.homes.twin >= 0
    either = twin | np.roll(twin, -1)
    named = (people.names.legal != "") & ~people.unnamed
    traditional = people.homes.indigenous & (people.names.romanised != "")
    plain = named & ~people.names.indigenous
    at_least_some = dict.fromkeys(KINDS, plain)
    return at_least_some | {
        "near-sound": plain & np.array([has_near_sound(name) for name in people.names.legal]),
        "missing-character": plain & np.array([len(name) > 2 for name in people.names.legal]),
        "married-prefix": plain
        & people.homes.female
        & (people.ages >= _MARRIED_FROM)
        & np.array([len(name) < 4 for name in people.names.legal]),
        "old-address": plain & (people.former["number"] > 0),
        "romanised": people.names.abroad & (people.names.romanised != "") & ~people.unnamed,
        "indigenous": traditional & ~people.unnamed,
        "twins": either & named,
        "newborn-without-name": people.unnamed,
    }


def _told(people: People, at: int, stream: Random) -> Told:
    moved = people.former["number"][at] > 0
    name = people.names.legal[at]
    if people.unnamed[at]:
        mother = people.names.legal[people.homes.mother[at]]
        child = "女" if people.homes.female[at] else "子"
        name = f"{mother}之{child}" if mother and stream.random() < 0.7 else ""
    return Told(
        number=int(people.number[at]),
        name=name,
        romanised=people.names.romanised[at],
        national_id=people.ids[at],
        female=bool(people.homes.female[at]),
        born=date.fromordinal(int(people.born[at])),
        phone=people.phones[at] or people.landlines[at],
        lives=told_door(people.lives[at]),
        registered=told_door(people.registered[at]),
        former=told_door(people.former[at]) if moved else None,
    )


def _absent(seed: int, persons: int, people: People, inside: Any, stream: Random) -> Row:
    """Somebody from behind the end of the register; half of them among people who are in it."""
    beyond = people_of(seed, -(-persons // BLOCK) + stream.randrange(1, 4))
    whom = stream.choice(np.flatnonzero((beyond.names.legal != "") & ~beyond.unnamed).tolist())
    told = _told(beyond, whom, stream)
    if stream.random() < 0.5:
        near = _told(people, stream.choice(inside.tolist()), stream)
        name = told.name
        if stream.random() < 0.4 and "·" not in name + near.name and near.name:
            name = near.name[0] + name[1:]
        told = Told(told.number, name, told.romanised, told.national_id, told.female, told.born,
                    told.phone, near.lives, near.registered, near.former)  # fmt: skip
    kind = stream.choices(_LIKE_PRESENT, [KINDS[one][0] for one in _LIKE_PRESENT])[0]
    return _asked(told, kind, KINDS["absent"][1], stream) | {"kind": "absent", "person": None}


def _asked(told: Told, kind: str, numbered: float, stream: Random) -> Row:
    row = _ASKED[kind](told, stream)
    row |= {"kind": kind, "person": told.number}
    if stream.random() < numbered:
        writing = _NUMBERS.get(kind) or (one_slip if stream.random() < 0.1 else _as_it_is)
        row["national_id"] = writing(told.national_id, stream)
    else:
        row.pop("national_id", None)
        _enough(row, told, stream)
    return row


def _as_it_is(number: str, stream: Random) -> str:
    return number


_NUMBERS: Final[dict[str, Callable[[str, Random], str]]] = {
    "exact": _as_it_is, "id-slip": one_slip, "masked-id": masked, "wrong-letter": wrong_letter,
}  # fmt: skip


def _enough(row: Row, told: Told, stream: Random) -> None:
    """Without a number at least two of birth, phone and address are told."""
    missing = [name for name in ("birth", "phone", "address") if not row.get(name)]
    stream.shuffle(missing)
    while missing and len([name for name in ("birth", "phone", "address") if row.get(name)]) < 2:
        name = missing.pop()
        if name == "phone":
            row["phone"] = written_phone(told.phone, stream) if told.phone else ""
        else:
            row[name] = _birth(told, stream) if name == "birth" else _address(told, stream)


def _birth(told: Told, stream: Random, precision: str = "") -> str:
    return written_birth(told.born, stream, AS_OF, precision)


def _address(told: Told, stream: Random) -> str:
    return written_address(told.lives if stream.random() < 0.6 else told.registered, stream)


def _some(
    told: Told, stream: Random, birth: float, sex: float, phone: float, address: float
) -> Row:
    """What else is told, each with its share."""
    row: Row = {}
    if stream.random() < birth:
        row["birth"] = _birth(told, stream)
    if stream.random() < sex:
        row["sex"] = "F" if told.female else "M"
    if told.phone and stream.random() < phone:
        row["phone"] = written_phone(told.phone, stream)
    if stream.random() < address:
        row["address"] = _address(told, stream)
    return row


def _exact(told: Told, stream: Random) -> Row:
    return {"name": told.name, "birth": _birth(told, stream, "day"),
            "sex": "F" if told.female else "M"} | _some(told, stream, 0, 0, 0.4, 0.3)  # fmt: skip


def _id_slip(told: Told, stream: Random) -> Row:
    name = homophone(told.name, stream) if stream.random() < 0.15 else told.name
    return {"name": name} | _some(told, stream, 0.6, 0.6, 0.2, 0.3)


def _heard(*ways: tuple[float, Callable[[str, Random], str]]) -> Callable[[Told, Random], Row]:
    """A name written in one of some ways, each with its share."""

    def asked(told: Told, stream: Random) -> Row:
        (write,) = stream.choices([way for _, way in ways], [share for share, _ in ways])
        return {"name": write(told.name, stream)} | _some(told, stream, 0.85, 0.9, 0.3, 0.5)

    return asked


def _old_address(told: Told, stream: Random) -> Row:
    row = {"name": told.name} | _some(told, stream, 0.8, 0.8, 0.15, 0)
    row["address"] = written_address(told.former or told.registered, stream)
    return row


def _missing_id(told: Told, stream: Random) -> Row:
    name = homophone(told.name, stream) if stream.random() < 0.12 else told.name
    return {"name": name} | _some(told, stream, 0.75, 0.75, 0.45, 0.6)


def _nickname(told: Told, stream: Random) -> Row:
    row = {"name": nickname(told.name, stream, told.age)}
    row |= _some(told, stream, 0.8, 0.9, 0.5, 0)
    row["address"] = _address(told, stream)
    return row


def _romanised(told: Told, stream: Random) -> Row:
    parts = told.romanised.split()
    if stream.random() < 0.5:
        parts = parts[1:] + parts[:1]
    text = " ".join(parts)
    row = {"name": stream.choice([text, text.title(), text.lower()])}
    return row | _some(told, stream, 0.8, 0.9, 0.4, 0.5)


def _indigenous(told: Told, stream: Random) -> Row:
    name = told.name
    roll = stream.random()
    if roll < 0.35:
        name = told.romanised.replace("·", stream.choice([" ", "·", "-"]))
    elif roll < 0.6:
        name = name.replace("·", stream.choice(["", " ", "．"]))
    return {"name": name} | _some(told, stream, 0.8, 0.9, 0.35, 0.6)


def _twin(told: Told, stream: Random) -> Row:
    row = {"name": told.name, "birth": _birth(told, stream, "day")}
    return row | _some(told, stream, 0, 0.8, 0.3, 0.7)


def _newborn(told: Told, stream: Random) -> Row:
    row = {"name": told.name, "birth": _birth(told, stream, "day")}
    row |= _some(told, stream, 0, 1, 0.5, 0)
    row["address"] = _address(told, stream)
    return row


_ASKED: Final[dict[str, Callable[[Told, Random], Row]]] = {
    "exact": _exact, "id-slip": _id_slip, "masked-id": _id_slip, "wrong-letter": _id_slip,
    "homophone": _heard((0.8, homophone), (0.2, variant)), "near-sound": _heard((1, near_sound)),
    "missing-character": _heard((1, one_missing)),
    "married-prefix": _heard((1, with_married_prefix)), "old-address": _old_address,
    "missing-id": _missing_id, "nickname": _nickname, "romanised": _romanised,
    "indigenous": _indigenous, "twins": _twin, "newborn-without-name": _newborn,
}  # fmt: skip
