"""The linkage model learnt anew and judged beside the one it began with, by the same questions.

A nation of the training seed (20264) with five registries is loaded; half of its questions teach,
with their records and without their truth; the other half choose the threshold. The test nation
(20265) is asked once with each version and changes nothing. `--out` keeps the draft.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import AS_OF, Bench, Goal, Result, bench
from benchmarks.peopled import database_of, folder_of, peopled, questions
from benchmarks.population import TEST_SEED, TRAINING_SEED

ASSUMED: Final = "2026-11-24.1.yaml"  # every level set by hand
PERSONS: Final = 60_000
ASKED: Final = 8_000
JUDGED: Final = 2_000
PRECISION: Final = 0.99
RANDOM_PAIRS: Final = 5_000_000
# A region of a nation lies in a handful of districts: how often two strangers share one says
# nothing of the nation. And a bare surname may not gain: a family shares it with the telephone.
KEPT: Final = ("address.road", "address.district", "address.elsewhere", "name.surname")


def main(arguments: Sequence[str] = ()) -> int:
    """Train, judge, keep and print; status 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks model", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 persons")
    parser.add_argument("--persons", type=int, default=PERSONS)
    parser.add_argument(
        "--out", type=Path, help="a folder that keeps the draft and the evaluations"
    )
    parser.add_argument("--begin-with", type=Path, help="the version that training begins with")
    parser.add_argument("--judge", type=Path, help="a version to judge instead of training one")
    asked = parser.parse_args(arguments)
    persons = 10_000 if asked.quick else asked.persons
    result = Result(
        "model", f"versions of the linkage model, {persons:,} persons, {JUDGED:,} questions"
    )
    with tempfile.TemporaryDirectory() as scratch, bench() as running:
        from anwang.people.rules.scoring import MODELS

        for seed in (TRAINING_SEED, TEST_SEED):
            peopled(running, persons, seed)
        begun = asked.begin_with or MODELS / ASSUMED
        draft = asked.judge or _trained(running, persons, asked.out or Path(scratch), begun)
        out = asked.out or Path(scratch)
        for seed in (TRAINING_SEED, TEST_SEED):
            for path in (begun, draft):
                at = out / f"{path.stem}.seed-{seed}.evaluation.yaml"
                result.rows.append(_row(seed, _judged(running, persons, seed, path, at)))
                print(result.rows[-1], flush=True)
    for row in result.rows[-2:]:
        result.goals.append(
            Goal(f"recall at {PRECISION}, test seed, {row['version']}", row["recall"], 0.98, "",
                 at_most=False)
        )  # fmt: skip
    return result.keep()


def _trained(running: Bench, persons: int, folder: Path, start: Path) -> Path:
    """A draft learnt from the even questions of the training nation."""
    running.act_as("worker", database_of(persons, TRAINING_SEED))
    from anwang.people.actions.linkage_models import train_model

    asked = [_forms(one) for one in questions(running, persons, TRAINING_SEED, count=ASKED)[::2]]
    model = train_model(
        asked, folder, start=start, seed=TRAINING_SEED, random_pairs=RANDOM_PAIRS, keep=KEPT,
        tell=lambda step: print(f"  {step}", file=sys.stderr, flush=True),
    )  # fmt: skip
    running.leave()
    return model.path


def _judged(running: Bench, persons: int, seed: int, model: Path, out: Path) -> dict[str, Any]:
    """The evaluation of a version by the odd questions of a nation."""
    running.act_as("worker", database_of(persons, seed))
    from anwang.people.actions.linkage_models import evaluate_model

    whose = _records(running, persons, seed)
    asked = questions(running, persons, seed, count=ASKED)[1::2][:JUDGED]
    told = evaluate_model(
        model,
        [(_forms(one), one["kind"], whose.get(one["person"], frozenset())) for one in asked],
        out=out,
    )
    running.leave()
    return told


def _records(running: Bench, persons: int, seed: int) -> dict[Any, frozenset[tuple[str, str]]]:
    import pyarrow.parquet as pq

    found: dict[int, set[tuple[str, str]]] = {}
    truth = pq.read_table(folder_of(running, persons, seed) / "truth.parquet")
    for source, key, person in zip(
        truth["source"].to_pylist(), truth["record_key"].to_pylist(), truth["person"].to_pylist(),
        strict=True,
    ):  # fmt: skip
        found.setdefault(person, set()).add((source, key))
    return {person: frozenset(records) for person, records in found.items()}


def _forms(question: dict[str, Any]) -> Any:
    from anwang.access.sealing import token
    from anwang.people.rules.forms import forms_of

    return forms_of(question, token=token, query=True, told_on=AS_OF)


def _row(seed: int, told: dict[str, Any]) -> dict[str, Any]:
    at = next(one for one in told["thresholds"] if one["precision"] == PRECISION)
    return {
        "seed": seed, "version": told["model"], "recall": at["recall"],
        "threshold": at["probability"], "accepted_recall": told["accepted"]["recall"],
        "accepted_precision": told["accepted"]["precision"], "in_five": told["among_five"],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
