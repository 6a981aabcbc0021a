"""Many descriptions ranked at once: `scoring.rank` over arrays, with the same answer.

Conditions and weights are those of every engine (decision 17); the tests hold both ways together.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from anwang.people.rules.columns import STORED, asked_of, by_name
from anwang.people.rules.comparisons import COMPARISONS
from anwang.people.rules.forms import Forms
from anwang.people.rules.scoring import FARTHEST, LASTING, Model, Scored

Array: TypeAlias = npt.NDArray[Any]
Ranked: TypeAlias = list[tuple[uuid.UUID, Scored]]
# Pairs compared in one piece: what they need stays within some tens of megabytes.
_PAIRS_AT_ONCE = 20_000


def rank_together(
    asked: Sequence[Forms],
    place: npt.NDArray[np.int64],
    person_ids: bytes,
    packed: bytes,
    model: Model,
    limit: int,
) -> list[Ranked]:
    """The best `limit` persons for each of `asked`, as `rank` gives them.

    Of the candidates: whose they are, and one behind the other the bytes of their persons' ids and of
    their columns.
    """
    ranked: list[Ranked] = [[] for _ in asked]
    if not packed:
        return ranked
    questions = asked_of(asked, model.names)
    rows = np.frombuffer(packed, dtype=STORED)
    ids = np.frombuffer(person_ids, dtype=">u8").reshape(-1, 2)
    levels = np.concatenate(
        [
            _levels(by_name(questions[place[begin:end]]), by_name(rows[begin:end]), end - begin)
            for begin in range(0, len(rows), _PAIRS_AT_ONCE)
            for end in [min(begin + _PAIRS_AT_ONCE, len(rows))]
        ],
        axis=1,
    )
    person = _persons(place, ids)
    weight = np.zeros(len(rows))
    for comparison, level in zip(COMPARISONS, levels, strict=True):
        known = [model.weights[comparison.name][name].weight for name in comparison.names]
        if comparison.name in LASTING:
            charge(level, person, comparison.names, known)
        weight += np.array([*known, 0.0])[level]  # -1, untold, is the last
    best = _best_records(place, ids, person, weight)
    odds = np.exp2(np.minimum(weight, FARTHEST))
    mass = model.population + np.bincount(place[best], odds[best], minlength=len(asked))
    first = best[_place_within(place[best]) < limit]
    each = [tuple(model.weights[one.name][name] for name in one.names) for one in COMPARISONS]
    for mine, whose, bits, probability, found in zip(
        place[first].tolist(), ids[first], weight[first].tolist(),
        (odds[first] / mass[place[first]]).tolist(), levels[:, first].T.tolist(), strict=True,
    ):  # fmt: skip
        reasons = tuple(
            level_of[level] for level_of, level in zip(each, found, strict=True) if level >= 0
        )
        told = uuid.UUID(bytes=whose.tobytes())
        ranked[mine].append((told, Scored(bits, probability, reasons)))
    return ranked


def charge(level: Array, person: Array, names: Sequence[str], known: Sequence[float]) -> None:
    """Fill in, where a record does not tell, what the others of its person contradict; the kindest of
    them is believed (`scoring.rank`).

    `level`: a place among `names`, -1 for untold; `person`: a number from 0 for whose each record is.
    """
    kindness = sorted(range(len(names)), key=lambda at: (known[at], names[at]))
    kind_of = np.full(len(names) + 1, -1)
    kind_of[kindness] = np.arange(len(names))
    kindest = np.full(int(person.max()) + 1, -1)
    np.maximum.at(kindest, person, kind_of[level])
    against = sum(one < 0 for one in known)  # these come first
    open_ = (level < 0) & (kindest[person] < against)
    level[open_] = np.array([*kindness, -1])[kindest[person[open_]]]


def _place_within(group: Array) -> Array:
    """How many of the same group stand before each, where groups stand together."""
    count = np.arange(len(group))
    begins = np.ones(len(group), dtype=bool)
    begins[1:] = np.diff(group) != 0
    found: Array = count - np.maximum.accumulate(np.where(begins, count, 0))
    return found


def _levels(left: Mapping[str, Array], right: Mapping[str, Array], count: int) -> Array:
    """Place of the level of each comparison (rows) and pair (columns); -1 where one is untold."""
    known: dict[int, Array] = {}
    found = np.full((len(COMPARISONS), count), -1, dtype=np.int8)
    for comparison, levels in zip(COMPARISONS, found, strict=True):
        for place, (_, condition) in reversed(list(enumerate(comparison.levels))):
            levels[np.broadcast_to(condition.of(left, right, known), count)] = place
    return found


def _persons(place: Array, ids: Array) -> Array:
    """A number for each person of each description, counted from 0."""
    high, low = ids[:, 0].astype(np.uint64), ids[:, 1].astype(np.uint64)
    order = np.lexsort((low, high, place))
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = np.logical_or.reduce([np.diff(one[order]) != 0 for one in (place, high, low)])
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.cumsum(begins) - 1
    return found


def _best_records(place: Array, ids: Array, person: Array, weight: Array) -> Array:
    """The best candidate of each person of each description, by description, weight and id."""
    by_person = np.lexsort((-weight, person))
    begins = np.ones(len(person), dtype=bool)
    begins[1:] = np.diff(person[by_person]) != 0
    firsts = by_person[begins]
    high, low = ids[:, 0].astype(np.uint64), ids[:, 1].astype(np.uint64)
    order = np.lexsort((low[firsts], high[firsts], -weight[firsts], place[firsts]))
    found: Array = firsts[order]
    return found
