"""The demo's name tables and what is added at a nation's size, ready to draw from with NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from demo.words import surnames, vocabulary

Numbers = npt.NDArray[Any]
_SHARE_OF_COHORT = 0.55  # of the given names; others come from the tail


@cache
def more() -> Any:
    """`vocabulary.yaml` of this folder."""
    return yaml.safe_load(Path(__file__).with_name("vocabulary.yaml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Weighted:
    """Options and the running sums of their shares."""

    options: Sequence[str]
    sums: Numbers

    def draw(self, rng: np.random.Generator, count: int) -> list[str]:
        """`count` options with replacement."""
        places = np.searchsorted(self.sums, rng.random(count), side="right")
        return [self.options[place] for place in places]


def weighted(options: Sequence[str], weights: Sequence[float] | Numbers) -> Weighted:
    """Options with a weight each."""
    sums = np.cumsum(np.asarray(weights, dtype=float))
    sums /= sums[-1]
    sums[-1] = 1.0
    return Weighted(options, sums)


def falling(options: Sequence[str], offset: int) -> Weighted:
    """The first most frequent; a larger `offset` makes the frequencies more even."""
    return weighted(options, 1 / (np.arange(len(options)) + offset))


@cache
def family_names() -> Weighted:
    """The demo's frequencies, and one person in forty with a rarer surname."""
    table = surnames()
    sums = np.array(table._sums)
    weights = np.diff(sums, prepend=0.0)
    others = [one for one in _other_surnames() if one not in table.options]
    rare = np.full(len(others), weights.sum() * 0.025 / max(len(others), 1))
    return weighted([*table.options, *others], np.concatenate([weights, rare]))


def _other_surnames() -> list[str]:
    from anwang.people.rules.characters import NAME_TABLES

    return list(dict.fromkeys("".join(NAME_TABLES["surnames"].split())))


@dataclass(frozen=True, slots=True)
class Cohort:
    """Given names of one sex born up to a year."""

    until: int
    female: bool
    first: Weighted
    second: Weighted
    single: Sequence[str]


@cache
def cohorts() -> tuple[Cohort, ...]:
    """The demo's cohorts in their order."""
    return tuple(
        Cohort(row["until"], row["sex"] == "F", falling(row["first"], 5),
               falling(row["second"], 5), row["single"])
        for row in vocabulary("given_names")
    )  # fmt: skip


@cache
def tail() -> Weighted:
    """Characters of rarer given names, fairly even."""
    sounds = "".join(vocabulary("slips")["homophones"].values())
    known = "".join(row["first"] + row["second"] for row in vocabulary("given_names"))
    signs = list(dict.fromkeys(known + sounds + more()["given_more"]))
    return falling(signs, 60)


def given_names(rng: np.random.Generator, years: Numbers, female: Numbers) -> list[str]:
    """One given name each, fitting the year of birth and the sex."""
    count = len(years)
    firsts = np.empty(count, dtype=object)
    seconds = np.empty(count, dtype=object)
    since = -1
    until_of_last = 0
    for cohort in cohorts():
        if cohort.until != until_of_last:
            since, until_of_last = until_of_last, cohort.until
        mine = np.flatnonzero((years > since) & (years <= cohort.until) & (female == cohort.female))
        firsts[mine] = cohort.first.draw(rng, len(mine))
        seconds[mine] = cohort.second.draw(rng, len(mine))
        short = mine[rng.random(len(mine)) < 0.035]
        firsts[short] = [
            cohort.single[at] for at in rng.integers(0, len(cohort.single), len(short))
        ]
        rarer = short[rng.random(len(short)) < 0.7]
        firsts[rarer] = tail().draw(rng, len(rarer))
        seconds[short] = ""
    for column in (firsts, seconds):
        rarer = np.flatnonzero((rng.random(count) > _SHARE_OF_COHORT) & (seconds != ""))
        column[rarer] = tail().draw(rng, len(rarer))
    odd = np.flatnonzero(rng.random(count) < 0.002)
    signs = more()["rare"]
    seconds[odd] = [signs[at] for at in rng.integers(0, len(signs), len(odd))]
    return [first + second for first, second in zip(firsts, seconds, strict=True)]
