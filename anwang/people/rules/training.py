"""Estimates m and u of every level from records alone: nobody tells which pairs are one person.

u comes from random pairs, each counted as far as it is *not* one person by the model at hand; m from
Splink's expectation maximisation over pairs that share a block, once for each kind of block, since
what a block demands cannot be learnt inside it (Fellegi and Sunter 1969; Winkler 1988; Linacre et
al. 2022 for the passes). A level that too few pairs show keeps the value training began with.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from anwang.people.rules.columns import by_name
from anwang.people.rules.comparisons import Comparison
from anwang.people.rules.expressions import Columns, Expression
from anwang.people.rules.maximising import Seen, maximised, pairs_of
from anwang.people.rules.model_file import Level, Levels
from anwang.people.rules.strata import strata_of

Rows = npt.NDArray[np.void]
RANDOM_PAIRS: Final = 10_000_000
_PAIRS_AT_ONCE: Final = 100_000
LEAST_SEEN: Final = 5  # pairs that must show a level before its estimate counts
# What was assumed counts like so many pairs that are one person.
PRIOR_PAIRS: Final = 20.0
# A level speaks against no more than so many bits beyond what was assumed: that clean records never
# show a slip does not say that nobody will make it.
_MOST_AGAINST: Final = 3.0


@dataclass(frozen=True, slots=True)
class Pass:
    """One block of training: a condition over `l` and `r` that mostly pairs of one person meet.

    `demands`: the comparisons whose agreement it asks for; they are not learnt inside it.
    """

    name: str
    condition: str
    demands: tuple[str, ...]


# Two valid numbers are two persons: without this, twins at one door would count as one.
_NOT_TWO = "(l.id = 0 or r.id = 0 or l.id = r.id)"
_DAY = (
    "l.year = r.year and l.year <> 0 and l.month = r.month and l.month <> 0"
    " and l.day = r.day and l.day <> 0"
)
PASSES: Final = (
    Pass("number", "l.id = r.id and l.id <> 0", ("national_id",)),
    Pass("name and year",
         "l.given = r.given and l.given <> 0 and l.surname = r.surname and l.surname <> 0"
         " and l.year = r.year and l.year <> 0", ("name", "birth")),
    Pass("sound and day",
         "l.sounds = r.sounds and l.sounds <> 0 and l.month = r.month and l.month <> 0"
         " and l.day = r.day and l.day <> 0", ("name", "birth")),
    # The whole birth, not the age: relatives share a door, and a telephone, and differ in the name.
    Pass("door and day", f"l.door = r.door and l.door <> 0 and {_DAY} and {_NOT_TWO}",
         ("address", "birth", "national_id")),
    Pass("telephone and day",
         f"l.phones[1] = r.phones[1] and l.phones[1] <> 0 and {_DAY} and {_NOT_TWO}",
         ("phone", "birth", "national_id")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trained:
    """What came out: the levels, and how many pairs each pass met, and how many were one person."""

    levels: Levels
    pairs: Mapping[str, tuple[int, float]]


@dataclass(frozen=True, slots=True)
class _Part:
    """A comparison within one of its strata, and what is known of it."""

    whole: Comparison
    within: Comparison
    told: Expression


@dataclass(frozen=True, slots=True)
class _Learnt:
    """m of a comparison's levels from one stratum of one pass, and the pairs behind it."""

    comparison: str
    chances: Mapping[str, float]
    pairs: float


def train(
    left: Rows,
    right: Rows | None,
    comparisons: Sequence[Comparison],
    start: Levels,
    *,
    one_in: float,
    seed: int,
    passes: Sequence[Pass] = PASSES,
    random_pairs: int = RANDOM_PAIRS,
    keep: Collection[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Learn from the pairs of `left` and `right`, or of `left` with itself where `right` is None.

    `start` is the model to begin with; `one_in`: a priori one pair of so many is one person. The
    same rows and seed give the same levels. `keep`: levels, as `comparison.level`, that keep their
    chances whatever is seen.
    """
    parts = [
        _Part(one, stratum.of(one), stratum.told)
        for one in comparisons
        for stratum in strata_of(one)
    ]
    tell("u")
    met = random_levels(left, right, parts, start, one_in, seed, random_pairs)
    begun = _with_u(parts, start, *met, keep)
    learnt: list[_Learnt] = []
    pairs: dict[str, tuple[int, float]] = {}
    for block in passes:
        tell(block.name)
        found, counted = _one_pass(left, right, parts, begun, block)
        learnt += found
        pairs[block.name] = counted
    return Trained({one.name: _joined(one, start, begun, learnt) for one in comparisons}, pairs)


def random_levels(
    left: Rows,
    right: Rows | None,
    parts: Sequence[_Part],
    start: Levels,
    one_in: float,
    seed: int,
    count: int,
) -> tuple[list[npt.NDArray[np.float64]], list[float]]:
    """For each part the pairs at each of its levels, and those that tell as much, among `count`
    random pairs; each pair counts as far as it is not one person.
    """
    rng = np.random.default_rng(seed)
    other = left if right is None else right
    comparisons = list({part.whole.name: part.whole for part in parts}.values())
    seen = [np.zeros(len(part.whole.levels)) for part in parts]
    told = [0.0] * len(parts)
    done = 0
    while done < count:
        size = min(_PAIRS_AT_ONCE, count - done)
        mine, theirs = rng.integers(len(left), size=size), rng.integers(len(other), size=size)
        if right is None:
            theirs = np.where(mine == theirs, (theirs + 1) % len(other), theirs)
        sides, known = (by_name(left[mine]), by_name(other[theirs])), dict[int, Any]()
        levels = levels_of(comparisons, sides, size, known)
        bits = sum(
            np.append([level.weight for level in start[one.name].values()], 0.0)[levels[one.name]]
            for one in comparisons
        )
        unlike = 1.0 / (1.0 + np.exp2(np.clip(bits - np.log2(one_in), -60, 60)))
        for place, part in enumerate(parts):
            weight = np.where(np.broadcast_to(part.told.of(*sides, known), size), unlike, 0.0)
            at = levels[part.whole.name]
            found = np.bincount(at, weight, len(part.whole.levels) + 1)[:-1]
            seen[place] += found
            told[place] += float(found.sum())
        done += size
    return seen, told


def _with_u(
    parts: Sequence[_Part],
    start: Levels,
    seen: Sequence[npt.NDArray[np.float64]],
    told: Sequence[float],
    keep: Collection[str],
) -> Levels:
    """The levels with u as met among random pairs, each with its weight until m is learnt."""
    begun: dict[str, dict[str, Level]] = {name: dict(rows) for name, rows in start.items()}
    for comparison, rows in begun.items():
        ours = [place for place, part in enumerate(parts) if part.whole.name == comparison]
        for at, (name, level) in enumerate(rows.items()):
            strata = [place for place in ours if name in parts[place].within.names]
            met = float(sum(seen[place][at] for place in strata))
            if met >= LEAST_SEEN and f"{comparison}.{name}" not in keep:
                u = met / sum(told[place] for place in strata)
                rows[name] = Level(min(1.0, u * level.m / level.u), u, "trained", unlike=met)
            else:
                rows[name] = replace(level, origin="assumed", unlike=met)
    return begun


def levels_of(
    comparisons: Sequence[Comparison],
    sides: tuple[Columns, Columns],
    count: int,
    known: dict[int, Any],
) -> dict[str, npt.NDArray[np.intp]]:
    """The place of each pair's level in its comparison; one past the last where none holds."""
    found = {}
    for one in comparisons:
        place = np.full(count, len(one.levels), dtype=np.intp)
        for at in range(len(one.levels) - 1, -1, -1):
            place[np.broadcast_to(one.levels[at][1].of(*sides, known), count)] = at
        found[one.name] = place
    return found


def _one_pass(
    left: Rows, right: Rows | None, parts: Sequence[_Part], begun: Levels, block: Pass
) -> tuple[list[_Learnt], tuple[int, float]]:
    """What Splink learns inside one block, and (pairs, how many of them are one person)."""
    mine, theirs = pairs_of(left, right, block.condition)
    if len(mine) < LEAST_SEEN:
        return [], (len(mine), 0.0)
    ours = [part for part in parts if part.whole.name not in block.demands]
    seen = [
        Seen(part.within.name, place, _begun_in(part, begun))
        for part, place in zip(ours, _places(left, right, ours, mine, theirs), strict=True)
    ]
    same, chances = maximised([one for one in seen if one.told])
    learnt = [
        _Learnt(part.whole.name, dict(zip(part.within.names, m, strict=True)), one.told * same)
        for part, one in zip(ours, seen, strict=True)
        if one.told and any(m := chances[one.name])
    ]
    return learnt, (len(mine), len(mine) * same)


def _begun_in(part: _Part, begun: Levels) -> list[tuple[float, float]]:
    rows = begun[part.whole.name]
    return [(rows[name].m, rows[name].u) for name in part.within.names]


def _places(
    left: Rows, right: Rows | None, parts: Sequence[_Part], mine: Any, theirs: Any
) -> list[npt.NDArray[np.int16]]:
    """For each part the place of each pair's level in it, -1 where it does not tell as much."""
    other = left if right is None else right
    comparisons = list({part.whole.name: part.whole for part in parts}.values())
    found = [np.empty(len(mine), np.int16) for _ in parts]
    for begin in range(0, len(mine), _PAIRS_AT_ONCE):
        some = slice(begin, begin + _PAIRS_AT_ONCE)
        sides, size = (by_name(left[mine[some]]), by_name(other[theirs[some]])), len(mine[some])
        known = dict[int, Any]()
        levels = levels_of(comparisons, sides, size, known)
        for part, places in zip(parts, found, strict=True):
            within = np.array(
                [part.within.names.index(name) if name in part.within.names else -1
                 for name in part.whole.names] + [-1], np.int16,
            )  # fmt: skip
            told = np.broadcast_to(part.told.of(*sides, known), size)
            places[some] = np.where(told, within[levels[part.whole.name]], -1)
    return found


def _joined(
    one: Comparison, start: Levels, begun: Levels, learnt: Sequence[_Learnt]
) -> dict[str, Level]:
    """The passes' estimates by the pairs behind them, drawn towards what was assumed."""
    joined = {}
    for name, level in begun[one.name].items():
        ours = [each for each in learnt if each.comparison == one.name and name in each.chances]
        pairs = sum(each.pairs for each in ours)
        seen = sum(each.pairs * each.chances[name] for each in ours)
        # Where u kept its assumed value m must too: they count among the same pairs.
        if level.origin != "trained" or seen < LEAST_SEEN:
            joined[name] = replace(start[one.name][name], alike=seen, unlike=level.unlike)
            continue
        m = (seen + PRIOR_PAIRS * level.m) / (pairs + PRIOR_PAIRS)
        least = level.m * 2.0**-_MOST_AGAINST
        joined[name] = replace(level, m=min(1.0, max(m, least)), alike=seen)
    return joined
