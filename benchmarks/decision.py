"""One triage decision: inputs read from a report and a household picture, nine tables asked, and what
one more answer would change worked out. No database, no matching.

Tables have `size` rows each: the shipped ones, filled up with rows that ask for two more answers, so
that unknown inputs keep back as many rows as can be. Half of what a report could say is unknown; in
the second figure everything is. The picture has twelve people and two hundred facts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from anwang.rulebook.rules.cells import UNKNOWN, Inputs, InputSpec, Value, parse_cell
from anwang.rulebook.rules.tables import DecisionTable
from anwang.triage.rules.inputs import inputs_from
from anwang.triage.rules.policies import TABLE_IDS, TriagePolicies, shipped_policies
from anwang.triage.rules.propose import propose
from anwang.triage.rules.reading import shipped_reading
from benchmarks.harness import AS_OF, SEED, Goal, Result, options, percentile

SIZES: Final = [20, 40, 80]
REPORTS: Final = 1_000
MOST_MS: Final = 5.0
PEOPLE: Final = 12
FACTS: Final = 200


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and keep the result; status 1 when the goal is missed."""
    chosen = options(arguments)
    sizes = chosen.sizes or SIZES
    reports = REPORTS // 5 if chosen.quick else REPORTS
    result = Result("decision", "one decision with its reasons, from a report and a picture")
    specs = shipped_reading().specs
    asked = list(_reports(specs, reports))
    for size in sizes:
        policies = _filled_up(shipped_policies(AS_OF, "10013"), specs, size)
        result.rows.append({"size": size} | _measured(policies, specs, asked))
        print(result.rows[-1], flush=True)
    for column in ("ms_p50", "unknown_ms_p50"):
        result.grow(column)
    for row in result.rows:
        if row["size"] == 40:
            result.goals = [
                Goal("decision p99, 40-row tables", row["ms_p99"], MOST_MS, "ms"),
                Goal("decision p99, everything unknown", row["unknown_ms_p99"], MOST_MS, "ms"),
            ]
    return result.keep()


def _measured(
    policies: TriagePolicies, specs: Mapping[str, InputSpec], asked: list[Inputs]
) -> dict[str, float]:
    report, picture = _family()
    nothing = dict.fromkeys((n for n, one in specs.items() if not one.chained), UNKNOWN)
    times, unknown, changes = [], [], 0
    propose(nothing, policies)  # what the tables can tell apart is worked out once
    for inputs in asked:
        began = time.perf_counter()
        told = inputs_from(report, picture)
        made = propose({**told, **inputs}, policies)
        times.append((time.perf_counter() - began) * 1000)
        changes += len(made.would_change)
        began = time.perf_counter()
        propose({**inputs_from(report, picture), **nothing}, policies)
        unknown.append((time.perf_counter() - began) * 1000)
    return {
        "ms_p50": percentile(times, 0.5), "ms_p99": percentile(times, 0.99),
        "unknown_ms_p50": percentile(unknown, 0.5), "unknown_ms_p99": percentile(unknown, 0.99),
        "changes_told": changes / len(asked),
    }  # fmt: skip


def _filled_up(
    policies: TriagePolicies, specs: Mapping[str, InputSpec], size: int
) -> TriagePolicies:
    flags = [one for one in specs.values() if one.kind == "flag"]
    tables = {name: _longer(getattr(policies, name), flags, size) for name in TABLE_IDS}
    return replace(policies, **tables)


def _longer(table: DecisionTable, flags: list[InputSpec], size: int) -> DecisionTable:
    """The table with `size` rows; the last row, for all others, stays last."""
    columns = {spec.name for spec in table.specs}
    own = [one for one in flags if one.name in columns]
    rows, last = list(table.rows[:-1]), table.rows[-1]
    for number in range(max(0, size - len(table.rows))):
        if not own:
            break
        one, other = own[number % len(own)], own[(number * 7 + 1) % len(own)]
        when = {one.name: parse_cell("yes" if number % 2 else "no", one)}
        when |= {other.name: parse_cell("yes", other)}
        model = table.rows[number % (len(table.rows) - 1)]
        rows.append(replace(model, id=f"{model.id}-{number}", when=when))
    return replace(table, rows=(*rows[: size - 1], last))


def _reports(specs: Mapping[str, InputSpec], number: int) -> Iterator[dict[str, Value]]:
    draw = Random(SEED)
    for _ in range(number):
        said = {n: _value(one, draw) for n, one in specs.items() if not one.chained}
        yield said


def _value(spec: InputSpec, draw: Random) -> Value:
    if spec.kind != "set" and draw.random() < 0.5:
        return UNKNOWN
    if spec.kind == "flag":
        return draw.random() < 0.4
    if spec.kind == "number":
        return draw.randrange(20)
    if spec.kind == "choice":
        return draw.choice(spec.values)
    return frozenset(draw.sample(spec.values, draw.choice([1, 1, 2, 3])))


def _family() -> tuple[dict[str, Any], dict[str, Any]]:
    """A report on a child, and the household around it."""
    people = [f"p{n}" for n in range(PEOPLE)]
    born = [date(1960 + 5 * n, 3, 1) for n in range(PEOPLE - 1)] + [AS_OF - timedelta(days=900)]
    sources = ("prison", "psychiatric-care", "immunisation", "health-insurance", "school")
    report = {
        "received_at": f"{AS_OF.isoformat()}T09:00:00+08:00",
        "channel": "hotline-113",
        "concerns": ["child-neglect"],
        "subjects": [{"role": "victim", "name": "陳小安"},
                     {"role": "respondent", "name": "陳大方", "relation_to_victim": "父親"}],
        "narrative": "孩子常常一個人在家，鄰居聽到哭聲，父親最近失業。" * 12,
    }  # fmt: skip
    picture = {
        "as_of": AS_OF.isoformat(), "focus": [people[-1]],
        "members": [
            {"person_id": one, "subject": {PEOPLE - 1: 0, 5: 1}.get(n), "dead": False,
             "born_on": day.isoformat()}
            for n, (one, day) in enumerate(zip(people, born, strict=True))
        ],
        "edges": [{"kind": "parent", "from": people[5], "to": people[-1]}],
        "facts": [
            {"person_id": people[n % PEOPLE], "kind": "report-subject", "source": "anwang",
             "valid_from": (AS_OF - timedelta(days=n * 9 + 1)).isoformat(), "valid_to": None}
            for n in range(FACTS)
        ],
        "lookups": [{"person_id": one, "source": source, "state": "none"}
                    for one in people for source in sources],
        "living_together": people, "registered_together": people, "kin": people,
    }  # fmt: skip
    return report, picture
