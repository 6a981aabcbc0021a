"""The duty desk of one county with 1,000, 10,000 and 100,000 reports waiting: time and statements.

All reports are open, which is far more than a desk ever has and the hardest case for its queue.
They come through `intake.deliver`, in bulk; what a screening says is copied from real ones. Server
time is that of the whole request in process: session, row rules, audit entry, template.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from benchmarks.harness import AS_OF, SEED, Bench, Goal, Result, bench, options, percentile
from benchmarks.loading import QUICK_SIZES as LOADED_QUICK
from benchmarks.loading import SIZES as LOADED
from benchmarks.loading import database_of, loaded

SIZES = [1_000, 10_000, 100_000]
QUICK_SIZES = [300, 1_000, 3_000]
COUNTY = "68000"
SCREENED = 60  # real reports whose screenings the others repeat
ASKED = 60  # requests a page
PORTION = 5_000
_DELIVER = """
select count(*) from unnest(%(receipts)s::text[]) with ordinality o (receipt, n),
lateral intake.deliver(gen_random_uuid(), o.receipt, 'bench', '', o.receipt, sha256(o.receipt::bytea),
    %(county)s, 'hotline-113',
    clock.now() - make_interval(mins => ((%(first)s + o.n) * 7919 %% 1740)::int), true,
    jsonb_build_object('narrative', '鄰居聽到哭聲。' || o.receipt,
        'subjects', jsonb_build_array(jsonb_build_object('role', 'victim', 'name', '陳小安'))),
    '[]', null, '\\x00', null, null, '\\x00', 1)
"""
# As the worker's screening would leave them: one of the real screenings, in turn.
_SCREEN = """
with real as (
    select s.*, m.grade, m.grade_class, m.stream, m.agency_kind, m.joint_with, m.headline,
        row_number() over (order by m.report_id) - 1 as place, count(*) over () as number
    from triage_matter m join triage_screening s on s.matter_id = m.report_id
    join intake_report r on r.id = m.report_id where r.sender = 'real'
), fresh as (
    select m.report_id, row_number() over (order by m.report_id) as n
    from triage_matter m where m.state = 'received'
), told as (
    insert into triage_screening (id, matter_id, at, matches, same_event, picture, inputs, proposal,
        versions, failed_steps)
    select gen_random_uuid(), f.report_id, clock.now(), real.matches, '[]', real.picture,
        real.inputs, real.proposal, real.versions, '[]'
    from fresh f join real on real.place = f.n %% real.number
)
update triage_matter m set state = 'awaiting-decision', changed_at = clock.now(),
    grade = real.grade, grade_class = real.grade_class, stream = real.stream,
    agency_kind = real.agency_kind, joint_with = real.joint_with, headline = real.headline
from fresh f join real on real.place = f.n %% real.number
where m.report_id = f.report_id
"""


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and keep the result; status 1 when a goal is missed."""
    chosen = options(arguments)
    sizes = chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES)
    result = Result("desk", "GET /desk/ of one county, every report open")
    with bench() as running:
        persons = (LOADED_QUICK if chosen.quick else LOADED)[0]
        loaded(running, persons)
        database = running.copy(database_of(persons), "bench_desk")
        _screen_real_ones(running, database, persons)
        filled = SCREENED
        for reports in sizes:
            began = time.monotonic()
            _fill(running, database, filled, reports)
            filled = reports
            seconds = round(time.monotonic() - began, 1)
            result.rows.append({"size": reports, "filling_s": seconds} | _asked(running, database))
            print(result.rows[-1], flush=True)
        running.leave()
        running.drop(database)
    for column in ("desk_p50_ms", "desk_p95_ms", "detail_p50_ms"):
        result.grow(column)
    last = result.rows[-1]
    counts = [row["desk_statements"] for row in result.rows]
    result.goals = [
        Goal(f"desk p95, {last['size']:,} reports", last["desk_p95_ms"], 100, "ms"),
        Goal("statements more at the largest size", counts[-1] - counts[0], 0, "statements"),
    ]
    return result.keep()


def _screen_real_ones(running: Bench, database: str, persons: int) -> None:
    running.act_as("worker", database)
    from anwang.access.context import LOADING
    from anwang.intake.actions import deliver
    from anwang.triage.actions.screening import screen_waiting
    from demo.county import build_county
    from demo.reports import reports_of_year

    for one in reports_of_year(build_county(SEED, AS_OF, persons), SCREENED):
        deliver(one.report | {"county": COUNTY}, sender="real", actor=LOADING)
    screen_waiting(SCREENED * 2)


def _fill(running: Bench, database: str, have: int, wanted: int) -> None:
    """Deliver until the county has `wanted` reports, and let them await their decision."""
    from secrets import randbelow

    import psycopg

    from anwang.intake.rules.receipts import RANDOM_SIGNS, receipt_from

    with psycopg.connect(running.server.address("anwang_door", database)) as door:
        for first in range(have, wanted, PORTION):
            number = min(PORTION, wanted - first)
            receipts = [
                receipt_from([randbelow(32) for _ in range(RANDOM_SIGNS)]) for _ in range(number)
            ]
            values = {"receipts": receipts, "county": COUNTY, "first": first}
            door.execute(_DELIVER, values)
            door.commit()
    with psycopg.connect(running.server.address("anwang_worker", database)) as worker:
        worker.execute(_SCREEN.replace("%%", "%"))
        worker.execute("delete from procrastinate_jobs where status = 'todo'")
    with psycopg.connect(running.server.address("postgres", database), autocommit=True) as admin:
        admin.execute("vacuum analyze")  # as autovacuum does in use, where rows come over a year


def _asked(running: Bench, database: str) -> dict[str, Any]:
    """Times and statements of the desk's pages, asked by one signed-in desk worker."""
    running.act_as("app", database)
    from django.test import Client

    from anwang.access.models import Account
    from anwang.triage.models import Matter
    from demo.staff import accounts

    login = next(one.login for one in accounts() if one.role == "desk" and one.county == COUNTY)
    client = Client(SERVER_NAME="localhost")
    client.force_login(Account.objects.get_by_natural_key(login))
    running.act_as("worker", database)
    receipt = Matter.objects.order_by("due_at").values_list("report__receipt", flat=True)[0]
    running.act_as("app", database)
    row: dict[str, Any] = {}
    for name, path in (
        ("desk", "/desk/"),
        ("poll", "/desk/queue/"),
        ("detail", f"/desk/{receipt}/"),
    ):
        times, statements = _times(client, path)
        row |= {
            f"{name}_p50_ms": round(statistics.median(times), 1),
            f"{name}_p95_ms": round(percentile(times, 0.95), 1),
            f"{name}_statements": statements,
        }
    return row


def _times(client: Any, path: str) -> tuple[list[float], int]:
    """Milliseconds of each request, and the statements of the last."""
    from django.db import connections

    times, statements = [], 0
    counted = 0

    def count(execute: Any, *rest: Any) -> Any:
        nonlocal counted
        counted += 1
        return execute(*rest)

    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(count))
        for turn in range(ASKED + 5):
            counted = 0
            began = time.perf_counter()
            answer = client.get(path)
            spent = (time.perf_counter() - began) * 1000
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: status {answer.status_code}")
            if turn >= 5:
                times.append(spent)
            statements = counted
    return times, statements
