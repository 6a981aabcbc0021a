"""One description against a nation: `python -m benchmarks nation --persons 23500000`.

The nation is drawn block by block, cleaned, and written straight to the index (one record a
person) and, in short, to the table of identities that every answer is checked against; nothing of
it is kept as text. With `ANWANG_BENCH_HOME` an interrupted run goes on where it was. Two processes
work while it is built; the time that drawing took is measured there and not counted as building.

The same is done for a twentieth (at most a million), to see how the time of a question grows.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
import psycopg

from benchmarks.harness import AS_OF, Bench, Goal, Result, bench, clocked, percentile
from benchmarks.population import BLOCK, NATION, TEST_SEED, blocks_of, queries, rows_of_block
from benchmarks.spent import GIBIBYTE, pss, server_of, tree

if TYPE_CHECKING:
    from anwang.people.nation.building import Part

SOURCE: Final = "health-insurance"
EVERYBODY: Final = 1 / 0.985  # lifts the source's coverage to all
QUERIES: Final = 2_000
WARMING: Final = 300
PRECISION: Final = 0.99
_ODD: Final = 0x9E3779B97F4A7C15
_DELIVERY: Final = "00000000-0000-4000-8000-0000000000ff"
_COLUMNS: Final = ("no, record_id, source_id, record_key, delivery_id, person_id, forms, packed,"
                   " superseded")  # fmt: skip
_SLOW_TO_FILL: Final = ("identities_of_person", "identity_of_record_key", "identity_by_token",
                        "identity_by_address")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Made:
    """What one block gives: entries of the index, lines of the table, and seconds of processor."""

    part: Part
    lines: bytes
    drawing: float
    cleaning: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer to one question."""

    kind: str
    absent: bool
    right: bool
    accepted: bool
    probability: float
    milliseconds: float


def person_id(person: int) -> UUID:
    """The id of an invented person: spread like random ones, and known without looking."""
    return UUID(int=((person * _ODD) % (1 << 64)) << 64 | person)


def main(arguments: Sequence[str] = ()) -> int:
    """Build, ask, keep and print; status 1 when a goal is missed."""
    asked = _options(arguments)
    persons = 100_000 if asked.quick else asked.persons
    result = Result(
        "nation",
        f"{asked.queries:,} questions of the test seed against the derived index of a nation, one"
        " process; 40 % without a number, 20 % about persons who are not in it",
    )
    with bench() as running:
        for size in dict.fromkeys((min(1_000_000, max(persons // 20, BLOCK)), persons)):
            result.rows.append({"size": size} | _measured(running, size, asked.queries, result))
    _judge(result)
    return result.keep()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks nation", description=__doc__)
    parser.add_argument("--persons", type=int, default=NATION)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--quick", action="store_true", help="100,000 persons")
    return parser.parse_args(arguments)


def _measured(running: Bench, persons: int, count: int, result: Result) -> dict[str, Any]:
    database = f"bench_nation_{persons}"
    home = running.home / f"nation-{persons}"
    os.environ["ANWANG_HOME"] = str(home)
    from anwang.people.nation.layout import definition

    try:
        if not running.has(database) or running.noted(database)["code"] != definition():
            built = _build(running, database, persons)
            running.note(database, code=definition(), **built)
        built = running.noted(database)
        running.act_as("worker", database)
        answers = _ask(persons, count)
        memory = _memory() / GIBIBYTE
        ready = _ready(running, database, home)
        running.leave()
    finally:
        os.environ["ANWANG_HOME"] = str(running.home)
    result.remarks += [f"{persons:,} persons, {line}" for line in by_kind(answers)]
    spent = [one.milliseconds for one in answers]
    return {
        "ms_p50": round(percentile(spent, 0.5), 2),
        "ms_p99": round(percentile(spent, 0.99), 2),
        **quality(answers),
        "build_minutes": round((built["seconds"] - built["drawing"]) / 60, 2),
        "drawing_minutes": round(built["drawing"] / 60, 2),
        "keys": built["keys"],
        "disk_gib": round(built["bytes"] / GIBIBYTE, 2),
        "index_gib": round(built["index_bytes"] / GIBIBYTE, 2),
        "memory_gib": round(memory, 2),
        "ready_s": round(ready, 1),
    }


def _judge(result: Result) -> None:
    first, last = result.rows[0], result.rows[-1]
    result.grow("ms_p50")
    result.goals += [
        Goal("one question, median", last["ms_p50"], 4, "ms"),
        Goal("one question, 99th of 100", last["ms_p99"], 25, "ms"),
        Goal("median against the smaller nation's", last["ms_p50"] / first["ms_p50"], 2, "times"),
        Goal("memory, page cache apart", last["memory_gib"], 12, "GiB"),
        Goal("disk", last["disk_gib"], 45, "GiB"),
        Goal("first build, drawing the persons apart", last["build_minutes"], 60, "minutes"),
        Goal("ready after a restart", last["ready_s"], 30, "s"),
    ]
    result.remarks.append(
        "memory: anonymous and shared memory of this process and of all the database's, by PSS;"
        " disk: the index, and the table of identities with short forms in place of whole ones"
    )


# --- building -----------------------------------------------------------------------------------


def _build(running: Bench, database: str, persons: int) -> dict[str, Any]:
    """Fill the index and the table; figures of the build, runs that were broken off included."""
    from anwang.common.working import Workers
    from anwang.people.nation.building import Builder
    from anwang.people.nation.layout import definition, folder_of
    from anwang.people.queries.nation import instance_of

    begun = running.home / f"{database}.begun"
    spent = running.home / f"{database}.spent.json"
    if not begun.exists() or begun.read_text() != definition():
        shutil.rmtree(folder_of(), ignore_errors=True)
        running.fresh(database)
        spent.unlink(missing_ok=True)
        begun.write_text(definition())
    seconds = {"drawing": 0.0, "cleaning": 0.0, "table": 0.0, "index": 0.0, "whole": 0.0}
    if spent.exists():
        seconds |= json.loads(spent.read_text())
    began = time.perf_counter() - seconds["whole"]
    builder = Builder(folder_of(), watermark=persons, source=f"{TEST_SEED}:{persons}")
    with _filling(running, database, builder.last) as table:
        blocks = [block for block in blocks_of(persons) if block * BLOCK >= builder.last]
        work = _Work(persons)
        with Workers(work, 2) as workers:
            for done, made in enumerate(workers.each(blocks), start=1):
                seconds["drawing"] += made.drawing
                seconds["cleaning"] += made.cleaning
                with clocked(seconds, "table"), table.cursor() as cursor:
                    with cursor.copy(f"copy people_identity ({_COLUMNS}) from stdin") as copy:
                        copy.write(made.lines)
                    table.commit()
                with clocked(seconds, "index"):
                    builder.add(made.part)
                if done % 50 == 0 or done == len(blocks):
                    seconds["whole"] = time.perf_counter() - began
                    spent.write_text(json.dumps(seconds))  # a run that is broken off counts too
                    _say(began, f"{builder.state.records:,} of {persons:,} persons")
        with clocked(seconds, "table"):
            _indexed(table, persons, began)
        seconds["whole"] = time.perf_counter() - began
        spent.write_text(json.dumps(seconds))
        held = table.execute("select pg_total_relation_size('people_identity')").fetchone()
    running.act_as("worker", database)
    manifest = builder.finish(
        instance=instance_of(builder.last),
        made_at=AS_OF.isoformat(),
        progress=lambda what, done, whole: (
            _say(began, f"{what} {done} of {whole}") if done % 16 == 0 else None
        ),
    )
    running.leave()
    whole = seconds["whole"] = time.perf_counter() - began
    files = sum(one.stat().st_size for one in (folder_of() / manifest.build).iterdir())
    both = max(seconds["drawing"] + seconds["cleaning"], 1e-9)
    # Drawing and cleaning share the processes that work; the waiting is shared alike.
    collecting = whole - seconds["table"] - seconds["index"]
    drawing = min(seconds["drawing"] / 2, collecting * seconds["drawing"] / both)
    _say(began, ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items()))
    return {"seconds": whole, "drawing": drawing, "keys": manifest.keys, "index_bytes": files,
            "bytes": files + int(held[0] if held else 0)}  # fmt: skip


class _Work:
    """Draws and cleans one block. Pure; runs in a process of its own."""

    def __init__(self, persons: int) -> None:
        self._persons = persons

    def __call__(self, block: int) -> _Made:
        from anwang.access.sealing import token
        from anwang.people.nation.building import Part
        from anwang.people.rules.cleaning import clean

        began = time.process_time()
        records, truth = rows_of_block(TEST_SEED, self._persons, block, SOURCE, EVERYBODY)
        numbers = truth["person"].to_numpy()
        first = np.flatnonzero(np.diff(numbers, prepend=-1))
        table = records.take(first).to_pydict()
        numbers = numbers[first]
        drawn = time.process_time()
        cleaned = clean(table, token=token, told_on=AS_OF)
        part = Part(numbers + 1, cleaned.rows.tobytes(), cleaned.keys, cleaned.of)
        done = time.process_time()
        return _Made(part, b"".join(_lines(numbers.tolist(), table)), drawn - began, done - drawn)


def _lines(numbers: list[int], table: dict[str, list[str]]) -> Iterator[bytes]:
    for person, key, name, sex in zip(
        numbers, table["record_key"], table["name"], table["sex"], strict=True
    ):
        forms = f'{{"n": "{name}", "g": "", "x": "{sex}"}}'
        yield (
            f"{person + 1}\t{person_id(person ^ (1 << 40))}\t{SOURCE}\t{key}\t{_DELIVERY}"
            f"\t{person_id(person)}\t{forms}\t\\\\x\tf\n"
        ).encode()


class _filling:
    """The database's own connection to a table without the indexes that are slow to fill."""

    def __init__(self, running: Bench, database: str, last: int) -> None:
        self._table = psycopg.connect(running.server.address("postgres", database))
        self._last = last

    def __enter__(self) -> psycopg.Connection[Any]:
        for name in _SLOW_TO_FILL:
            self._table.execute(f"drop index if exists {name}")
        self._table.execute(
            "alter table people_identity drop constraint if exists people_identity_record_id_key"
        )
        # What lies behind the index's last mark is written again.
        self._table.execute("delete from people_identity where no > %s", [self._last])
        self._table.commit()
        return self._table

    def __exit__(self, *_: object) -> None:
        self._table.close()


def _indexed(table: psycopg.Connection[Any], persons: int, began: float) -> None:
    _say(began, "the table's indexes")
    table.execute("set maintenance_work_mem = '512MB'")
    table.execute("create index if not exists identities_of_person on people_identity (person_id)")
    table.execute("create unique index if not exists people_identity_record_id_key"
                  " on people_identity (record_id)")  # fmt: skip
    # The search asks how many persons there are by the planner's estimate.
    table.execute("update pg_class set reltuples = %s where oid = 'people_person'::regclass",
                  [persons])  # fmt: skip
    table.commit()
    table.autocommit = True
    table.execute("vacuum (analyze, freeze) people_identity")


# --- asking -------------------------------------------------------------------------------------


def _ask(persons: int, count: int) -> list[Answer]:
    from anwang.access.sealing import token
    from anwang.people.queries import find_people
    from anwang.people.queries.nation import open_index
    from anwang.people.rules.forms import forms_of

    if open_index() is None:
        raise RuntimeError("the index that was built is not in use")
    answers = []
    for row in queries(TEST_SEED, persons, count + WARMING).to_pylist():
        began = time.perf_counter()
        forms = forms_of(row, token=token, query=True, told_on=AS_OF)
        matches = find_people(forms)
        spent = (time.perf_counter() - began) * 1000
        best = matches[0] if matches else None
        right = best is not None and row["person"] is not None and (
            best.person_id == person_id(row["person"])
        )  # fmt: skip
        answers.append(
            Answer(row["kind"], row["person"] is None, right, bool(best and best.accepted),
                   best.probability if best else 0.0, spent)
        )  # fmt: skip
    return answers[WARMING:]


def quality(answers: Sequence[Answer]) -> dict[str, Any]:
    """Recall at the precision, and F1 of what the model accepts."""
    present = sum(not one.absent for one in answers)
    right = taken = best = 0
    for one in sorted(answers, key=lambda one: -one.probability):
        taken += one.probability > 0
        right += one.right
        if taken and right / taken >= PRECISION:
            best = right
    accepted = [one for one in answers if one.accepted]
    hit = sum(one.right for one in accepted)
    return {"recall": round(best / max(present, 1), 4),
            "f1": round(2 * hit / max(len(accepted) + present, 1), 4)}  # fmt: skip


def by_kind(answers: Sequence[Answer]) -> list[str]:
    """A line for each kind of question."""
    told = []
    for kind in dict.fromkeys(sorted(one.kind for one in answers)):
        mine = [one for one in answers if one.kind == kind]
        hit = sum(one.right and one.accepted for one in mine)
        wrong = sum(one.accepted and not one.right for one in mine)
        first = sum(one.right for one in mine)
        told.append(f"{kind}: {len(mine)} questions, first {first}, accepted and right {hit},"
                    f" accepted and wrong {wrong}")  # fmt: skip
    return told


# --- memory, restart ----------------------------------------------------------------------------


def _memory() -> int:
    """Bytes of anonymous and shared memory of this process and the database's, by PSS."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        backend = int(cursor.fetchone()[0])
    return pss(os.getpid()) + sum(map(pss, tree(server_of(backend))))


def _ready(running: Bench, database: str, home: Path) -> float:
    """Seconds from the start of a fresh process until it has opened the index."""
    began = time.perf_counter()
    told = running.run("worker", database, "people", "index", "status", "--json")
    if '"in use"' not in told:
        raise RuntimeError(f"the index is not in use: {told}")
    return time.perf_counter() - began


def _say(began: float, what: str) -> None:
    print(f"  {time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)
