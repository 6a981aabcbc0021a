"""A full load of all sources: file to records, facts, identities, links and findings, published.

At least fifteen records a person from 29 files, taken as `anwang load --all` takes them, then looked at
across sources. The smallest size is taken one step after the other, so that the stages can be told
apart. Seconds are told on the clock and of processors; memory is the most that the programs and the
database held. Goal: a million persons in 30 minutes on two cores, within 4 GiB.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.county_files import write_county_files
from benchmarks.harness import Bench, Goal, Result, bench, options
from benchmarks.spent import GIBIBYTE, Meter, Peak, server_of

SIZES: Final = [10_000, 100_000, 1_000_000]
QUICK_SIZES: Final = [500, 1_500, 4_500]
PERSONS: Final = 1_000_000
MINUTES: Final = 30
RECORDS_A_PERSON: Final = 15
STAGES: Final = ("load", "identify", "both", "compare")
_COUNTS: Final = {
    "facts": "select count(*) from registries_fact",
    "persons": "select count(*) from people_person",
    "keys": "select count(*) from people_key",
    "bytes": "select pg_database_size(current_database())",
}


def database_of(persons: int) -> str:
    """The database that holds so many persons with all their records."""
    return f"bench_full_{persons}"


def files_of(running: Bench, persons: int) -> Path:
    """Where the files lie that were loaded."""
    return running.home / f"full-{persons}"


def full(running: Bench, persons: int, *, in_turn: bool = False) -> dict[str, Any]:
    """Load all sources unless an earlier benchmark did; what was measured."""
    database = database_of(persons)
    if not running.has(database):
        rows = write_county_files(files_of(running, persons), persons)
        running.fresh(database)
        running.act_as("worker", database)
        running.note(database, **_load(files_of(running, persons), rows, in_turn=in_turn))
        running.leave()
    return running.noted(database)


def _load(folder: Path, rows: dict[str, int], *, in_turn: bool) -> dict[str, Any]:
    server = server_of(_one("select pg_backend_pid()"))
    meter = Meter(server)
    with Peak(server) as peak:
        taken = _in_turn(meter, folder) if in_turn else _at_once(meter, folder)
        with meter.of("compare"):
            _compare()
    return {
        "rows": sum(rows.values()), "taken": taken, "memory": peak.bytes,
        "stages": {name: [one.wall, one.ours, one.database] for name, one in meter.spent.items()},
        **{name: _one(statement) for name, statement in _COUNTS.items()},
    }  # fmt: skip


def _in_turn(meter: Meter, folder: Path) -> int:
    from anwang.people.actions.full_load import files_of as deliveries

    return sum(take(meter, source, path) for source, path in deliveries(folder))


def _at_once(meter: Meter, folder: Path) -> int:
    from anwang.access.context import LOADING
    from anwang.people.actions.full_load import load_folder

    accepted = 0
    with meter.of("both"):
        for taken in load_folder(folder, actor=LOADING):
            if taken.outcome.held:
                raise RuntimeError(f"{taken.source} was held: {taken.outcome.held_because}")
            accepted += taken.outcome.accepted
            _say(f"{taken.source}: {accepted:,} records")
    return accepted


def take(meter: Meter, source: str, path: Path) -> int:
    """One file, as `anwang load` takes it; rows taken."""
    from anwang.access.context import LOADING
    from anwang.people.actions import identify
    from anwang.registries.actions.deliveries import load_file

    with meter.of("load"):
        outcome = load_file(source, path, actor=LOADING)
    if outcome.held or outcome.delivery_id is None:
        raise RuntimeError(f"{source} was held back: {outcome.held_because}")
    with meter.of("identify"):
        identify(outcome.delivery_id, actor=LOADING)
    return outcome.accepted


def _compare() -> None:
    from anwang.access.context import LOADING
    from anwang.people.actions.consistency import compare_waiting

    compare_waiting(actor=LOADING)


def _one(statement: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def main(arguments: Sequence[str] = ()) -> int:
    """Run, keep and print; status 1 when a goal is missed at the largest size."""
    asked = options(arguments)
    sizes = asked.sizes or (QUICK_SIZES if asked.quick else SIZES)
    result = Result("load", "full load of 29 sources, delivery to facts and linked persons")
    with bench() as running:
        for persons in sizes:
            found = full(running, persons, in_turn=len(sizes) > 1 and persons == sizes[0])
            result.rows.append(_row(persons, found))
            if persons != sizes[-1]:
                shutil.rmtree(files_of(running, persons), ignore_errors=True)
    _judge(result)
    return result.keep()


def _row(persons: int, found: dict[str, Any]) -> dict[str, Any]:
    stages = {name: found["stages"].get(name, [0.0, 0.0, 0.0]) for name in STAGES}
    wall = sum(one[0] for one in stages.values())
    processor = sum(one[1] + one[2] for one in stages.values())
    return {
        "size": persons,
        "records": found["taken"],
        "facts": found["facts"],
        "keys": found["keys"],
        "minutes": round(wall / 60, 2),
        "records_per_s": round(found["taken"] / wall),
        "processor_s": round(processor, 1),
        "records_per_processor_s": round(found["taken"] / processor),
        **{f"{name}_s": round(one[0], 1) for name, one in stages.items()},
        **{f"{name}_ours": round(one[1], 1) for name, one in stages.items()},
        **{f"{name}_database": round(one[2], 1) for name, one in stages.items()},
        "memory_gib": round(found["memory"] / GIBIBYTE, 2),
        "gib": round(found["bytes"] / GIBIBYTE, 2),
    }


def _judge(result: Result) -> None:
    for column in ("minutes", "processor_s"):
        result.grow(column, size="records")
    last = result.rows[-1]
    goal = PERSONS * RECORDS_A_PERSON / MINUTES / 60
    result.goals += [
        Goal("records a second", last["records_per_s"], goal, "records/s", at_most=False),
        Goal("records a person", round(last["records"] / last["size"], 1), RECORDS_A_PERSON,
             "records", at_most=False),
        Goal("memory, page cache apart", last["memory_gib"], 4, "GiB"),
    ]  # fmt: skip
    if last["size"] >= PERSONS:
        result.goals.append(Goal("a million persons", last["minutes"], MINUTES, "minutes"))
    result.remarks.append(
        "ours, database: seconds of processor by our programs and by the database; two of them pass"
        " in a second on the clock where two cores have nothing else to do"
    )


def _say(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
