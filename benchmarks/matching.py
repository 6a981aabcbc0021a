"""How well and how fast *same person?* answers: held-out queries of the demo's mix.

Recall at a precision: answers are taken from the surest down, as long as 99 of 100 taken are
right; recall is the share of present persons found among them. `accepted` is what the model itself
takes. The county is drawn from a seed that nothing was tuned on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from benchmarks.instances import AS_OF, Loaded, loaded_county

if TYPE_CHECKING:
    from demo.queries import Query

PRECISION = 0.99
RECALL_GOAL = 0.95
REGISTRY = "household-registration"


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer to one query: how sure, whether taken by the model, whether right."""

    query: Query
    probability: float
    accepted: bool
    right: bool
    milliseconds: float


def main(arguments: Sequence[str] = ()) -> bool:
    """Run and print; True when the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks matching", description=__doc__)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=9001, help="of the queries")
    parser.add_argument("--county-seed", type=int, default=77031, help="of the county")
    parser.add_argument("--persons", type=int, default=60_000)
    parser.add_argument("--home", type=Path, help="where the instance is kept")
    parser.add_argument("--misses", action="store_true", help="print what was not found")
    asked = parser.parse_args(arguments)
    with loaded_county(asked.county_seed, asked.persons, asked.home) as loaded:
        answers = _ask(loaded, asked.queries, asked.seed)
    found = measured(answers) | {
        "persons": len(loaded.county.persons),
        "county_seed": asked.county_seed,
        "seed": asked.seed,
    }
    if asked.misses:
        _print_misses(answers)
    print(json.dumps(found, ensure_ascii=False))
    print(table(found), file=sys.stderr)
    return bool(found["recall"] < RECALL_GOAL)


def measured(answers: Sequence[Answer]) -> dict[str, Any]:
    """Recall at the precision, what the model accepts, by kind of query, and milliseconds."""
    least = threshold(answers)
    present = [one for one in answers if one.query.truth is not None]
    hundredths = quantiles([one.milliseconds for one in answers], n=100)
    accepted = [one for one in answers if one.accepted]
    return {
        "queries": len(answers),
        "precision_asked": PRECISION,
        "recall": _share(one.right and one.probability >= least for one in present),
        "threshold": least,
        "accepted_recall": _share(one.right and one.accepted for one in present),
        "accepted_precision": _share(one.right for one in accepted),
        "by_kind": {kind: _of_kind(kind, answers, least) for kind in _kinds(answers)},
        "ms_p50": round(hundredths[49], 2),
        "ms_p99": round(hundredths[98], 2),
    }


def threshold(answers: Sequence[Answer]) -> float:
    """The lowest probability down to which `PRECISION` of the answers are right."""
    taken = right = 0
    lowest = 1.1
    ordered = sorted(answers, key=lambda one: -one.probability)
    for place, one in enumerate(ordered):
        taken += one.probability > 0
        right += one.right
        last = place + 1 == len(ordered)
        ends = last or ordered[place + 1].probability < one.probability
        if ends and taken and right / taken >= PRECISION:
            lowest = one.probability
    return lowest


def table(found: dict[str, Any]) -> str:
    """The figures as a small Markdown table."""
    lines = [
        "| kind | queries | recall at 0.99 | accepted and right | accepted and wrong |",
        "|---|---|---|---|---|",
    ]
    for kind, row in found["by_kind"].items():
        lines.append(
            f"| {kind} | {row['queries']} | {row['recall']} | {row['right']} | {row['wrong']} |"
        )
    lines.append(
        f"recall {found['recall']} at precision {PRECISION}; the model accepts"
        f" {found['accepted_recall']} at {found['accepted_precision']};"
        f" p50 {found['ms_p50']} ms, p99 {found['ms_p99']} ms"
    )
    return "\n".join(lines)


def _ask(loaded: Loaded, count: int, seed: int) -> list[Answer]:
    from django.db import connection

    from anwang.access.sealing import token
    from anwang.people.queries import find_people
    from anwang.people.rules.forms import forms_of
    from demo.queries import queries

    with connection.cursor() as cursor:
        cursor.execute("select 1")
    answers = []
    for query in queries(loaded.county, count, seed):
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


def _kinds(answers: Sequence[Answer]) -> list[str]:
    return sorted(Counter(one.query.kind for one in answers))


def _of_kind(kind: str, answers: Sequence[Answer], least: float) -> dict[str, Any]:
    ours = [one for one in answers if one.query.kind == kind]
    present = [one for one in ours if one.query.truth is not None]
    return {
        "queries": len(ours),
        "recall": _share(one.right and one.probability >= least for one in present),
        "right": sum(one.accepted and one.right for one in ours),
        "wrong": sum(one.accepted and not one.right for one in ours),
    }


def _share(wanted: Any) -> float | None:
    truths = list(wanted)
    return round(sum(truths) / len(truths), 4) if truths else None


def _print_misses(answers: Sequence[Answer]) -> None:
    for one in answers:
        if one.accepted != one.right:
            row = {key: value for key, value in one.query.row.items() if key != "query_id"}
            print(
                one.query.kind, one.query.truth, round(one.probability, 3), one.right,
                json.dumps(row, ensure_ascii=False), file=sys.stderr,
            )  # fmt: skip
