"""Reads the vocabulary files once and draws from weighted lists."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Generic, TypeVar

import yaml

VOCABULARY = Path(__file__).parent / "vocabulary"
DIRECTORY = Path(__file__).parent.parent / "anwang" / "directory" / "data"

T = TypeVar("T")


class Draw(Generic[T]):
    """A weighted list with its running sums, so that a draw costs one bisection."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.options: Sequence[T] = list(weights)
        self._sums = list(accumulate(weights.values()))

    def one(self, rng: Random) -> T:
        return rng.choices(self.options, cum_weights=self._sums)[0]


@cache
def vocabulary(name: str) -> Any:
    """The content of one YAML file of the vocabulary folder, by its name without ending."""
    return yaml.load((VOCABULARY / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)


@cache
def surnames() -> Draw[str]:
    with (VOCABULARY / "surnames.csv").open(encoding="utf-8", newline="") as rows:
        return Draw({row["surname"]: float(row["weight"]) for row in csv.DictReader(rows)})


@cache
def county_names() -> Mapping[str, str]:
    """County code -> name, for the 22 governments."""
    with (DIRECTORY / "counties.csv").open(encoding="utf-8", newline="") as rows:
        return {row["code"]: row["name_zh"] for row in csv.DictReader(rows)}


@cache
def districts(county_code: str) -> Draw[str]:
    """Districts of a county; weighted where the vocabulary knows their size, else evenly."""
    sizes = vocabulary("places")["district_weights"].get(county_code, {})
    with (DIRECTORY / "districts.csv").open(encoding="utf-8", newline="") as rows:
        names = [r["name_zh"] for r in csv.DictReader(rows) if r["county_code"] == county_code]
    return Draw({name: sizes.get(name, 50) for name in names})


def chance(rng: Random, share: float) -> bool:
    return rng.random() < share
