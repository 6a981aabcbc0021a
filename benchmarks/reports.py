"""A report's first second under load: HTTP to the real server, the real worker, the desk's data.

Three counties of registered persons. Reports of an invented year arrive at random instants at a
sustained rate; then as fast as the server takes them, which gives what one instance carries. Times
count from the instant at which a report was due to be sent, so that a late client hides nothing.
About 70 of 100 subjects are in the registries; the others are of another county. Each proposal is
compared with what the generator says where it is clear, each match with whom it meant.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.harness import AS_OF, SEED, Bench, Goal, Result, bench, options, percentile
from benchmarks.loading import MEASURED, QUICK_SIZES, SIZES, database_of, loaded
from benchmarks.sending import Sent, as_fast_as_taken, at_instants, watching
from benchmarks.serving import cpu_seconds, credential, served

if TYPE_CHECKING:
    from demo.reports import DemoReport

RATE = 32.0  # reports a second that arrive; the goal is 30
SECONDS = 30
QUICK_SECONDS = 15
FLOOD = 500  # reports sent as fast as they are taken
KNOWN_SHARE = 0.70
COMPARED = ("grade", "stream", "agency_kind", "joint_with")


@dataclass(frozen=True, slots=True)
class Told:
    """A report to be sent, whose it is; `known`: subject -> record key of who is registered."""

    demo: DemoReport
    known: dict[int, str]
    subjects: int
    ours: bool


def reports_for(persons: int, number: int) -> list[Told]:
    """`number` reports in their order, 70 of 100 subjects of the loaded county."""
    from demo.county import build_county
    from demo.registries import faulty_owners
    from demo.reports import reports_of_year

    county = build_county(SEED, AS_OF, persons)
    strangers = build_county(SEED + 1, AS_OF, max(persons // 5, 2000))
    kept_out = faulty_owners(county)
    ours = reports_of_year(county, number)
    theirs = reports_of_year(strangers, number)
    told: list[Told] = []
    known = subjects = 0
    for place in range(number):
        from_us = known <= KNOWN_SHARE * subjects
        demo = next(ours if from_us else theirs)
        demo.report["report_id"] = f"B{place:06d}"  # both counties number from one
        truth = {i: key for i, key in demo.truth.items() if key not in kept_out} if from_us else {}
        told.append(Told(demo, truth, len(demo.report["subjects"]), from_us))
        known += len(truth)
        subjects += told[-1].subjects
    return told


def measured(running: Bench, persons: int, seconds: float) -> dict[str, Any]:
    """One size: arrive, flood, compare."""
    loaded(running, persons)
    database = running.copy(database_of(persons), f"bench_reports_{persons}")
    arriving = int(RATE * seconds)
    told = reports_for(persons, arriving + FLOOD)
    bodies = [one.demo.report for one in told]
    key = credential(running, database, "bench-sender")
    with served(running, database) as port:
        address = running.server.address("anwang_worker", database)
        as_fast_as_taken(port, key, [_warm(n) for n in range(12)], clients=4)
        time.sleep(2)
        with watching(address) as watch:
            instants = _arrivals(arriving)
            before = cpu_seconds(running)
            sent = at_instants(port, key, bodies[:arriving], instants, watch)
            arrived = watch.settle()
            after = cpu_seconds(running)
        with watching(address) as watch:
            began = time.monotonic()
            flood = as_fast_as_taken(port, key, bodies[arriving:], clients=8, watch=watch)
            taken = time.monotonic() - began
            flooded = watch.settle()
    row = {
        "size": persons,
        "reports": arriving,
        "arriving_per_s": round(arriving / instants[-1], 1),
        "shown_per_s": _rate(arrived, sent[0].due),
        **_latencies(sent, arrived),
        **{
            f"{kind}_cpu_ms": round((after[kind] - before[kind]) / arriving * 1000, 1)
            for kind in after
        },
        "taken_per_s": round(len(flood) / taken, 1),
        "carried_per_s": _rate(flooded, began),
    }
    with psycopg.connect(address) as reader:
        row |= compared(reader, told, [one.receipt for one in (*sent, *flood)])
    running.drop(database)
    return row


def _rate(shown: dict[str, float], since: float) -> float:
    """Reports a second from `since` until the last one was shown; 0 where none was."""
    return round(len(shown) / (max(shown.values()) - since), 1) if shown else 0.0


def _warm(number: int) -> dict[str, Any]:
    """A report that only wakes both server processes and the worker."""
    subject = {"role": "person-in-need", "name": "陳測試"}
    return {
        "report_id": f"W{number}",
        "channel": "system",
        "county": "68000",
        "narrative": "系統測試。",
        "subjects": [subject],
    }


def _arrivals(number: int) -> list[float]:
    """Seconds from the start at which reports arrive: as chance has it, at `RATE` on average."""
    rng = Random(SEED)
    at, instants = 0.0, []
    for _ in range(number):
        at += rng.expovariate(RATE)
        instants.append(at)
    return instants


def _latencies(sent: Sequence[Sent], shown: dict[str, float]) -> dict[str, float]:
    receipts = [(one.answered - one.due) * 1000 for one in sent]
    waits = [max(shown[one.receipt] - one.answered, 0.0) for one in sent if one.receipt in shown]
    return {
        "receipt_p50_ms": round(percentile(receipts, 0.5), 1),
        "receipt_p99_ms": round(percentile(receipts, 0.99), 1),
        "desk_p50_s": round(percentile(waits, 0.5), 3),
        "desk_p99_s": round(percentile(waits, 0.99), 3),
    }


_FOUND = """
select r.receipt, m.grade, m.stream, m.agency_kind, m.joint_with::text, m.failed_steps::text,
    coalesce(jsonb_object_agg(x.key, x.value ->> 'person_id') filter (where x.key is not null), '{}')
from intake_report r join triage_matter m on m.report_id = r.id
left join triage_screening s on s.matter_id = m.report_id
left join lateral jsonb_each(s.matches) x on true
where r.receipt = any(%s) group by 1, 2, 3, 4, 5, 6
"""
_RECORDS = """
select person_id::text, array_agg(record_key) from people_identity
where person_id = any(%s::uuid[]) and source_id = %s group by 1
"""
_AUDIT = """
select count(*) from access_auditentry where act = %s
"""


def compared(
    reader: psycopg.Connection[Any], told: Sequence[Told], receipts: Sequence[str]
) -> dict[str, Any]:
    """Every report's proposal against the generator's, every match against whom it meant."""
    import json

    found = {row[0]: row[1:] for row in reader.execute(_FOUND, [list(receipts)]).fetchall()}
    persons = {one for row in found.values() for one in row[-1].values() if one}
    records = dict(reader.execute(_RECORDS, [sorted(persons), MEASURED]).fetchall())
    tally: Counter[str] = Counter()
    for one, receipt in zip(told, receipts, strict=True):
        if receipt not in found:
            tally["lost"] += 1
            continue
        grade, stream, kind, joint, failed, matches = found[receipt]
        tally["unchecked"] += failed != "[]"
        got = {
            "grade": grade,
            "stream": stream,
            "agency_kind": kind,
            "joint_with": json.loads(joint),
        }
        _tally_proposal(one, got, tally)
        _tally_persons(one, matches, records, tally)
    tally["subjects"] = sum(one.subjects for one in told)
    tally["known"] = sum(len(one.known) for one in told)
    return _shares(tally, len(receipts) - len(set(receipts)))


def _tally_proposal(one: Told, got: dict[str, Any], tally: Counter[str]) -> None:
    for name in COMPARED:
        if name not in one.demo.expected:
            continue
        wanted = one.demo.expected[name]
        equal = sorted(got[name]) == sorted(wanted) if name == "joint_with" else got[name] == wanted
        tally["expected"] += 1
        tally["as expected"] += equal
        tally[f"{name} {one.demo.kind} {wanted}->{got[name]}"] += not equal


def _tally_persons(
    one: Told, matches: dict[str, str | None], records: dict[str, list[str]], tally: Counter[str]
) -> None:
    for subject in range(one.subjects):
        person = matches.get(str(subject))
        keys = records.get(person or "", [])
        if not keys:  # nobody, or a person known from reports alone
            continue
        truth = one.known.get(subject)
        right = truth is not None and any(k == truth or k.startswith(f"{truth}-") for k in keys)
        tally["matched"] += 1
        tally["matched right"] += right


def _shares(tally: Counter[str], doubled: int) -> dict[str, Any]:
    return {
        "known_share": round(tally["known"] / tally["subjects"], 3),
        "as_expected": round(tally["as expected"] / max(tally["expected"], 1), 4),
        "match_recall": round(tally["matched right"] / max(tally["known"], 1), 3),
        "match_precision": round(tally["matched right"] / max(tally["matched"], 1), 4),
        "lost": tally["lost"],
        "doubled": doubled,
        "unchecked": tally["unchecked"],
        "differing": _differing(tally),
    }


def _differing(tally: Counter[str]) -> list[str]:
    told = [(n, name) for name, n in tally.items() if "->" in name and n]
    return [f"{n} x {name}" for n, name in sorted(told, reverse=True)[:8]]


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and keep the result; status 1 when a goal is missed at the largest size."""
    chosen = options(arguments)
    sizes = chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES)
    result = Result("reports", f"reports by HTTP, arriving at {RATE:g} a second on average")
    with bench() as running:
        for persons in sizes:
            row = measured(running, persons, QUICK_SECONDS if chosen.quick else SECONDS)
            result.remarks += [
                f"{persons:,} persons, differs: {one}" for one in row.pop("differing")
            ]
            result.rows.append(row)
            print(row, flush=True)
    for column in ("receipt_p50_ms", "desk_p50_s"):
        result.grow(column)
    result.goals = list(_goals(result.rows[-1]))
    return result.keep()


def _goals(row: dict[str, Any]) -> Iterable[Goal]:
    at = f"{row['size']:,} persons"
    yield Goal(f"sustained, {at}", min(row["shown_per_s"], row["carried_per_s"]), 30, "reports/s",
               at_most=False)  # fmt: skip
    yield Goal(f"receipt p99, {at}", row["receipt_p99_ms"], 300, "ms")
    yield Goal(f"receipt to desk p99, {at}", row["desk_p99_s"], 1, "s")
    yield Goal(f"proposals as expected, {at}", row["as_expected"], 0.99, "of 1", at_most=False)
    yield Goal(f"lost, doubled or unchecked, {at}",
               row["lost"] + row["doubled"] + row["unchecked"], 0, "reports")  # fmt: skip
