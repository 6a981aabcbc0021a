"""The Western model learnt from FEBRL's records alone: nobody looks at a true pair.

The same training as for persons here (`people/rules/training.py`): u from random pairs, m from
Splink's expectation maximisation inside blocks. It begins with the same chances for every
comparison, so that nothing known of these records comes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from anwang.people.rules.comparisons import Comparison
from anwang.people.rules.model_file import Level, ModelFile, write_model
from anwang.people.rules.training import Pass, train
from benchmarks.western.comparisons import COMPARISONS
from benchmarks.western.linking import records
from benchmarks.western.rows import rows_of

VERSION: Final = "western-2026-11-22.2"
SEED: Final = 1
_RANDOM_PAIRS: Final = 300_000
# What every comparison begins with: four of five agree, and one of a hundred strangers does.
_AGREE, _BY_CHANCE = 0.8, 0.01
_ADDRESS: Final = ("number", "street", "place", "suburb", "postcode", "state")


def _same(*columns: str) -> str:
    return " and ".join(f"l.{one} = r.{one} and l.{one} <> 0" for one in columns)


PASSES: Final = (
    Pass("born", _same("born"), ("born",)),
    Pass("social", _same("social"), ("social",)),
    Pass("given and surname", _same("given", "surname"), ("given", "surname")),
    # What else is told of the place follows from street and postcode.
    Pass("street and postcode", _same("street", "postcode"), _ADDRESS),
)


def begun() -> Mapping[str, Mapping[str, Level]]:
    """The chances that training begins with."""
    return {one.name: _begun(one) for one in COMPARISONS}


def _begun(one: Comparison) -> dict[str, Level]:
    first, *between, last = one.names
    rest = (1 - _AGREE) / (len(between) + 1)
    return {
        first: Level(_AGREE, _BY_CHANCE),
        **{name: Level(rest, _BY_CHANCE) for name in between},
        last: Level(rest, 1 - _BY_CHANCE * (len(between) + 1)),
    }


def learnt(path: Path) -> ModelFile:
    """Learn from both files of FEBRL 4 and write the model. Raises FileExistsError."""
    originals, copies, _ = records()
    left, right = rows_of(originals), rows_of(copies)
    found = train(
        left, right, COMPARISONS, begun(), one_in=float(len(right)), seed=SEED, passes=PASSES,
        random_pairs=_RANDOM_PAIRS,
    )  # fmt: skip
    told = {
        "source": "trained on the records of FEBRL 4 by Splink's expectation maximisation, true pairs unseen",
        "population": len(right),
        "trained": {
            "seed": SEED, "random_pairs": _RANDOM_PAIRS,
            "passes": {name: {"pairs": pairs, "same": round(same)}
                       for name, (pairs, same) in found.pairs.items()},
        },
    }  # fmt: skip
    model = ModelFile(path, VERSION, found.levels, told)
    write_model(model)
    return model
