"""Households of a block: who lives together, of which sex, born when.

Invented shares, after the demo's: lone persons, couples, families with one or two parents, three
generations, grandparents with grandchildren, lodgers, students and workers in dormitories,
institutions, and those registered at the office for want of a home. Twins are one birth in fifty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]
# kind: share of households, parents, whether with children, elders at most, others (least, most),
# age of the first (least, most)
_KINDS: tuple[tuple[str, float, int, bool, int, tuple[int, int], tuple[int, int]], ...] = (
    ("single", 0.265, 1, False, 0, (0, 0), (20, 96)),
    ("couple", 0.200, 2, False, 0, (0, 0), (24, 90)),
    ("family", 0.260, 2, True, 0, (0, 0), (28, 74)),
    ("one-parent", 0.090, 1, True, 0, (0, 0), (26, 66)),
    ("three-generations", 0.068, 2, True, 2, (0, 0), (26, 50)),
    ("elders-with-child", 0.062, 1, False, 2, (0, 0), (30, 62)),
    ("grandparents", 0.015, 0, True, 2, (0, 0), (24, 42)),
    ("lodgers", 0.020, 1, False, 0, (1, 3), (40, 80)),
    ("students", 0.008, 0, False, 0, (2, 4), (18, 22)),
    ("workers", 0.003, 0, False, 0, (4, 40), (20, 45)),
    ("institution", 0.001, 1, False, 0, (9, 40), (35, 62)),
    ("office", 0.008, 1, False, 0, (0, 0), (20, 90)),
)
_OTHERS_AGED = {"lodgers": (20, 60), "students": (18, 23), "workers": (20, 46),
                "institution": (66, 97)}  # fmt: skip
_NAMES = [row[0] for row in _KINDS]
PARENT, CHILD, ELDER, OTHER = range(4)


@dataclass(frozen=True, slots=True)
class Homes:
    """One entry a person. `household` counts within the block; `first_of` is the place of the
    household's first member; `pair` is 1 in households with two parents. `mother` is the place of
    a child's mother or only parent there. `twin` has the place of the twin born before, else -1.
    """

    household: Numbers
    first_of: Numbers
    position: Numbers
    role: Numbers
    pair: Numbers
    female: Numbers
    born: Numbers
    ages_days: Numbers
    twin: Numbers
    mother: Numbers
    indigenous: Numbers
    from_abroad: Numbers
    worker: Numbers
    office: Numbers
    dormitory: Numbers

    @property
    def child(self) -> Numbers:
        """Who is a child of the household's parents."""
        children: Numbers = self.role == CHILD
        return children


def drawn_homes(rng: np.random.Generator, count: int, as_of: date) -> Homes:
    """Households of `count` persons together; the last one is cut where the block ends."""
    kinds = np.searchsorted(np.cumsum([row[1] for row in _KINDS]), rng.random(count) * 0.999)
    parents = np.array([row[2] for row in _KINDS])[kinds]
    with_children = np.array([row[3] for row in _KINDS])[kinds]
    children = np.where(
        with_children, 1 + np.searchsorted([0.44, 0.88, 0.98], rng.random(count)), 0
    )
    elders = np.array([row[4] for row in _KINDS])[kinds]
    elders = elders - ((elders > 0) & (rng.random(count) < 0.35))
    least, most = (np.array([row[5][at] for row in _KINDS])[kinds] for at in (0, 1))
    others = rng.integers(least, most + 1)
    ends = np.cumsum(parents + children + elders + others)
    used = int(np.searchsorted(ends, count)) + 1
    kinds, parents, children, elders = (x[:used] for x in (kinds, parents, children, elders))
    household = np.repeat(np.arange(used), np.diff(ends[:used], prepend=0))[:count]
    first = np.concatenate([[0], ends[: used - 1]])
    position = np.arange(count) - first[household]
    upto_child = (parents + children)[household]
    upto_elder = upto_child + elders[household]
    role = np.where(position < parents[household], PARENT,
                    np.where(position < upto_child, CHILD,
                             np.where(position < upto_elder, ELDER, OTHER)))  # fmt: skip
    place = np.arange(count)
    female = _sexes(rng, role, parents[household], elders[household], position, upto_child,
                    kinds[household])  # fmt: skip
    years = _years(rng, kinds, household, role, position, parents[household])
    twin = np.where((role == CHILD) & (position > parents[household])
                    & (rng.random(count) < 0.035), place - 1, -1)  # fmt: skip
    born_before = (role == CHILD) & (np.roll(role, 1) == CHILD) & (position > 0)
    twin[~born_before] = -1
    days = np.maximum(years * 365.2425 + rng.random(count) * 364, 1).astype(int)
    for at in np.flatnonzero(twin >= 0):  # in order: triplets follow each other
        days[at] = days[at - 1]
    kind = kinds[household]
    pair = ((parents == 2)[household] & (first[household] + 1 < count)).astype(int)
    return Homes(
        household=household, first_of=first[household], position=position, role=role, pair=pair,
        female=female, born=as_of.toordinal() - days, ages_days=days, twin=twin,
        mother=first[household] + pair,
        indigenous=(rng.random(used) < 0.027)[household] & (rng.random(count) < 0.9),
        from_abroad=(female & (role == PARENT) & (pair == 1) & (years < 66)
                     & (rng.random(count) < 0.06)) | (rng.random(count) < 0.004),
        worker=kind == _NAMES.index("workers"),
        office=kind == _NAMES.index("office"),
        dormitory=(kind == _NAMES.index("workers")) | (kind == _NAMES.index("students")),
    )  # fmt: skip


def _sexes(
    rng: np.random.Generator, role: Numbers, parents: Numbers, elders: Numbers, position: Numbers,
    upto_child: Numbers, kind: Numbers,
) -> Numbers:  # fmt: skip
    share = np.select(
        [role == CHILD, (role == PARENT) & (kind == _NAMES.index("one-parent")), role == ELDER],
        [0.48, 0.7, 0.72], 0.505,
    )  # fmt: skip
    female = rng.random(len(role)) < share
    couple = (role == PARENT) & (parents == 2)
    female[couple] = position[couple] == 1
    old_couple = (role == ELDER) & (elders == 2)
    female[old_couple] = (position - upto_child)[old_couple] == 1
    return female


def _years(
    rng: np.random.Generator, kinds: Numbers, household: Numbers, role: Numbers, position: Numbers,
    parents: Numbers,
) -> Numbers:  # fmt: skip
    """Whole years of age; a child is younger than its mother by 18 to 41."""
    used = len(kinds)
    low, high = (np.array([row[6][at] for row in _KINDS])[kinds] for at in (0, 1))
    shape = np.where(
        (kinds == _NAMES.index("single")) | (kinds == _NAMES.index("office")), 0.9, 1.0
    )
    first = low + (rng.random(used) ** shape * (high - low)).astype(int)
    younger = rng.integers(-2, 7, used)
    years = first[household].astype(int)
    wife = (role == PARENT) & (position == 1)
    years[wife] -= younger[household][wife]
    mothers_age = first - np.where(np.isin(kinds, (1, 2, 4)), younger, 0)
    eldest = mothers_age - rng.triangular(18, 29, 41, used).astype(int)
    spacing = rng.integers(1, 5, used)
    child = role == CHILD
    order = position - parents
    years[child] = (eldest[household] - order * spacing[household])[child]
    late = child & (years < 0)
    years[late] = rng.integers(0, 4, int(late.sum()))
    years[child] = np.minimum(years[child], 40)
    elder = role == ELDER
    years[elder] += rng.integers(22, 35, int(elder.sum()))
    years = np.minimum(years, 101)
    for kind, (least, most) in _OTHERS_AGED.items():
        mine = (role == 3) & (kinds[household] == _NAMES.index(kind))
        years[mine] = rng.integers(least, most + 1, int(mine.sum()))
    grown: Numbers = np.maximum(years, np.where(role == PARENT, 19, 0))
    return grown
