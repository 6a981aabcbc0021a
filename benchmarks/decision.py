"""One triage decision besides matching: a report and a household picture in, an explained proposal out.

The reports and pictures are those of a demo year, screened by the real code in a database of this
run. The three tables that choose are filled up to 40 rows each, with rows like their own that come
before the last one. Each decision reads the inputs from the report and the picture and asks all five
tables, reasons and *what would change it* included.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from benchmarks.harness import SEED, Goal, Result, bench, options, percentile

SIZES = [100, 200, 400]
QUICK_SIZES = [40, 60, 80]
ROWS = 40
TIMES = 5
FILLED = ("stream", "grade", "class")
PERSONS = 3000


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and keep the result; status 1 when the goal is missed."""
    chosen = options(arguments)
    sizes = chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES)
    result = Result("decision", "one triage decision with 40-row tables and a household picture")
    os.environ |= {"ANWANG_DEMO_PERSONS": str(PERSONS), "ANWANG_DEMO_REPORTS": str(max(sizes))}
    with bench() as running:
        database = running.fresh("bench_decision")
        running.run("worker", database, "fill")
        running.act_as("worker", database)
        cases = _cases()
        running.leave()
        running.drop(database)
    policies = forty_rows()
    for size in sizes:
        result.rows.append({"size": size} | _measured(cases[:size], policies))
        print(result.rows[-1], flush=True)
    last = result.rows[-1]
    result.goals = [Goal("decision besides matching, p99", last["p99_ms"], 5.0, "ms")]
    result.remarks = [f"rows of the tables: {[len(t.rows) for t in policies.tables]}"]
    return result.keep()


def _cases() -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """(open copy, picture) of every screening."""
    from anwang.access.context import TRYING, acting
    from anwang.triage.trials.queries.replays import open_copy_of, screenings_to_replay

    with acting(TRYING, "benchmark"):
        return [(open_copy_of(report), one.picture) for one, report in screenings_to_replay()]


def forty_rows() -> Any:
    """The shipped tables with rows laid in before the last one, until there are 40: each asks two
    inputs of its table for a value, as the others do."""
    from anwang.rulebook.rules.loader import read_table
    from anwang.triage.rules.policies import policies_on, shipped_docs, specs_in_use
    from benchmarks.harness import AS_OF

    rng, specs = Random(SEED), specs_in_use()
    docs = {name: dict(doc) for name, doc in shipped_docs().items()}
    for name in FILLED:
        rows = list(docs[name]["rows"])
        like = [row for row in rows if row["when"]]
        while len(rows) < ROWS:
            model, second = rng.choice(like), rng.choice(like)
            when = {**second["when"], **model["when"], **_cell(rng, docs[name]["inputs"], specs)}
            rows.insert(-1, model | {"id": f"B-{len(rows)}", "when": when})
        docs[name]["rows"] = rows
    sources = [read_table(doc, specs) for name, doc in docs.items() if name != "clocks"]
    return policies_on(AS_OF, sources, docs["clocks"])


def _cell(rng: Random, names: Sequence[str], specs: Mapping[str, Any]) -> dict[str, str]:
    flags = [name for name in names if specs[name].kind == "flag"]
    return {rng.choice(flags): rng.choice(["yes", "no"])} if flags else {}


def _measured(
    cases: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], policies: Any
) -> dict[str, float]:
    from anwang.triage.rules.inputs import inputs_from
    from anwang.triage.rules.propose import propose

    times = []
    for _ in range(TIMES):
        for report, picture in cases:
            began = time.perf_counter()
            propose(inputs_from(report, picture), policies)
            times.append((time.perf_counter() - began) * 1000)
    return {
        "decisions": len(times),
        "p50_ms": round(percentile(times, 0.5), 3),
        "p99_ms": round(percentile(times, 0.99), 3),
        "most_ms": round(max(times), 3),
    }


if __name__ == "__main__":
    raise SystemExit(main())
