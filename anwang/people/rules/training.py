"""Estimates m and u of every level from records alone: nobody tells which pairs are one person.

u comes from random pairs, each counted as far as it is *not* one person by the model at hand; m from
Splink's expectation maximisation over pairs that share a block, once for each kind of block, since
what a block demands cannot be learnt inside it (Fellegi and Sunter 1969; Winkler 1988; Linacre et
al. 2022 for the passes). A level that too few pairs show keeps the value training began with.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt

from anwang.people.rules.columns import by_name
from anwang.people.rules.comparisons import Comparison
from anwang.people.rules.expressions import Columns, Expression
from anwang.people.rules.model_file import Level, Levels
from anwang.people.rules.splink_settings import Link, level_value, settings_of, table_of
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
    """One block of training: a condition over `l` and `r` that mostly pairs of one person meet."""

    name: str
    condition: str


PASSES: Final = (
    Pass("number", "l.id = r.id and l.id <> 0"),
    Pass("name and year",
         "l.given = r.given and l.given <> 0 and l.surname = r.surname and l.surname <> 0"
         " and l.year = r.year and l.year <> 0"),
    Pass("sound and day",
         "l.sounds = r.sounds and l.sounds <> 0 and l.month = r.month and l.month <> 0"
         " and l.day = r.day and l.day <> 0"),
    # Without the age, a mother and her child at one door would count as one person.
    Pass("door and age",
         "l.door = r.door and l.door <> 0 and l.year + l.about_year > 0 and r.year + r.about_year > 0"
         " and abs(l.year + l.about_year - r.year - r.about_year) <= 2 and l.sex = r.sex"),
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
    tell: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Learn from the pairs of `left` and `right`, or of `left` with itself where `right` is None.

    `start` is the model to begin with; `one_in`: a priori one pair of so many is one person. The
    same rows and seed give the same levels.
    """
    parts = [
        _Part(one, stratum.of(one), stratum.told)
        for one in comparisons
        for stratum in strata_of(one)
    ]
    tell("u")
    begun = _with_u(
        parts, start, *random_levels(left, right, parts, start, one_in, seed, random_pairs)
    )
    learnt: list[_Learnt] = []
    pairs: dict[str, tuple[int, float]] = {}
    for block in passes:
        tell(block.name)
        found, counted = _one_pass(left, right, parts, begun, one_in, block)
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
) -> Levels:
    """The levels with u as met among random pairs, each with its weight until m is learnt."""
    begun: dict[str, dict[str, Level]] = {name: dict(rows) for name, rows in start.items()}
    for comparison, rows in begun.items():
        ours = [place for place, part in enumerate(parts) if part.whole.name == comparison]
        for at, (name, level) in enumerate(rows.items()):
            strata = [place for place in ours if name in parts[place].within.names]
            met = sum(seen[place][at] for place in strata)
            if met >= LEAST_SEEN:
                u = float(met / sum(told[place] for place in strata))
                rows[name] = Level(min(1.0, u * level.m / level.u), u, "trained")
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
    left: Rows,
    right: Rows | None,
    parts: Sequence[_Part],
    begun: Levels,
    one_in: float,
    block: Pass,
) -> tuple[list[_Learnt], tuple[int, float]]:
    """What Splink learns inside one block, and (pairs, how many of them are one person)."""
    with duckdb.connect() as engine:
        linker, link = _linker(engine, left, right, parts, begun, one_in, block)
        pairs, told = _told(engine, parts, block, link)
        if pairs < LEAST_SEEN:
            return [], (pairs, 0.0)
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            block.condition
        )
    core = session.core_model_settings
    same = float(core.probability_two_random_records_match)
    trained = {one.output_column_name: one for one in core.comparisons}
    learnt = [
        _Learnt(part.whole.name, chances, many * same)
        for part, many in zip(parts, told, strict=True)
        if part.within.name in trained
        and (chances := _chances(part.within, trained[part.within.name]))
    ]
    return learnt, (pairs, pairs * same)


def _linker(
    engine: duckdb.DuckDBPyConnection,
    left: Rows,
    right: Rows | None,
    parts: Sequence[_Part],
    begun: Levels,
    one_in: float,
    block: Pass,
) -> tuple[Any, Link]:
    from splink import DuckDBAPI, Linker  # a second to import, needed by nobody else

    link: Link = "dedupe_only" if right is None else "link_only"
    chances = {
        part.within.name: {
            name: (level.m, level.u) for name, level in begun[part.whole.name].items()
        }
        for part in parts
    }
    within = [part.within for part in parts]
    settings = settings_of(
        within, chances, engine="duckdb", link=link, blocking=[block.condition], one_in=one_in
    )
    api = DuckDBAPI(engine)
    tables = []
    for name, rows in (("asked", left), ("known", right)):
        if rows is not None:
            engine.register(f"{name}_rows", table_of(rows))
            engine.execute(f"create table {name} as select * from {name}_rows")  # noqa: S608 - two names
            tables.append(api.register(name, table_name=f"{name}_table"))
    linker = Linker(tables, settings)
    # It tells of every level that a pass does not see; the model's file says so in one word.
    logging.getLogger("splink").setLevel(logging.ERROR)
    return linker, link


def _told(
    engine: duckdb.DuckDBPyConnection, parts: Sequence[_Part], block: Pass, link: Link
) -> tuple[int, list[int]]:
    """How many pairs the block has, and how many of them tell as much as each part asks."""
    other = "asked" if link == "dedupe_only" else "known"
    order = " and l.place < r.place" if link == "dedupe_only" else ""
    named = "select column_name from information_schema.columns where table_name = ?"
    sides = ", ".join(
        f"{side}.{name} as {name}_{side}"
        for side, table in (("l", "asked"), ("r", other))
        for (name,) in engine.execute(named, [table]).fetchall()
    )
    counts = ", ".join(f"count(*) filter ({part.told.text('duckdb')})" for part in parts)
    (row,) = engine.execute(
        f"select count(*), {counts} from (select {sides} from asked l join {other} r"  # noqa: S608 - our own text
        f" on {block.condition}{order})"
    ).fetchall()
    return row[0], list(row[1:])


def _chances(one: Comparison, comparison: Any) -> dict[str, float]:
    """m of the levels that the pass saw, 0 of the others; empty where it saw none."""
    seen = {
        level.comparison_vector_value: level._m_probability
        for level in comparison.comparison_levels
        if not level.is_null_level
    }
    told = {name: seen.get(level_value(one, name)) for name in one.names}
    found = {name: float(m) if isinstance(m, float) else 0.0 for name, m in told.items()}
    return found if any(found.values()) else {}


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
        if level.origin != "trained" or max(seen, pairs * level.m) < LEAST_SEEN:
            joined[name] = start[one.name][name]
            continue
        m = (seen + PRIOR_PAIRS * level.m) / (pairs + PRIOR_PAIRS)
        least = level.m * 2.0**-_MOST_AGAINST
        joined[name] = Level(min(1.0, max(m, least)), level.u, "trained")
    return joined
