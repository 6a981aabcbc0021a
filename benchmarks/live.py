"""*Who is this?* asked live: speed and quality against registers of several sizes, beside peers.

Ours is measured in one process, from keys to the ranked answer, its round trips to PostgreSQL
included. All engines get the same rows of an invented nation and the same questions. Each engine's
threshold is the one with the best F1 on the training nation (other seed, other people); the test
nation is asked once. Somebody absent who is taken for anybody is a false positive. The entry of the
audit is written by whoever asks, in its own transaction (`reports` measures that).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from benchmarks.harness import AS_OF, Bench, Goal, Result, bench, percentile, table
from benchmarks.peopled import database_of, peopled, person_id, questions, records
from benchmarks.population import TEST_SEED, TRAINING_SEED

SIZES = [10_000, 100_000, 1_000_000]
QUICK_SIZES = [10_000]
TRAINING_SIZE: Final = 100_000
QUESTIONS: Final = 2_000
ONE_BY_ONE: Final = {"splink": 60, "trigrams": 500}
PRECISION: Final = 0.99
ENGINES: Final = ("ours", "splink", "trigrams")


@dataclass(frozen=True, slots=True)
class Answer:
    """An engine's first answer: its score, and whether it names the right person."""

    kind: str
    present: bool
    answered: bool
    score: float
    right: bool
    in_five: bool = False


def main(arguments: Sequence[str] = ()) -> int:
    """Run, keep and print; status 1 when a goal is missed."""
    asked = _options(arguments)
    sizes = asked.sizes or (QUICK_SIZES if asked.quick else SIZES)
    result = Result(
        "live", f"{QUESTIONS:,} questions of the test nation, one at a time and in one call"
    )
    with bench() as running:
        trained = min(TRAINING_SIZE, max(sizes))
        training = _Nation(running, trained, TRAINING_SEED, peers=not asked.alone)
        thresholds = {name: best_f1(found)[1] for name, found in training.answers.items()}
        for size in sizes:
            nation = _Nation(running, size, TEST_SEED, peers=not asked.alone)
            result.rows.append(_row(size, nation, thresholds))
            result.by_kind += [{"size": size} | row for row in by_kind(nation.answers, thresholds)]
            print(table([result.rows[-1]]), flush=True)
    _judge(result, peers=not asked.alone)
    result.remarks.append(
        f"thresholds chosen on {trained:,} persons of seed {TRAINING_SEED}: "
        + ", ".join(f"{name} {value:.3g}" for name, value in thresholds.items())
    )
    return result.keep()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks live", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small size")
    parser.add_argument("--sizes", type=lambda s: [int(n) for n in s.split(",")], default=None)
    parser.add_argument("--alone", action="store_true", help="without the peers")
    return parser.parse_args(arguments)


class _Nation:
    """One nation asked by every engine: answers and milliseconds by engine."""

    def __init__(self, running: Bench, persons: int, seed: int, *, peers: bool) -> None:
        self.filled = peopled(running, persons, seed)
        self.asked = questions(running, persons, seed)[:QUESTIONS]
        self.answers: dict[str, list[Answer]] = {}
        self.spent: dict[str, list[float]] = {}
        self.told_spent: list[float] = []
        self.per_second: dict[str, float] = {}
        _into_memory(running.server.address("postgres", database_of(persons, seed)))
        running.act_as("worker", database_of(persons, seed))
        from anwang.access.sealing import token
        from anwang.people.rules.forms import forms_of

        self.forms = [forms_of(one, token=token, query=True, told_on=AS_OF) for one in self.asked]
        self._ours()
        running.leave()
        if peers:
            self._peers(running, persons, seed)

    def _ours(self) -> None:
        from anwang.people.queries import find_people, rank_many

        for forms in self.forms[:200]:
            find_people(forms)
        found, self.spent["ours"] = _one_by_one(lambda one: rank_many([one])[0], self.forms)
        _, self.told_spent = _one_by_one(find_people, self.forms[:500])
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            rank_many(self.forms)
            seconds.append(time.perf_counter() - began)
        self.per_second["ours"] = len(self.forms) / min(seconds)
        self.answers["ours"] = [
            self._answer(question, str(ranked[0][0]) if ranked else None,
                         ranked[0][1].probability if ranked else 0.0,
                         [str(person) for person, _ in ranked])
            for question, ranked in zip(self.asked, found, strict=True)
        ]  # fmt: skip

    def _peers(self, running: Bench, persons: int, seed: int) -> None:
        from benchmarks.peers import Splink, Trigrams, questions_cleaned, read_records

        address = running.server.address("postgres", database_of(persons, seed))
        numbers = records(running, persons, seed)["national_id"].to_pylist()
        rows = read_records(address, numbers)
        told = questions_cleaned(
            (forms, one.get("national_id") or "")
            for forms, one in zip(self.forms, self.asked, strict=True)
        )
        trigrams = Trigrams.over(address, rows)
        some = told[: ONE_BY_ONE["trigrams"]]
        trigrams.ask(some[0])
        found, self.spent["trigrams"] = _one_by_one(trigrams.ask, some)
        self.answers["trigrams"] = self._scored(found)
        trigrams.connection.close()
        splink = Splink(rows)
        some = told[: ONE_BY_ONE["splink"]]
        splink.ask(some[:1])
        _, self.spent["splink"] = _one_by_one(lambda one: splink.ask([one]), some)
        began = time.perf_counter()
        together = splink.ask(told)
        self.per_second["splink"] = len(told) / (time.perf_counter() - began)
        self.answers["splink"] = self._scored(together)

    def _scored(self, found: Sequence[Any]) -> list[Answer]:
        return [
            self._answer(question, one.person, one.score, [])
            for question, one in zip(self.asked, found, strict=False)
        ]

    def _answer(
        self, question: dict[str, Any], person: str | None, score: float, shown: Sequence[str]
    ) -> Answer:
        whom = question["person"]
        truth = None if whom is None else str(person_id(whom))
        right = person is not None and person == truth
        return Answer(question["kind"], truth is not None, person is not None, score, right,
                      truth in shown)  # fmt: skip


def _into_memory(address: str) -> None:
    """Read once what questions read: a server in use holds it, as the peers hold theirs."""
    with psycopg.connect(address) as own:
        own.execute("select count(packed) from people_identity")
        own.execute("set enable_seqscan = off")
        own.execute("select count(*) from people_key where key > 0 or key <= 0")
        own.execute("select count(*) from people_identity where no > 0")


def _one_by_one(ask: Callable[[Any], Any], asked: Sequence[Any]) -> tuple[list[Any], list[float]]:
    """Answers, and the milliseconds of each."""
    found, spent = [], []
    for one in asked:
        began = time.perf_counter()
        found.append(ask(one))
        spent.append((time.perf_counter() - began) * 1000)
    return found, spent


def best_f1(answers: Sequence[Answer]) -> tuple[float, float]:
    """(the best F1, the lowest score that is taken for it)."""
    best = (0.0, float("inf"))
    for least in sorted({one.score for one in answers if one.answered}):
        best = max(best, (f1_at(answers, least), least))
    return best


def f1_at(answers: Sequence[Answer], least: float) -> float:
    """F1 of the first answers scored `least` or more."""
    taken = [one for one in answers if one.answered and one.score >= least]
    right = sum(one.right for one in taken)
    return 2 * right / ((len(taken) + sum(one.present for one in answers)) or 1)


def recall_at_precision(answers: Sequence[Answer], precision: float = PRECISION) -> float:
    """The recall where the answers, taken from the surest down, keep the precision."""
    right, best = 0, 0
    ordered = sorted((one for one in answers if one.answered), key=lambda one: -one.score)
    for taken, one in enumerate(ordered, start=1):
        right += one.right
        ends = taken == len(ordered) or ordered[taken].score < one.score
        if ends and right / taken >= precision:
            best = right
    return best / (sum(one.present for one in answers) or 1)


def _row(size: int, nation: _Nation, thresholds: dict[str, float]) -> dict[str, Any]:
    ours = nation.answers["ours"]
    present = [one for one in ours if one.present]
    row: dict[str, Any] = {
        "size": size,
        "records": nation.filled["rows"],
        "recall": round(recall_at_precision(ours), 4),
        "in_five": round(sum(one.in_five for one in present) / len(present), 4),
        "shown_p50": round(percentile(nation.told_spent, 0.5), 2),
    }
    for name in ENGINES:
        if name not in nation.answers:
            continue
        row[f"{name}_p50"] = round(percentile(nation.spent[name], 0.5), 2)
        row[f"{name}_p99"] = round(percentile(nation.spent[name], 0.99), 2)
        row[f"{name}_f1"] = round(f1_at(nation.answers[name], thresholds[name]), 4)
        row[f"{name}_best_f1"] = round(best_f1(nation.answers[name])[0], 4)
        if name in nation.per_second:
            row[f"{name}_a_second"] = round(nation.per_second[name])
    return row


def by_kind(
    answers: Mapping[str, Sequence[Answer]], thresholds: Mapping[str, float]
) -> list[dict[str, Any]]:
    """For each kind of slip how many were asked, missed and wrongly taken by each engine."""
    kinds = sorted({one.kind for found in answers.values() for one in found})
    rows: list[dict[str, Any]] = [{"kind": kind} for kind in kinds]
    for name, found in answers.items():
        for row in rows:
            mine = [one for one in found if one.kind == row["kind"]]
            taken = [one for one in mine if one.answered and one.score >= thresholds[name]]
            right = sum(one.right for one in taken)
            row |= {
                f"{name}_asked": len(mine),
                f"{name}_missed": sum(one.present for one in mine) - right,
                f"{name}_wrong": len(taken) - right,
            }
    return rows


def _judge(result: Result, *, peers: bool) -> None:
    last = result.rows[-1]
    if len(result.rows) > 1:
        result.grow("ours_p50")
    result.goals += [
        Goal("one description, median", last["ours_p50"], 1.9, "ms"),
        Goal("one description, 99th of 100", last["ours_p99"], 10, "ms"),
        Goal("2,000 in one call", last["ours_a_second"], 5_000, "a second", at_most=False),
        Goal(f"recall at precision {PRECISION}", last["recall"], 0.98, "", at_most=False),
        Goal("in the first five", last["in_five"], 0.995, "", at_most=False),
    ]
    if not peers:
        return
    missed = max(1 - last["ours_f1"], 1e-9)
    result.goals += [
        Goal("Splink's median over ours", last["splink_p50"] / last["ours_p50"], 500, "times",
             at_most=False),
        Goal("pg_trgm's median over ours", last["trigrams_p50"] / last["ours_p50"], 10, "times",
             at_most=False),
        Goal("1 - F1 over Splink's", missed / max(1 - last["splink_f1"], 1e-9), 1 / 3, ""),
        Goal("1 - F1 over pg_trgm's", missed / max(1 - last["trigrams_f1"], 1e-9), 1 / 3, ""),
    ]  # fmt: skip
    result.remarks.append(
        f"Splink is asked {ONE_BY_ONE['splink']} questions one at a time and all in one call, pg_trgm"
        f" {ONE_BY_ONE['trigrams']} one at a time"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
