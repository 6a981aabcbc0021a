"""The linkage model as a file: read whole, written as a new version beside the old, never over it.

One line a level: m, u and where they come from. `assumed` values were set by hand or taken over
from the model that training began with; `trained` ones were estimated from records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from anwang.common.errors import AnwangError
from anwang.common.yaml_files import read_yaml
from anwang.people.rules.comparisons import COMPARISONS, Comparison

Origin = Literal["assumed", "trained"]
_NOTE: Final = (
    "# A version of the linkage model, made by `anwang model`. A draft until somebody answers for it:\n"
    "# read its evaluation beside it (<version>.evaluation.yaml), then name the file in\n"
    "# ANWANG_LINKAGE_MODEL. weight = log2(m / u); alike, unlike: pairs of one person and of two that\n"
    "# showed the level in training.\n"
)
_DIGITS: Final = 4


class ModelFault(AnwangError, ValueError):
    """The model file lacks a level, or has one out of range. Correct the file named in the
    message.
    """


@dataclass(frozen=True, slots=True)
class Level:
    """`m`: how often a level occurs among pairs that are one person, `u`: among other pairs.

    `alike` and `unlike`: how many pairs of either kind showed it in training, None where it was not
    trained on anything.
    """

    m: float
    u: float
    origin: Origin = "assumed"
    alike: float | None = field(default=None, compare=False)
    unlike: float | None = field(default=None, compare=False)

    @property
    def weight(self) -> float:
        """log2(m / u): bits for the same person, below 0 against."""
        return log2(self.m / self.u)


Levels = Mapping[str, Mapping[str, Level]]
"""Comparison -> level -> its chances."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A version: its levels, and everything else the file says, by its words."""

    path: Path
    version: str
    levels: Levels
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def evaluation_path(self) -> Path:
        """Where this version's evaluation stands."""
        return self.path.with_name(f"{self.path.stem}.evaluation.yaml")


def read_model(
    path: Path | str, comparisons: Sequence[Comparison] = COMPARISONS, *, whole: bool = True
) -> ModelFile:
    """Read a model file. Raises ModelFault if a comparison or level is missing, unknown or out of
    range. `whole=False`: a version of before today's levels is read too, to be looked at.
    """
    path = Path(path)
    written: dict[str, Any] = read_yaml(path)
    told = written.pop("comparisons", {})
    levels = {
        one.name: _levels(path, one, told.get(one.name, {}), whole=whole) for one in comparisons
    }
    return ModelFile(path, str(written.pop("version", "")), levels, written)


def _levels(
    path: Path, one: Comparison, rows: Mapping[str, Mapping[str, Any]], *, whole: bool
) -> dict[str, Level]:
    if whole and set(rows) != set(one.names):
        odd = ", ".join(sorted(set(rows) ^ set(one.names)))
        raise ModelFault(
            f"{path}: comparison '{one.name}' lacks or does not know: {odd}. A version of before these"
            " levels is trained anew: anwang model train."
        )
    names = [*filter(rows.__contains__, one.names), *sorted(set(rows) - set(one.names))]
    return {level: level_of_row(path, one.name, level, rows[level]) for level in names}


def level_of_row(path: Path, comparison: str, level: str, row: Mapping[str, Any]) -> Level:
    """One line of the file. Raises ModelFault where m or u is no chance."""
    m, u = float(row["m"]), float(row["u"])
    if not (0 < m <= 1 and 0 < u <= 1):
        raise ModelFault(f"{path}: m and u of {comparison}.{level} must lie in (0, 1].")
    origin: Origin = "trained" if row.get("from") == "trained" else "assumed"
    return Level(m, u, origin, row.get("alike"), row.get("unlike"))


def write_model(model: ModelFile) -> None:
    """Write a new version. Raises FileExistsError rather than overwrite one."""
    parts = [_NOTE, _plain({"version": model.version, **model.rest}), "comparisons:\n"]
    for comparison, levels in model.levels.items():
        parts.append(f"  {comparison}:\n")
        parts += [
            f"    {name}: {{m: {_chance(one.m)}, u: {_chance(one.u)}, from: {one.origin}{_counts(one)}}}\n"
            for name, one in levels.items()
        ]
    write_new(model.path, "".join(parts))


def write_new(path: Path, text: str) -> None:
    """A file that did not exist. Raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as out:
        out.write(text)


def next_version(folder: Path, day: dt.date) -> str:
    """The day and the first number of it that no file of the folder bears."""
    number = 1
    while (folder / f"{day.isoformat()}.{number}.yaml").exists():
        number += 1
    return f"{day.isoformat()}.{number}"


def _plain(values: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(values), allow_unicode=True, sort_keys=False, width=100)


def _counts(level: Level) -> str:
    """How many pairs showed the level, where anybody counted."""
    told = (("alike", level.alike), ("unlike", level.unlike))
    return "".join(f", {name}: {round(count)}" for name, count in told if count is not None)


def _chance(value: float) -> str:
    """Four figures that count, without an exponent YAML would read as text."""
    text = f"{value:.{_DIGITS}g}"
    return f"{value:.12f}".rstrip("0") if "e" in text else text
