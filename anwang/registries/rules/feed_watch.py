"""Whether a delivery looks like those before it: its size, and what its columns hold.

A feed that quietly loses a column or half its rows would turn into *nothing known* of thousands of
households, and nobody would have said anything wrong.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.words import Words

WATCH: Final = Path(__file__).resolve().parent.parent / "policies" / "feed_watch.yaml"
EMPTY, UNKNOWN, FILLED = "(empty)", "(unknown)", "(filled)"
SizeFault = Literal["shrunk", "doubled"]
# What may be wrong with a feed (models.FeedAlarm.kind), on its pages and in what its operator is told.
ALARMS: Final = {
    "late": Words("遲到", "Late"),
    "held": Words("整份未收", "File held"),
    "failed": Words("中斷", "Interrupted"),
    "shrunk": Words("筆數驟減", "Shrunk"),
    "doubled": Words("筆數倍增", "Doubled"),
    "drifting": Words("內容偏移", "Drifting"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The rows of feed_watch.yaml. Shares are 0 to 1."""

    psi_watch: float
    psi_alarm: float
    psi_least_rows: int
    compared_with: int
    least_before: int
    shrunk_below: float
    doubled_above: float
    repeated_keys: float
    least_rows: int


@cache
def limits(path: Path = WATCH) -> Limits:
    """The limits in `path`."""
    body = read_yaml(path)
    psi_, size = body["psi"], body["size"]
    return Limits(
        psi_watch=psi_["watch"],
        psi_alarm=psi_["alarm"],
        psi_least_rows=psi_["least_rows"],
        compared_with=size["compared_with"],
        least_before=size["least_before"],
        shrunk_below=size["shrunk_below"],
        doubled_above=size["doubled_above"],
        repeated_keys=size["repeated_keys"],
        least_rows=size["least_rows"],
    )


@dataclass(slots=True)
class Profile:
    """What the columns of some rows held, as counts: rows taken, cells filled, cells whose code is
    unknown (their rows were set aside), and each code of code columns. Nobody's values.
    """

    rows: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, other: Profile) -> None:
        """Count the rows of another batch too."""
        self.rows += other.rows
        self.filled += other.filled
        self.unknown += other.unknown
        self.codes += other.codes

    def as_json(self) -> dict[str, Any]:
        """As kept with a delivery."""
        codes: dict[str, dict[str, int]] = {}
        for (column, code), rows in sorted(self.codes.items()):
            codes.setdefault(column, {})[code] = rows
        return {
            "rows": self.rows,
            "filled": dict(sorted(self.filled.items())),
            "unknown": dict(sorted(self.unknown.items())),
            "codes": codes,
        }

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Profile:
        """From `as_json`."""
        made = cls(body["rows"], Counter(body["filled"]), Counter(body["unknown"]))
        for column, codes in body["codes"].items():
            made.codes.update({(column, code): rows for code, rows in codes.items()})
        return made

    def shares(self, column: str) -> dict[str, int]:
        """What a column held: empty, unknown, and each code, or just filled where it has none."""
        unknown = self.unknown[column]
        codes = {code: rows for (name, code), rows in self.codes.items() if name == column}
        filled = codes or {FILLED: self.filled[column]}
        return {EMPTY: self.rows - sum(filled.values()), UNKNOWN: unknown} | filled


def psi(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """The population stability index of two sets of counts, 0 for equal shares.

    A kind that one side lacks counts as half a row there, so that the logarithm exists.
    """
    kinds = {kind for kind in {*before, *now} if before.get(kind) or now.get(kind)}
    old, new = _shares(before, kinds), _shares(now, kinds)
    return sum((new[kind] - old[kind]) * math.log(new[kind] / old[kind]) for kind in kinds)


def _shares(counts: Mapping[str, int], kinds: Iterable[str]) -> dict[str, float]:
    known = {kind: counts.get(kind) or 0.5 for kind in kinds}
    total = sum(known.values())
    return {kind: rows / total for kind, rows in known.items()}


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a column moved: the index, and the shares empty and unknown before and now (0 to 1).

    `level`: steady, watch or alarm.
    """

    column: str
    psi: float
    empty_before: float
    empty_now: float
    unknown_before: float
    unknown_now: float
    level: Literal["steady", "watch", "alarm"]


def drifts(before: Sequence[Profile], now: Profile, at: Limits | None = None) -> list[Drift]:
    """Each column of `now` against all of `before` together, the furthest moved first.

    Empty where either side has too few rows to tell.
    """
    at = at or limits()
    pooled = Profile()
    for one in before:
        pooled.add(one)
    if min(pooled.rows, now.rows) < at.psi_least_rows:
        return []
    columns = {*pooled.filled, *now.filled, *pooled.unknown, *now.unknown}
    found = [_drift(column, pooled.shares(column), now.shares(column), at) for column in columns]
    return sorted(found, key=lambda one: (-one.psi, one.column))


def _drift(column: str, before: Mapping[str, int], now: Mapping[str, int], at: Limits) -> Drift:
    index = psi(before, now)
    level: Literal["steady", "watch", "alarm"] = "steady"
    if index >= at.psi_watch:
        level = "alarm" if index >= at.psi_alarm else "watch"
    return Drift(
        column, index, _share(before, EMPTY), _share(now, EMPTY), _share(before, UNKNOWN),
        _share(now, UNKNOWN), level,
    )  # fmt: skip


def _share(counts: Mapping[str, int], kind: str) -> float:
    total = sum(counts.values())
    return counts.get(kind, 0) / total if total else 0.0


def usual_size(before: Sequence[int], at: Limits | None = None) -> float | None:
    """The median size of the deliveries before, newest first; None where there are too few."""
    at = at or limits()
    known = list(before)[: at.compared_with]
    return median(known) if len(known) >= at.least_before else None


def size_fault(
    rows: int,
    before: Sequence[int],
    *,
    repeated: int = 0,
    rise_limit_percent: int | None = None,
    at: Limits | None = None,
) -> SizeFault | None:
    """Whether a delivery of `rows` rows is shrunk or doubled against those `before` it.

    `repeated`: rows whose key came again in the same file. The manifest's own limit of a rise
    goes before ours.
    """
    at = at or limits()
    if rows >= at.least_rows and repeated > at.repeated_keys * rows:
        return "doubled"
    usual = usual_size(before, at)
    if usual is None or usual < at.least_rows:
        return None
    if rows < usual * at.shrunk_below:
        return "shrunk"
    most = 1 + rise_limit_percent / 100 if rise_limit_percent is not None else at.doubled_above
    return "doubled" if rows > usual * most else None
