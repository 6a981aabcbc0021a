"""What row rules cost: the common lists with them, against the same lists without, in the same run.

With rules a query runs as `anwang_app` with a signed context; without, as a superuser, whom no rule
holds. Both have the same explicit `where`. Two counties share the rows; half of the reports have
become cases. Times are of one statement, context apart.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Sequence
from typing import Any

import psycopg

from benchmarks.harness import Bench, Goal, Result, bench, options, percentile

SIZES = [1_000, 5_000, 20_000]
QUICK_SIZES = [300, 1_000, 3_000]
ASKED = 60
DESK, TEAM = "68000-desk", "68000-bench-6"
# A superuser fills without the triggers: neither conflicts nor duties are what is measured.
_FILL = """
set session_replication_role = replica;
create temp table fresh as
select gen_random_uuid() as report, gen_random_uuid() as offer, gen_random_uuid() as family, n,
    case when n %% 2 = 0 then '68000' else '63000' end as county, (n %% 4) < 2 as waits,
    '-bench-' || (n %% 40) as team
from generate_series(%(first)s::int + 1, %(last)s::int) n;
insert into intake_report (id, receipt, sender, sender_said, report_id, digest, county, channel,
    received_at, accepted_at, clock_started_at, historic, body, marks)
select report, 'B' || n, 'bench', '', n::text, '\\x00', county, 'hotline-113', clock.now(), clock.now(),
    clock.now(), false, '{"narrative": "x"}', '[]' from fresh;
insert into triage_matter (report_id, state, county, desk_team, accountable_team, offered_team,
    joint_with, due_at, headline, failed_steps, attempts, changed_at)
select report, case when waits then 'awaiting-decision' else 'accepted' end, county, county || '-desk',
    county || case when waits then '-desk' else team end, case when not waits then county || team end,
    '[]', clock.now() + make_interval(mins => n), '{}', '[]', 0, clock.now() from fresh;
insert into access_relation (id, team_id, object_kind, object_id, ground, through, since)
select gen_random_uuid(), county || '-desk', 'report', report, 'duty-desk', report, clock.now() from fresh
union all
select gen_random_uuid(), county || team, 'report', report, 'offer', report, clock.now()
from fresh where not waits
union all
select gen_random_uuid(), county || team, 'family', family, 'case', report, clock.now()
from fresh where not waits;
insert into triage_offer (id, matter_id, decision_id, team_id, offered_at, answer, refusal, refusal_text)
select offer, report, gen_random_uuid(), county || team, clock.now(),
    case when (n / 40) %% 2 = 0 then 'open' else 'accepted' end, '', '' from fresh where not waits;
insert into cases_familyfile (id, number, county, name, opened_at)
select family, 'B' || n, county, 'x', clock.now() from fresh where not waits;
insert into cases_case (id, family_id, matter_id, offer_id, team_id, lead, stream, opened_at, opened_by,
    closing_reason)
select gen_random_uuid(), family, report, offer, county || team, offer, 'x', clock.now(), offer, ''
from fresh where not waits;
drop table fresh;
"""
_STAFF = """
insert into access_account (id, username, password, display_name, display_name_en, is_active, created_at)
values (%(desk)s, 'bench-desk', '', '測', 'B', true, clock.now()),
    (%(worker)s, 'bench-worker', '', '測', 'B', true, clock.now());
insert into access_membership (id, account_id, team_id, county, role, since)
values (gen_random_uuid(), %(desk)s, '68000-desk', '68000', 'desk', clock.now()),
    (gen_random_uuid(), %(worker)s, %(team)s, '68000', 'team-worker', clock.now());
-- As if trained: a place without training opens no row.
update access_membership set holds_until = null where account_id in (%(desk)s, %(worker)s);
"""
LISTS = {
    "desk": ("desk", """
        select {m}, r.receipt, r.received_at from triage_matter m
        join intake_report r on r.id = m.report_id
        where m.desk_team = %(mine)s and m.state = 'awaiting-decision'
        order by m.due_at, m.report_id limit 50"""),
    "inbox": ("worker", """
        select {o}, m.due_at, m.headline from triage_offer o
        join triage_matter m on m.report_id = o.matter_id
        where o.team_id = %(mine)s and o.answer = 'open' order by o.offered_at limit 50"""),
    "families": ("worker", """
        select {f} from cases_familyfile f
        where exists (select from cases_case c where c.family_id = f.id and c.team_id = %(mine)s)
        order by f.opened_at desc limit 50"""),
    "cases": ("worker", """
        select {c}, m.due_at from cases_case c join triage_matter m on m.report_id = c.matter_id
        where c.team_id = %(mine)s and c.closed_at is null order by m.due_at limit 50"""),
}  # fmt: skip
# The columns that the application reads; the marks of what is closed it may not.
COLUMNS = {"m": "triage_matter", "o": "triage_offer", "f": "cases_familyfile", "c": "cases_case"}


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and keep the result; status 1 when a goal is missed."""
    chosen = options(arguments)
    sizes = chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES)
    result = Result("rules", "common lists with row rules against the same without")
    people = {"desk": uuid.uuid4(), "worker": uuid.uuid4()}
    with bench() as running:
        database = running.fresh("bench_rules")
        with psycopg.connect(running.server.address("postgres", database)) as admin:
            for statement in filter(str.strip, _STAFF.split(";")):
                admin.execute(statement, people | {"team": TEAM})
        filled = 0
        for size in sizes:
            _fill(running, database, filled, size)
            filled = size
            result.rows.append({"size": size} | _measured(running, database, people))
            print(result.rows[-1], flush=True)
        running.drop(database)
    last = result.rows[-1]
    result.goals = [
        Goal(f"{name}, with rules over without, {last['size']:,} reports", last[f"{name}_times"], 1.2, "x")
        for name in LISTS
    ]  # fmt: skip
    return result.keep()


def _fill(running: Bench, database: str, have: int, wanted: int) -> None:
    with psycopg.connect(running.server.address("postgres", database)) as admin:
        for statement in filter(str.strip, _FILL.split(";\n")):
            admin.execute(statement, {"first": have, "last": wanted})
    with psycopg.connect(running.server.address("postgres", database), autocommit=True) as admin:
        admin.execute("vacuum analyze")


def _measured(running: Bench, database: str, people: dict[str, uuid.UUID]) -> dict[str, Any]:
    """Median and 95th percentile of each list with and without rules, taken in turn."""
    from anwang.access.context import Actor, tell

    row: dict[str, Any] = {}
    app = psycopg.connect(running.server.address("anwang_app", database))
    free = psycopg.connect(running.server.address("postgres", database))
    with app, free:
        read = _columns(app)
        for name, (who, listed) in LISTS.items():
            query = listed.format(**read)
            values = {"mine": DESK if who == "desk" else TEAM}
            ruled, bare = [], []
            with app.transaction(), app.cursor() as cursor:
                tell(cursor, Actor(people[who]), "benchmark")
                for turn in range(ASKED + 5):
                    seen, spent = _timed(cursor, query, values)
                    had, without = _timed(free.cursor(), query, values)
                    if seen != had:
                        raise RuntimeError(f"{name}: {seen} rows with rules, {had} without")
                    if turn >= 5:
                        ruled.append(spent)
                        bare.append(without)
            row |= {
                f"{name}_rows": had,
                f"{name}_p50_ms": round(statistics.median(ruled), 2),
                f"{name}_bare_p50_ms": round(statistics.median(bare), 2),
                f"{name}_p95_ms": round(percentile(ruled, 0.95), 2),
                f"{name}_times": round(statistics.median(ruled) / statistics.median(bare), 2),
            }
    return row


def _columns(app: Any) -> dict[str, str]:
    """What stands for the columns of each table, by its short name."""
    made = {}
    for short, table in COLUMNS.items():
        found = app.execute(
            "select column_name from information_schema.columns where table_name = %s", [table]
        )
        made[short] = ", ".join(f"{short}.{column}" for (column,) in found)
    app.rollback()
    return made


def _timed(cursor: Any, query: str, values: dict[str, str]) -> tuple[int, float]:
    began = time.perf_counter()
    rows = cursor.execute(query, values).fetchall()
    return len(rows), (time.perf_counter() - began) * 1000
