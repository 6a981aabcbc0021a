"""Invented persons of a nation in blocks: households, ages, names, numbers, doors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.harness import AS_OF
from benchmarks.population.doors import (
    DOOR,
    district_sizes,
    dormitory_doors,
    drawn_doors,
    office_doors,
)
from benchmarks.population.homes import Homes, drawn_homes
from benchmarks.population.naming import Named, named
from benchmarks.population.numbers import (
    mobiles,
    national_ids,
    old_resident_ids,
    resident_ids,
)

Numbers = npt.NDArray[Any]
BLOCK = 8192
NATION = 23_500_000
_MOVED = 0.35
_FLOORS = 20  # of a dormitory; those of one block live on one
_UNITS = 40


@dataclass(frozen=True, slots=True)
class People:
    """The truth about one block. One entry a person in every list; `doors` and `former` have one
    door a person, and `former["number"]` is 0 where nobody moved. Phones are "" where there is none.

    `born` are ordinals of days. `unnamed` are newborns whose name is not yet registered. `foreign`
    live here with a resident certificate.
    """

    number: Numbers
    household: Numbers
    homes: Homes
    names: Named
    born: Numbers
    ids: Numbers
    phones: Numbers
    landlines: Numbers
    registered: Numbers
    lives: Numbers
    former: Numbers
    unnamed: Numbers
    foreign: Numbers

    def __len__(self) -> int:
        return len(self.number)

    @property
    def ages(self) -> Numbers:
        """Whole years on the day of the register."""
        return ((AS_OF.toordinal() - self.born) / 365.2425).astype(int)


def blocks_of(persons: int) -> range:
    """The blocks that a register of so many persons fills; the last one partly."""
    return range(-(-persons // BLOCK))


@lru_cache(maxsize=4)
def people_of(seed: int, block: int) -> People:
    """All persons of a block, the same in every register and process."""
    rng = np.random.default_rng([seed, block])
    homes = drawn_homes(rng, BLOCK, AS_OF)
    number = np.arange(block * BLOCK, (block + 1) * BLOCK)
    years = (homes.born / 365.2425).astype(int) + 1
    district = _district_of(seed, block)
    names = named(rng, homes, years)
    foreign = names.abroad & (rng.random(BLOCK) < np.where(homes.worker, 1.0, 0.55))
    unnamed = (homes.ages_days < 70) & (rng.random(BLOCK) < 0.8)
    registered, lives, former = _doors(rng, homes, district, block)
    return People(
        number=number,
        household=block * BLOCK + homes.household,
        homes=homes,
        names=names,
        born=homes.born,
        ids=_ids(rng, seed, number, homes, years, foreign, names.mainland),
        phones=_phones(rng, seed, number, homes),
        landlines=_landlines(rng, homes),
        registered=registered,
        lives=lives,
        former=former,
        unnamed=unnamed,
        foreign=foreign,
    )


@lru_cache(maxsize=4)
def _order_of_districts(seed: int) -> tuple[Numbers, Numbers]:
    """Districts in the order in which blocks fill them, and the block behind each one's last."""
    order = np.random.default_rng([seed, 368]).permutation(len(district_sizes()))
    ends = np.cumsum(district_sizes()[order]) * (NATION / BLOCK)
    return order, ends


def _district_of(seed: int, block: int) -> int:
    order, ends = _order_of_districts(seed)
    at = int(np.searchsorted(ends, block % (NATION // BLOCK), side="right"))
    return int(order[min(at, len(order) - 1)])


def _ids(
    rng: np.random.Generator, seed: int, number: Numbers, homes: Homes, years: Numbers,
    foreign: Numbers, mainland: Numbers,
) -> Numbers:  # fmt: skip
    found = np.empty(len(number), dtype=object)
    found[:] = national_ids(number, homes.female, years, seed)
    mine = np.flatnonzero(foreign)
    found[mine] = resident_ids(number[mine], homes.female[mine], mainland[mine], seed)
    old = mine[rng.random(len(mine)) < 0.25]
    found[old] = old_resident_ids(number[old], homes.female[old], seed)
    return found


def _phones(rng: np.random.Generator, seed: int, number: Numbers, homes: Homes) -> Numbers:
    """Own mobiles; children under twelve have their parent's."""
    found = np.empty(len(number), dtype=object)
    found[:] = mobiles(number, seed)
    ages = homes.ages_days / 365.2425
    found[rng.random(len(number)) > np.where(ages < 75, 0.88, 0.5)] = ""
    young = np.flatnonzero((ages < 12) & homes.child)
    found[young] = found[homes.first_of[young] + rng.integers(0, 2, len(young)) * homes.pair[young]]
    return found


def _landlines(rng: np.random.Generator, homes: Homes) -> Numbers:
    """A landline a household, a third of them."""
    heads = homes.first_of
    figures = rng.integers(0, 10_000_000, len(heads))[heads]
    area = 2 + figures % 7
    has = (figures // 7 % 100) < 33
    found = np.empty(len(heads), dtype=object)
    found[:] = [
        f"0{code}-{one:07d}" if told else ""
        for code, one, told in zip(area.tolist(), figures.tolist(), has.tolist(), strict=True)
    ]
    return found


def _doors(
    rng: np.random.Generator, homes: Homes, district: int, block: int
) -> tuple[Numbers, Numbers, Numbers]:
    """(registered, lived at, former) door of every person."""
    count = len(homes.household)
    here = np.full(count, district)
    registered = drawn_doors(rng, here)
    registered[homes.office] = office_doors(here[homes.office])
    dormitory = homes.dormitory & (rng.random(count) < 0.5)[homes.first_of]
    registered[dormitory] = dormitory_doors(
        here[dormitory], *_flats(homes.worker[dormitory], homes.household[dormitory], block)
    )
    registered = registered[homes.first_of]
    ages = homes.ages_days / 365.2425
    away = rng.random(count) < np.where((ages > 18) & (ages < 36), 0.16, 0.04)
    other = np.where(rng.random(count) < 0.5, here, _anywhere(rng, count))
    lives = np.where(away, drawn_doors(rng, other), registered)
    moved = (rng.random(count) < _MOVED)[homes.first_of]
    from_where = np.where(rng.random(count) < 0.6, here, _anywhere(rng, count))
    former = drawn_doors(rng, from_where)[homes.first_of]
    newborn = ages < 2
    former[~moved | newborn] = np.zeros(1, dtype=DOOR)
    return registered, lives, former


def _flats(worker: Numbers, household: Numbers, block: int) -> tuple[Numbers, Numbers]:
    """(floor, unit) in the dormitory: an employer's workers have one of their own, students tell none."""
    place = np.unique(household, return_inverse=True)[1]
    floor = 2 + block % _FLOORS
    unit = 1 + place + _UNITS * (block // _FLOORS % 3)
    return np.where(worker, floor, 0), np.where(worker, unit, 0)


def _anywhere(rng: np.random.Generator, count: int) -> Numbers:
    return np.searchsorted(np.cumsum(district_sizes()), rng.random(count) * 0.999999)
