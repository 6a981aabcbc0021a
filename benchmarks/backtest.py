"""A back-test of many past reports: inputs out of the database, both versions, everything added up.

A demo year is screened by the real code; its reports are then told again and again until there are
enough, each with some of its inputs taken from another report of the same year (seeded). A superuser
writes them without the triggers, which are not what is measured. The run is the worker's own, down
to the finished result; what is kept of single reports is limited as it is there. Memory is the peak
of this process, which reads and evaluates, beside what the database's own process takes.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Sequence
from typing import Any

import psycopg

from benchmarks.harness import Bench, Goal, Result, bench, options

SIZES = [100_000, 300_000, 1_000_000]
QUICK_SIZES = [2_000, 5_000, 10_000]
YEAR = 600
PERSONS = 6000
AT_ONCE = 50_000
GIB = 2.0
SECONDS = 60.0
MILLION = 1_000_000
# Inputs that one report lends another; together they make more combinations than the year has.
LENT = ["injury", "immediate_danger", "weapon", "victim_age", "victim_is_child", "victim_under_6",
        "respondent_relation_group", "mental_illness", "prior_reports_12m", "child_in_home",
        "cues"]  # fmt: skip
_FILL = """
set session_replication_role = replica;
create temp table told as
select n, gen_random_uuid() as report, base.id as base, lender.id as lender,
    timestamptz '2025-03-02 00:00+08' + make_interval(secs => n * 31) as at,
    gen_random_uuid() as person, (hashint4(n) %% 100 + 100) %% 100 as chance
from generate_series(%(first)s::int, %(last)s::int) n
join bench_base base on base.no = (hashint4(n * 7) %% %(year)s + %(year)s) %% %(year)s
join bench_base lender on lender.no = (hashint4(n * 13 + 5) %% %(year)s + %(year)s) %% %(year)s;
insert into intake_report (id, receipt, sender, sender_said, report_id, digest, county, channel,
    received_at, accepted_at, clock_started_at, historic, body, marks)
select t.report, 'C' || t.n, 'bench', '', t.n::text, '\\x00', r.county, r.channel, t.at, t.at, t.at,
    false, r.body, r.marks from told t join intake_report r on r.id = t.base;
insert into triage_matter (report_id, state, county, desk_team, accountable_team, joint_with, due_at,
    headline, failed_steps, attempts, changed_at)
select t.report, case when t.chance < 55 then 'accepted' else 'answered' end, m.county, m.desk_team,
    m.desk_team, '[]', null, m.headline, '[]', 0, t.at
from told t join triage_matter m on m.report_id = t.base;
insert into triage_screening (id, matter_id, at, matches, same_event, picture, inputs, proposal,
    versions, failed_steps)
select gen_random_uuid(), t.report, t.at, s.matches, '[]', s.picture,
    s.inputs || (select jsonb_object_agg(name, l.inputs -> name) from unnest(%(lent)s::text[]) name
                 where l.inputs ? name),
    s.proposal, s.versions, '[]'
from told t
join triage_screening s on s.id = (select x.id from triage_screening x where x.matter_id = t.base
                                   order by x.at desc limit 1)
join triage_screening l on l.id = (select x.id from triage_screening x where x.matter_id = t.lender
                                   order by x.at desc limit 1)
order by t.at;
insert into triage_offer (id, matter_id, decision_id, team_id, offered_at, answer, answered_at,
    refusal, refusal_text)
select gen_random_uuid(), report, gen_random_uuid(), 'bench', at, 'accepted',
    at + make_interval(mins => chance * 30), '', '' from told where chance < 55;
-- One person in five reports was reported before.
insert into access_relation (id, team_id, object_kind, object_id, ground, through, since)
select gen_random_uuid(), 'bench', 'person',
    case when chance %% 5 = 0 then md5((n / 5)::text)::uuid else person end, 'subject', report, at
from told;
drop table told;
"""
_BASE = """
create table bench_base as
select row_number() over (order by r.received_at, r.id) - 1 as no, r.id
from intake_report r join triage_screening s on s.matter_id = r.id where s.inputs <> '{}'
"""


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and keep the result; status 1 when a goal is missed."""
    chosen = options(arguments)
    sizes = chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES)
    result = Result("backtest", "a draft over past reports, beside the version in force")
    os.environ |= {"ANWANG_DEMO_PERSONS": str(PERSONS), "ANWANG_DEMO_REPORTS": str(YEAR)}
    with bench() as running:
        database = running.fresh("bench_backtest")
        running.run("worker", database, "fill")
        with psycopg.connect(running.server.address("postgres", database)) as admin:
            admin.execute(_BASE)
            (year,) = admin.execute("select count(*) from bench_base").fetchone() or (0,)
        filled = year
        for size in sizes:
            began = time.monotonic()
            _fill(running, database, year, filled, size)
            filled = size
            result.rows.append({"size": size, "filled_s": round(time.monotonic() - began, 1)}
                               | _measured(running, database))  # fmt: skip
            print(result.rows[-1], flush=True)
        running.drop(database)
    result.grow("seconds")
    result.goals = _goals(result)
    return result.keep()


def _goals(result: Result) -> list[Goal]:
    last = result.rows[-1]
    return [
        Goal(
            f"seconds for {last['size']:,} reports, as of a million",
            last["seconds"] * MILLION / last["size"] if last["size"] < MILLION else last["seconds"],
            SECONDS, "s",
        ),
        Goal(f"memory at {last['size']:,} reports", last["memory_gib"], GIB, "GiB"),
        Goal("growth of the cost with the number of reports", result.growth["seconds"], 1.1, ""),
    ]  # fmt: skip


def _fill(running: Bench, database: str, year: int, have: int, wanted: int) -> None:
    with psycopg.connect(running.server.address("postgres", database), autocommit=True) as admin:
        for first in range(have + 1, wanted + 1, AT_ONCE):
            values = {"first": first, "last": min(first + AT_ONCE - 1, wanted), "year": year,
                      "lent": LENT}  # fmt: skip
            for statement in filter(str.strip, _FILL.split(";\n")):
                admin.execute(statement, values if "%(" in statement or "%%" in statement else None)
        for table in ("triage_screening", "triage_matter", "intake_report", "triage_offer",
                      "access_relation"):  # fmt: skip
            admin.execute(f"vacuum analyze {table}")


def _measured(running: Bench, database: str) -> dict[str, Any]:
    """One back-test, from the versions to the finished result, as the worker does it."""
    from anwang.access.context import TRYING, acting
    from anwang.common.clock import clock_now
    from anwang.triage.trials.actions.running import Compared, service_teams, tallied
    from anwang.triage.trials.queries.past_reports import Wanted
    from anwang.triage.trials.queries.versions import PolicySet, versions_in_force, with_tried
    from anwang.triage.trials.rules.results import result_of

    running.act_as("worker", database)
    began = time.perf_counter()
    with acting(TRYING, "benchmark"):
        held, day, teams = versions_in_force(), clock_now().date(), service_teams()
    compared = Compared(PolicySet(held, day), PolicySet(with_tried(held, [_draft(held)]), day))
    steps = tallied(compared, Wanted(), actor=TRYING)
    *_, (_, portions, tally) = steps
    told = result_of(tally, teams, 0.0)
    seconds = time.perf_counter() - began
    running.leave()
    return {
        "reports": tally.reports,
        "changed": tally.changed,
        "portions": portions,
        "seconds": round(seconds, 2),
        "reports_per_s": round(tally.reports / seconds),
        "memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "groups": len(told["groups"]["age"]),
    }


def _draft(held: Sequence[Any]) -> Any:
    """The grades in force, with one row that raises every child hurt by somebody."""
    import copy

    from anwang.triage.trials.queries.versions import Version

    body = copy.deepcopy(next(dict(one.body) for one in held if one.policy_id == "triage.grade"))
    for row in body["rows"]:
        if row["id"] == "G-08":
            row["when"] = {"concerns": "has child-physical", "victim_is_child": "yes"}
    return Version("triage.grade", None, "bench", body)


if __name__ == "__main__":
    raise SystemExit(main())
