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
from anwang.people.rules.scoring import FARTHEST, Model, Scored

Array: TypeAlias = npt.NDArray[Any]
Ranked: TypeAlias = list[tuple[uuid.UUID, Scored]]
# Pairs compared in one piece: what they need stays within some tens of megabytes.
_PAIRS_AT_ONCE = 20_000


def rank_together(
    asked: Sequence[Forms],
    places: Sequence[int],
    person_ids: Sequence[uuid.UUID],
    packed: Sequence[bytes],
    model: Model,
    limit: int,
) -> list[Ranked]:
    """The best `limit` persons for each of `asked`, as `rank` gives them.

    Candidates come as parallel lists: whose they are, their person, their columns.
    """
    ranked: list[Ranked] = [[] for _ in asked]
    if not packed:
        return ranked
    questions = asked_of(asked, model.names)
    rows = np.frombuffer(b"".join(packed), dtype=STORED)
    place = np.asarray(places)
    levels = np.concatenate(
        [
            _levels(by_name(questions[place[begin:end]]), by_name(rows[begin:end]), end - begin)
            for begin in range(0, len(rows), _PAIRS_AT_ONCE)
            for end in [min(begin + _PAIRS_AT_ONCE, len(rows))]
        ],
        axis=1,
    )
    weight = np.zeros(len(rows))
    for comparison, level in zip(COMPARISONS, levels, strict=True):
        known = [model.weights[comparison.name][name].weight for name in comparison.names]
        weight += np.array([*known, 0.0])[level]  # -1, untold, is the last
    best = _best_records(place, person_ids, weight)
    odds = np.exp2(np.minimum(weight, FARTHEST))
    mass = model.population + np.bincount(place[best], odds[best], minlength=len(asked))
    for at in best:
        mine = ranked[place[at]]
        if len(mine) < limit:
            reasons = tuple(
                model.weights[comparison.name][comparison.names[level]]
                for comparison, level in zip(COMPARISONS, levels[:, at], strict=True)
                if level >= 0
            )
            probability = float(odds[at] / mass[place[at]])
            mine.append((person_ids[at], Scored(float(weight[at]), probability, reasons)))
    return ranked


def _levels(left: Mapping[str, Array], right: Mapping[str, Array], count: int) -> Array:
    """Place of the level of each comparison (rows) and pair (columns); -1 where one is untold."""
    known: dict[int, Array] = {}
    found = np.full((len(COMPARISONS), count), -1, dtype=np.int8)
    for comparison, levels in zip(COMPARISONS, found, strict=True):
        for place, (_, condition) in reversed(list(enumerate(comparison.levels))):
            levels[np.broadcast_to(condition.of(left, right, known), count)] = place
    return found


def _best_records(place: Array, person_ids: Sequence[uuid.UUID], weight: Array) -> Array:
    """The best candidate of each person of each description, by description, weight and id."""
    ids = np.frombuffer(b"".join(one.bytes for one in person_ids), dtype=">u8").reshape(-1, 2)
    high, low = ids[:, 0], ids[:, 1]
    by_person = np.lexsort((-weight, low, high, place))
    same = [np.diff(one[by_person]) == 0 for one in (place, high, low)]
    firsts = by_person[np.concatenate([[True], ~(same[0] & same[1] & same[2])])]
    order = np.lexsort((low[firsts], high[firsts], -weight[firsts], place[firsts]))
    found: Array = firsts[order]
    return found
