"""Doors on invented streets of the 368 districts, and how registries print them."""

from __future__ import annotations

import csv
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.population.lists import more
from benchmarks.population.numbers import mixed
from demo.addresses import NUMERALS
from demo.addresses import Address as Written
from demo.words import DIRECTORY, county_names, vocabulary

Numbers = npt.NDArray[Any]
DOOR = np.dtype([
    ("district", "i2"), ("village", "i2"), ("neighbourhood", "i2"), ("road", "i2"),
    ("section", "i1"), ("lane", "i2"), ("alley", "i1"), ("number", "i2"), ("sub", "i1"),
    ("floor", "i1"), ("unit", "i2"),
])  # fmt: skip
NO_ROAD = -1  # islands and mountain villages number by village
_KNOWN_TO_ALL = 20  # road names that every district has
_TOWERS = 12


@cache
def districts() -> list[tuple[str, str]]:
    """(county code, name) of the 368 districts in the directory's order."""
    with (DIRECTORY / "districts.csv").open(encoding="utf-8", newline="") as rows:
        return [(row["county_code"], row["name_zh"]) for row in csv.DictReader(rows)]


@cache
def district_sizes() -> Numbers:
    """Share of the population in each district: invented, but as uneven as districts are."""
    many = {"63000": 9, "64000": 5, "65000": 8, "66000": 6, "67000": 4, "68000": 9}
    spread = 0.15 + (mixed(np.arange(len(districts())), 368) % np.uint64(1000)) / 500.0
    sizes = np.array([many.get(code, 2) for code, _ in districts()]) * spread
    shares: Numbers = sizes / sizes.sum()
    return shares


@cache
def roads() -> list[str]:
    """All road names of the country."""
    signs = more()["road_signs"]
    count = len(signs)
    made = [
        signs[at % count] + signs[(at * 7 + at // count * 13) % count] + "街路"[at % 3 > 0]
        for at in range(12 * count)
    ]
    return list(dict.fromkeys([*vocabulary("places")["roads"], *made]))


def drawn_doors(rng: np.random.Generator, where: Numbers) -> Numbers:
    """A door in each of the districts `where`."""
    count = len(where)
    found = np.zeros(count, dtype=DOOR)
    found["district"] = where
    names = vocabulary("places")
    # A district has some villages and 30 to 250 roads of its own; common road names come first.
    found["village"] = (where * 7 + (rng.random(count) ** 1.3 * 24).astype(int)) % 368
    found["neighbourhood"] = rng.integers(1, 33, count)
    own = 30 + (district_sizes()[where] * 40_000).astype(int)
    place = (rng.random(count) ** 1.5 * own).astype(int)
    local = mixed(where.astype(np.int64) * 1_000 + place, 5) % np.uint64(len(roads()))
    found["road"] = np.where(place < _KNOWN_TO_ALL, place, local.astype(np.int64))
    sectioned = np.array([road in names["sections_of"] for road in roads()])
    found["section"] = np.where(sectioned[found["road"]], rng.integers(1, 6, count), 0)
    found["lane"] = np.where(rng.random(count) < 0.45, rng.integers(1, 500, count), 0)
    deep = (found["lane"] > 0) & (rng.random(count) < 0.3)
    found["alley"] = np.where(deep, rng.integers(1, 41, count), 0)
    found["number"] = rng.integers(1, np.where(found["lane"] > 0, 90, 600))
    found["sub"] = np.where(rng.random(count) < 0.12, rng.integers(1, 10, count), 0)
    floors = np.minimum(rng.exponential(5, count).astype(int) + 1, 24)
    found["floor"] = np.where(rng.random(count) < 0.6, floors, 0)
    found["floor"][rng.random(count) < 0.002] = -1
    _tower(rng, found, np.flatnonzero(rng.random(count) < 0.08))
    alone = rng.random(count) < 0.03
    for part in ("section", "lane", "alley", "floor"):
        found[part][alone] = 0
    found["road"][alone] = NO_ROAD
    return found


def office_doors(where: Numbers) -> Numbers:
    """The household registration office of each district, where those without a home stand."""
    return _fixed(where, road=1, number=100)


def dormitory_doors(where: Numbers, floor: Numbers, unit: Numbers) -> Numbers:
    """The large dormitory of each district; `floor` and `unit` of a flat there, 0 where none is told."""
    found = _fixed(where, road=15, number=1)
    found["floor"], found["unit"] = floor, unit
    return found


def _fixed(where: Numbers, road: int, number: int) -> Numbers:
    found = np.zeros(len(where), dtype=DOOR)
    found["district"], found["village"], found["neighbourhood"] = where, where % 368, 1
    found["road"], found["number"] = road, number
    return found


def _tower(rng: np.random.Generator, doors: Numbers, mine: Numbers) -> None:
    """One of a few buildings of the district, with hundreds of dwellings behind one number."""
    which = rng.integers(0, _TOWERS, len(mine))
    doors["road"][mine] = which
    for part in ("section", "lane", "alley"):
        doors[part][mine] = 0
    doors["number"][mine] = 200 + which
    doors["floor"][mine] = rng.integers(2, 25, len(mine))
    doors["sub"][mine] = rng.integers(1, 20, len(mine))


@cache
def _villages() -> list[str]:
    known = vocabulary("places")["villages"]
    signs = more()["road_signs"]
    made = [signs[at % len(signs)] + signs[(at * 11 + 5) % len(signs)] + "里" for at in range(400)]
    return list(dict.fromkeys([*known, *made]))[:368]


def printed(doors: Numbers, *, village: bool = True, old_names: bool = False) -> list[str]:
    """Addresses as a registry prints them, e.g. 桃園市中壢區內源里012鄰復興路二段31巷5之2號3樓.

    `old_names` writes 台 for 臺 and figures for sections, and leaves village out.
    """
    counties = county_names()
    places = [counties[code] + name for code, name in districts()]
    if old_names:
        places = [one.replace("臺", "台") for one in places]
    known, road_names = _villages(), roads()
    figures = "0123456789" if old_names else NUMERALS
    found = []
    for where, near, hood, road, section, lane, alley, number, sub, floor, unit in doors.tolist():
        text = places[where]
        if road == NO_ROAD or village:
            text += f"{known[near % len(known)]}{hood:03d}鄰"
        if road != NO_ROAD:
            text += road_names[road]
        if section:
            text += f"{figures[section]}段"
        if lane:
            text += f"{lane}巷{alley}弄" if alley else f"{lane}巷"
        text += f"{number}之{sub}號" if sub else f"{number}號"
        if floor:
            text += "B1" if floor < 0 else f"{floor}樓"
        if unit:
            text += f"之{unit}"
        found.append(text)
    return found


def told(door: Any) -> Written:
    """One door as the demo's slips take it, without the unit of a floor: nobody on the telephone tells it."""
    where, near, hood, road, section, lane, alley, number, sub, floor, _ = door.tolist()
    code, name = districts()[where]
    known = _villages()
    village = known[near % len(known)]
    street = f"{village}{hood}鄰" if road == NO_ROAD else roads()[road]
    return Written(
        county_code=code, district=name, village="" if road == NO_ROAD else village,
        neighbourhood=hood, road=street, section=section, lane=lane, alley=alley,
        number=number, number_sub=sub, floor=floor,
    )  # fmt: skip
