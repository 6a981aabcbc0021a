"""How fast registries are taken in: file to records, facts, identities, keys and links, published.

Three counties; each into an empty database. Goal: household registration at 5,000 rows a second or
more, everything included that a later report needs to find the person.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import AS_OF, SEED, Bench, Goal, Result, bench, clocked, options

SIZES = [10_000, 30_000, 100_000]
QUICK_SIZES = [2_000, 5_000, 10_000]
MEASURED = "household-registration"
PARTS = ("load", "identify")
_PUBLISHED = "select extract(epoch from known_at - began_at) from registries_delivery where id = %s"
_COUNTS = {
    "records": "select count(*) from registries_record",
    "facts": "select count(*) from registries_fact",
    "identities": "select count(*) from people_identity",
    "keys": "select count(*) from people_key",
    "links": "select count(*) from people_link",
    "persons": "select count(*) from people_person",
}


def database_of(persons: int) -> str:
    """The database that holds the county of so many persons."""
    return f"bench_loaded_{persons}"


def loaded(running: Bench, persons: int) -> dict[str, Any]:
    """Load the 29 registries of a county unless an earlier benchmark did; what was measured."""
    database = database_of(persons)
    if not running.has(database):
        running.fresh(database)
        running.act_as("worker", database)
        running.note(database, **_load(running, persons))
        running.leave()
    return running.noted(database)


def _load(running: Bench, persons: int) -> dict[str, Any]:
    from demo.county import build_county
    from demo.registries import write_registries

    seconds: dict[str, float] = {}
    with clocked(seconds, "draw"):
        county = build_county(SEED, AS_OF, persons)
        folder = running.home / f"files-{persons}"
        rows = write_registries(county, folder)
    measured = {source: _take(source, folder) for source in rows}
    return {"rows": rows, "sources": measured, "counts": _counts(), **seconds}


def _take(source: str, folder: Path) -> dict[str, float]:
    """One file, as `anwang load` takes it; seconds by part."""
    from django.db import connection

    from anwang.access.context import LOADING
    from anwang.people.actions import identify
    from anwang.registries.actions.deliveries import load_file

    seconds: dict[str, float] = {}
    with clocked(seconds, "load"):
        outcome = load_file(source, folder / f"{source}.csv", actor=LOADING)
    if outcome.held or outcome.delivery_id is None:
        raise RuntimeError(f"{source} was held back: {outcome.held_because}")
    with clocked(seconds, "identify"):
        identify(outcome.delivery_id, actor=LOADING)
    with connection.cursor() as cursor:
        cursor.execute(_PUBLISHED, [outcome.delivery_id])
        seconds["published"] = float(cursor.fetchone()[0])
    return seconds | {"accepted": outcome.accepted, "quarantined": outcome.quarantined}


def _counts() -> dict[str, int]:
    from django.db import connection

    counts = {}
    with connection.cursor() as cursor:
        for name, statement in _COUNTS.items():
            cursor.execute(statement)
            counts[name] = int(cursor.fetchone()[0])
    return counts


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and keep the result; status 1 when the goal is missed at the largest size."""
    chosen = options(arguments)
    sizes = chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES)
    result = Result("loading", "registries taken in, file to linked persons")
    with bench() as running:
        for persons in sizes:
            result.rows.append(_row(persons, loaded(running, persons)))
            print(json.dumps(result.rows[-1]), flush=True)
    for column in ("total_s", "load_s", "identify_s"):
        result.grow(column, size="rows")
    last = result.rows[-1]
    result.goals.append(
        Goal(f"household registration, {last['size']:,} persons", last["rows_per_s"], 5000,
             "rows/s", at_most=False)
    )  # fmt: skip
    return result.keep()


def _row(persons: int, found: dict[str, Any]) -> dict[str, Any]:
    parts = found["sources"][MEASURED]
    rows = found["rows"][MEASURED]
    total = sum(parts[part] for part in PARTS)
    others = [one for source, one in found["sources"].items() if source != MEASURED]
    return {
        "size": persons,
        "rows": rows,
        "facts": found["counts"]["facts"],
        "keys": found["counts"]["keys"],
        "load_s": round(parts["load"], 2),
        "identify_s": round(parts["identify"], 2),
        "published_s": round(parts["published"], 2),
        "total_s": round(total, 2),
        "rows_per_s": round(rows / total),
        "others_s": round(sum(one["load"] + one["identify"] for one in others), 2),
    }


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s")
