"""Telling two kinds of answers apart by time: Welch's t, and a classifier trained on half of them."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from statistics import fmean, variance

BINS = 24
CUTS = (0.5, 0.75, 0.9, 1.0)


def largest_t(one: Sequence[float], other: Sequence[float]) -> float:
    """The t farthest from 0 of both samples whole and without their slowest half, quarter, tenth.

    A busy machine makes a few answers very slow; among them a millisecond cannot be seen. The cut is
    one time for both samples. Method: Reparaz, Balasch and Verbauwhede 2017, "Dude, is my code
    constant time?", section 2.
    """
    ranked = sorted([*one, *other])
    found = []
    for cut in CUTS:
        most = ranked[int(len(ranked) * cut) - 1]
        kept = [[value for value in sample if value <= most] for sample in (one, other)]
        if min(map(len, kept)) > 1:
            found.append(welch_t(*kept))
    return max(found, key=abs, default=0.0)


def welch_t(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t of two samples; without unit."""
    spread = variance(one) / len(one) + variance(other) / len(other)
    return (fmean(one) - fmean(other)) / math.sqrt(spread) if spread else 0.0


def trained_auc(one: Sequence[float], other: Sequence[float]) -> float:
    """Area under the curve, on the second halves, of a classifier trained on the first halves.

    It learns how likely each range of times is for either kind, so it finds any difference of the
    distributions, not of the means alone. 0.5 tells nothing apart.
    """
    half = min(len(one), len(other)) // 2
    edges = _edges([*one[:half], *other[:half]])
    counts = [[1] * (len(edges) + 1) for _ in range(2)]
    for kind, sample in enumerate((one[:half], other[:half])):
        for value in sample:
            counts[kind][bisect.bisect(edges, value)] += 1
    scores = [math.log(a / b) for a, b in zip(*counts, strict=True)]

    def score(value: float) -> float:
        return scores[bisect.bisect(edges, value)]

    return _area([score(v) for v in one[half:]], [score(v) for v in other[half:]])


def _edges(values: Sequence[float]) -> list[float]:
    ranked = sorted(values)
    return sorted({ranked[len(ranked) * n // BINS] for n in range(1, BINS)})


def _area(positive: Sequence[float], negative: Sequence[float]) -> float:
    """How often a positive scores above a negative; ties count half (Mann and Whitney)."""
    ranked = sorted(negative)
    below = sum(bisect.bisect_left(ranked, p) + bisect.bisect_right(ranked, p) for p in positive)
    return below / (2 * len(positive) * len(negative))
