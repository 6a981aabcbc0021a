"""How well and how fast *same person?* answers, and how fast a household picture is drawn.

Held-out queries of the demo's mix, over counties of another seed than the demo's and the tests'.
Recall at a precision: answers are taken from the surest down, as long as 99 of 100 taken are
right; recall is the share of present persons found among them. `accepted`: what the model takes by
its own threshold, which saw none of these queries.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.harness import AS_OF, SEED, Goal, Result, bench, percentile
from benchmarks.loading import database_of, loaded

if TYPE_CHECKING:
    from uuid import UUID

    from demo.county import County
    from demo.queries import Query

SIZES = [10_000, 30_000, 100_000]
QUICK_SIZES = [2_000, 5_000, 10_000]
QUERIES = 1_000
QUERY_SEED = 9001
PICTURES = 200
PRECISION: Final = 0.99
RECALL_GOAL: Final = 0.98
REGISTRY: Final = "household-registration"


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer to one query: how sure, whether taken by the model, whether right."""

    query: Query
    probability: float
    accepted: bool
    right: bool
    milliseconds: float


def main(arguments: Sequence[str] = ()) -> int:
    """Run, keep and print; status 1 when a goal is missed."""
    asked = _options(arguments)
    result = Result(
        "matching",
        f"{asked.queries:,} held-out queries in the demo's mix and {PICTURES} pictures of a family;"
        f" recall at precision {PRECISION}",
    )
    with bench() as running:
        for size in asked.sizes or (QUICK_SIZES if asked.quick else SIZES):
            loaded(running, size)
            running.act_as("worker", database_of(size))
            from demo.county import build_county

            county = build_county(SEED, AS_OF, size)
            answers = _ask(county, asked.queries, asked.seed)
            result.rows.append({"size": size} | measured(answers) | _pictures(county))
            running.leave()
            if asked.misses:
                _print_misses(answers)
            result.by_kind += [{"size": size} | row for row in by_kind(answers)]
    _judge(result)
    return result.keep()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks matching", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three small sizes")
    parser.add_argument("--sizes", type=lambda s: [int(n) for n in s.split(",")], default=None)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--seed", type=int, default=QUERY_SEED, help="of the queries")
    parser.add_argument("--misses", action="store_true", help="print what was not found")
    return parser.parse_args(arguments)


def _judge(result: Result) -> None:
    last = result.rows[-1]
    for column in ("ms_p50", "picture_ms_p50"):
        result.grow(column)
    result.goals += [
        Goal(f"recall at precision {PRECISION}", last["recall"], RECALL_GOAL, "", at_most=False),
        Goal("precision of what is accepted", last["accepted_precision"], PRECISION, "",
             at_most=False),
        Goal("one query, median", last["ms_p50"], 1.9, "ms"),
        Goal("one query, 99th of 100", last["ms_p99"], 10, "ms"),
        Goal("one household picture, median", last["picture_ms_p50"], 10, "ms"),
    ]  # fmt: skip


def measured(answers: Sequence[Answer]) -> dict[str, Any]:
    """Recall at the precision, what the model accepts, and milliseconds."""
    least = threshold(answers)
    present = [one for one in answers if one.query.truth is not None]
    spent = [one.milliseconds for one in answers]
    return {
        "recall": _share(one.right and one.probability >= least for one in present),
        "at_probability": round(least, 3),
        "accepted_recall": _share(one.right and one.accepted for one in present),
        "accepted_precision": _share(one.right for one in answers if one.accepted),
        "ms_p50": round(percentile(spent, 0.5), 2),
        "ms_p99": round(percentile(spent, 0.99), 2),
    }


def threshold(answers: Sequence[Answer]) -> float:
    """The lowest probability down to which `PRECISION` of the answers are right."""
    right = 0
    lowest = 1.1
    ordered = sorted((one for one in answers if one.probability), key=lambda one: -one.probability)
    for taken, one in enumerate(ordered, start=1):
        right += one.right
        # Equal probabilities are taken together or not at all.
        ends = taken == len(ordered) or ordered[taken].probability < one.probability
        if ends and right / taken >= PRECISION:
            lowest = one.probability
    return lowest


def by_kind(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """A row for each kind of query. Absent persons have no recall: whoever is taken is wrong."""
    least = threshold(answers)
    found = []
    for kind, count in sorted(Counter(one.query.kind for one in answers).items()):
        ours = [one for one in answers if one.query.kind == kind]
        present = [one for one in ours if one.query.truth is not None]
        recall = _share(one.right and one.probability >= least for one in present)
        found.append(
            {
                "kind": kind,
                "queries": count,
                "recall": recall if present else "-",
                "right": sum(one.accepted and one.right for one in ours),
                "wrong": sum(one.accepted and not one.right for one in ours),
            }
        )
    return found


def _ask(county: County, count: int, seed: int) -> list[Answer]:
    from anwang.access.sealing import token
    from anwang.people.queries import find_people
    from anwang.people.rules.forms import forms_of
    from demo.queries import queries

    answers = []
    for query in queries(county, count, seed):
        began = time.perf_counter()
        forms = forms_of(query.row, token=token, query=True, told_on=AS_OF)
        matches = find_people(forms)
        spent = (time.perf_counter() - began) * 1000
        best = matches[0] if matches else None
        keys = {key for source, key in best.records if source == REGISTRY} if best else set()
        answers.append(
            Answer(
                query,
                best.probability if best else 0.0,
                bool(best and best.accepted),
                query.truth is not None and query.truth in keys,
                spent,
            )
        )
    return answers


def _pictures(county: County) -> dict[str, Any]:
    """Pictures around a child and its parents, as of the county's day."""
    from anwang.households.queries import picture_of

    persons = _person_ids()
    children = [
        one for one in county.persons.values()
        if one.died_on is None and one.age_on(AS_OF) < 12 and one.key in persons
    ]  # fmt: skip
    spent, members = [], []
    for child in random.Random(SEED).choices(children, k=PICTURES):
        subjects = [
            {"index": place, "role": role, "person_id": persons.get(key)}
            for place, (role, key) in enumerate(
                [("victim", child.key), ("respondent", child.father), ("carer", child.mother)]
            )
        ]
        began = time.perf_counter()
        picture = picture_of(subjects, as_of=AS_OF)
        spent.append((time.perf_counter() - began) * 1000)
        members.append(len(picture["members"]))
    return {
        "picture_members": round(sum(members) / len(members), 1),
        "picture_ms_p50": round(percentile(spent, 0.5), 2),
        "picture_ms_p99": round(percentile(spent, 0.99), 2),
    }


def _person_ids() -> dict[str, UUID]:
    from anwang.people.models import Identity

    told = Identity.objects.filter(source_id=REGISTRY, superseded=False, person__isnull=False)
    return dict(told.values_list("record_key", "person_id"))


def _share(wanted: Iterable[bool]) -> float:
    truths = list(wanted)
    return round(sum(truths) / len(truths), 4) if truths else 0.0


def _print_misses(answers: Sequence[Answer]) -> None:
    for one in answers:
        if one.accepted != one.right:
            row = {key: value for key, value in one.query.row.items() if key != "query_id"}
            told = (one.query.kind, one.query.truth, round(one.probability, 3), one.right)
            print(*told, json.dumps(row, ensure_ascii=False), file=sys.stderr)
