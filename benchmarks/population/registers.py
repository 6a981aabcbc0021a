"""The nation as its registries hold it: each with its own coverage, age of address, and mistakes.

| source | who | what is wrong with it |
|---|---|---|
| household-registration | all but foreigners | few slips; phones rare; one in 300 twice |
| health-insurance | all, foreigners too | older addresses and phones; some numbers wrong or missing |
| school | 6 to 21 years | a parent's phone; a tenth without a number |
| immunisation | under 7 years | newborns as somebody's child; told by ear |
| psychiatric-care | 4 % of the grown-up | a sixth without a number; names by ear; vague births |
| immigration-residence | foreigners | few slips; some addresses from before a move |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.population.doors import printed
from benchmarks.population.numbers import mixed, mobiles
from benchmarks.population.people import People, blocks_of, people_of
from demo.slips import homophone, swapped_digits, variant, wrong_digit

Numbers = npt.NDArray[Any]
COLUMNS: Final = ("record_key", "national_id", "name", "name_romanised", "sex", "birth_date",
                  "phone", "address", "previous_address")  # fmt: skip
TRUTH: Final = ("source", "record_key", "person", "household")


@dataclass(frozen=True, slots=True)
class Register:
    """How one source differs from the truth; shares between 0 and 1.

    `ages` whole years, the last excluded. `by_ear` and `by_shape` are slips of a name; `lived` is
    the share of addresses where the person really lives, `former` of those that are out of date.
    """

    letter: str
    coverage: float
    ages: tuple[int, int]
    foreigners: bool
    by_ear: float
    by_shape: float
    no_number: float
    wrong_number: float
    wrong_birth: float
    no_phone: float
    old_phone: float
    lived: float
    former: float
    old_names: float
    twice: float
    citizens: bool = True


_EVERYBODY = (0, 200)
SOURCES: Final[dict[str, Register]] = {
    "household-registration": Register(
        "H", 0.995, _EVERYBODY, False, 0.003, 0.006, 0.0005, 0.0015, 0.001, 0.60, 0.05, 0.0, 0.0,
        0.0, 0.003),
    "health-insurance": Register(
        "N", 0.985, _EVERYBODY, True, 0.012, 0.012, 0.006, 0.006, 0.004, 0.25, 0.10, 0.6, 0.08,
        0.5, 0.001),
    "school": Register(
        "S", 0.95, (6, 22), True, 0.015, 0.012, 0.10, 0.008, 0.006, 0.20, 0.08, 0.5, 0.05,
        0.6, 0.002),
    "immunisation": Register(
        "V", 0.93, (0, 7), True, 0.025, 0.010, 0.12, 0.010, 0.006, 0.10, 0.08, 0.85, 0.06,
        0.5, 0.002),
    "psychiatric-care": Register(
        "Y", 0.04, (15, 200), True, 0.035, 0.015, 0.16, 0.012, 0.012, 0.35, 0.15, 0.7, 0.15,
        0.6, 0.004),
    # The certificate tells where its holder is registered: whoever moves has thirty days to say so.
    "immigration-residence": Register(
        "R", 0.99, _EVERYBODY, True, 0.004, 0.006, 0.001, 0.002, 0.002, 0.35, 0.10, 0.0, 0.03,
        0.2, 0.002, citizens=False),
}  # fmt: skip


def registries(
    seed: int, persons: int, share: float = 1.0, sources: Iterable[str] = tuple(SOURCES)
) -> Iterator[tuple[str, pa.Table, pa.Table]]:
    """(source, records, truth) block by block. `share` lowers the coverage of every source."""
    for block in blocks_of(persons):
        for source in sources:
            yield source, *rows_of_block(seed, persons, block, source, share)


def rows_of_block(
    seed: int, persons: int, block: int, source: str, share: float = 1.0
) -> tuple[pa.Table, pa.Table]:
    """(records, truth) of one block in one source; persons from number `persons` on are not in."""
    people = people_of(seed, block)
    register = SOURCES[source]
    rng = np.random.default_rng([seed, block, 1 + list(SOURCES).index(source)])
    mine = _entered(rng, people, register, share)
    mine = mine[people.number[mine] < persons]
    mine = np.sort(np.concatenate([mine, mine[rng.random(len(mine)) < register.twice]]))
    columns = _columns(rng, people, register, seed, mine, Random(f"{seed}:{block}:{source}"))
    truth = pa.table({
        "source": pa.array([source] * len(mine)).dictionary_encode(),
        "record_key": columns["record_key"],
        "person": people.number[mine],
        "household": people.household[mine],
    })  # fmt: skip
    return pa.table(columns), truth


def _entered(rng: np.random.Generator, people: People, register: Register, share: float) -> Numbers:
    ages = people.ages
    inside = (ages >= register.ages[0]) & (ages < register.ages[1])
    if not register.foreigners:
        inside &= ~people.foreign
    if not register.citizens:
        inside &= people.foreign
    return np.flatnonzero(inside & (rng.random(len(people)) < register.coverage * share))


def _columns(
    rng: np.random.Generator, people: People, register: Register, seed: int, mine: Numbers,
    stream: Random,
) -> dict[str, list[str]]:  # fmt: skip
    def some(part: float) -> Numbers:
        return rng.random(len(mine)) < part

    by_ear, by_shape = some(register.by_ear), some(register.by_shape)
    names = _names(people, mine, by_ear, by_shape, stream, foreigners=register.foreigners)
    phones = _phones(people, mine, some(register.no_phone), some(register.old_phone), seed, rng)
    addresses, former = _addresses(people, mine, register, some)
    female = people.homes.female[mine].tolist()
    unwritten = some(0.004).tolist()
    return {
        "record_key": _keys(register, people.number[mine], mine, seed),
        "national_id": _ids(people, mine, register, some, stream),
        "name": names,
        "name_romanised": _romanised(people, mine, some(0.75)),
        "sex": ["" if blank else "F" if one else "M"
                for one, blank in zip(female, unwritten, strict=True)],
        "birth_date": _births(people.born[mine], some(register.wrong_birth), stream),
        "phone": phones,
        "address": addresses,
        "previous_address": former,
    }  # fmt: skip


def _keys(register: Register, numbers: Numbers, mine: Numbers, seed: int) -> list[str]:
    """A key of the source's own that tells nothing of the person's number; a second row has its
    own.
    """
    scrambled = (numbers * 387_420_489 + seed) % 1_000_000_007
    again = np.diff(mine, prepend=-1) == 0
    return [f"{register.letter}{key:010d}{'-D' if second else ''}"
            for key, second in zip(scrambled.tolist(), again.tolist(), strict=True)]  # fmt: skip


def _names(
    people: People, mine: Numbers, by_ear: Numbers, by_shape: Numbers, stream: Random, *,
    foreigners: bool,
) -> list[str]:  # fmt: skip
    names = people.names.legal[mine]
    for at in np.flatnonzero(people.unnamed[mine]):
        names[at] = unnamed_as(people, int(mine[at]), stream)
    for at in np.flatnonzero(by_ear):
        names[at] = homophone(names[at], stream) if names[at] else ""
    for at in np.flatnonzero(by_shape):
        names[at] = variant(names[at], stream) if names[at] else ""
    rare = np.flatnonzero([any(sign > "\u9fff" for sign in name) for name in names])
    for at in rare:
        if foreigners and stream.random() < 0.6:  # older systems cannot write it
            names[at] = "".join("○" if sign > "\u9fff" else sign for sign in names[at])
    found: list[str] = names.tolist()
    return found


def unnamed_as(people: People, at: int, stream: Random) -> str:
    """How a newborn without a name is entered: as the mother's child, or not at all."""
    mother = people.names.legal[people.homes.mother[at]]
    if stream.random() < 0.25 or not mother:
        return ""
    return f"{mother}之{'女' if people.homes.female[at] else '子'}"


def _ids(people: People, mine: Numbers, register: Register, some: Any, stream: Random) -> list[str]:
    ids = people.ids[mine]
    ids[some(register.no_number) | people.unnamed[mine]] = ""
    for at in np.flatnonzero(some(register.wrong_number)):
        if ids[at]:
            slip = swapped_digits if stream.random() < 0.4 else wrong_digit
            ids[at] = slip(ids[at], stream)
    found: list[str] = ids.tolist()
    return found


def _romanised(people: People, mine: Numbers, told: Numbers) -> list[str]:
    """Beside the Han name where there is one, often; always where the name is Latin alone."""
    names = people.names.romanised[mine]
    names[~told & (people.names.legal[mine] != "")] = ""
    found: list[str] = names.tolist()
    return found


def _births(born: Numbers, wrong: Numbers, stream: Random) -> list[str]:
    found = (born - _EPOCH).astype("datetime64[D]").astype(str).tolist()
    for at in np.flatnonzero(wrong):
        found[at] = _wrong_birth(date.fromordinal(int(born[at])), stream)
    return [str(one) for one in found]


_EPOCH: Final = date(1970, 1, 1).toordinal()


def _wrong_birth(born: date, stream: Random) -> str:
    """Day and month exchanged, one day or one year beside it, or only the year known."""
    roll = stream.random()
    if roll < 0.3 and born.day <= 12:
        return f"{born.year}-{born.day:02d}-{born.month:02d}"
    if roll < 0.6:
        return born.replace(day=max(born.day - 1, 1)).isoformat()
    if roll < 0.85 and born.day < 29:
        return born.replace(year=born.year - 1).isoformat()
    return f"{born.year}-01-01"


def _phones(
    people: People, mine: Numbers, none: Numbers, old: Numbers, seed: int, rng: np.random.Generator
) -> list[str]:
    """The own number, sometimes the household's; an old one belongs to somebody else by now."""
    phones = np.where(rng.random(len(mine)) < 0.12, people.landlines[mine], people.phones[mine])
    blank = phones == ""
    phones[blank] = people.landlines[mine][blank]
    others = mixed(people.number[mine], seed + 9) % np.uint64(23_500_000)
    gone = np.flatnonzero(old & (phones != ""))
    phones[gone] = mobiles(others[gone].astype(np.int64), seed)
    phones[none] = ""
    found: list[str] = phones.tolist()
    return found


def _addresses(
    people: People, mine: Numbers, register: Register, some: Any
) -> tuple[list[str], list[str]]:
    registered, lives, former = people.registered[mine], people.lives[mine], people.former[mine]
    moved = former["number"] > 0
    stale = moved & some(register.former)
    doors = np.where(stale, former, np.where(some(register.lived), lives, registered))
    old_names = some(register.old_names)
    text = np.empty(len(mine), dtype=object)
    for style in (False, True):
        chosen = np.flatnonzero(old_names == style)
        text[chosen] = printed(doors[chosen], village=not style, old_names=style)
    text[some(0.006)] = ""
    known = np.flatnonzero(moved & ~stale & some(0.7))
    before = np.full(len(mine), "", dtype=object)
    before[known] = printed(former[known], village=False)
    return text.tolist(), before.tolist()
