"""A decision again: from what was stored with it, or with what was known on another day.

The first must give the very same answer (V6), or something that was stored has changed. The second
draws the picture anew as it was known then (ADR 0008), and may ask another version of the tables.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from anwang.common.values.roc_dates import TAIPEI
from anwang.households.queries import picture_of
from anwang.intake.models import Report
from anwang.rulebook.rules.cells import UNKNOWN, Value
from anwang.triage.instruments.queries import answers_given, with_answers_by
from anwang.triage.models import Screening
from anwang.triage.queries.matters import open_copy_of
from anwang.triage.rules.attached import read_stored
from anwang.triage.rules.household import without_report
from anwang.triage.rules.inputs import COMPARED, inputs_from
from anwang.triage.rules.policies import TriagePolicies
from anwang.triage.rules.propose import Proposal, propose
from anwang.triage.rules.residence import home_county
from anwang.triage.rules.told import concerns_of, role_of, subject_forms, subjects_of, text_of
from anwang.triage.trials.queries.versions import PolicySet, Version, versions_named

AT_A_TIME: Final = 500
EXPLAINED: Final = "would_change"
# The last word on each of our own records by then: whose it is. A person's word and a machine's
# alike; without one nobody was taken for the subject by then.
_JUDGED: Final = """
select distinct on (record_id) record_id, person_id, judgement, by_person
from people_link where record_id = any(%s::uuid[]) and judged_at <= %s
order by record_id, judged_at desc
"""


@dataclass(frozen=True, slots=True)
class Again:
    """A report decided anew. `picture` is empty where the stored one was used."""

    inputs: Mapping[str, Value]
    proposal: Proposal
    picture: Mapping[str, Any]
    persons: Mapping[str, Any]
    county: str | None


def differs_from_stored(screening: Screening, report: Report) -> list[str]:
    """What comes out otherwise when a stored screening is done again; empty where all is the same.

    `inputs` and `proposal`, with the field: `inputs.weapon`, `proposal.grade`. A screening without a
    proposal (its step failed) has nothing to be compared.
    """
    if not screening.proposal:
        return []
    read = inputs_from(open_copy_of(report), screening.picture) | _compared(screening)
    # An input that a later release has added, and of which nothing is known, changes no answer.
    inputs = {
        name: stored(value)
        for name, value in sorted(read.items())
        if name in screening.inputs or value is not UNKNOWN
    }
    found = _apart("inputs", inputs, screening.inputs)
    policies = policies_of(screening)
    thawed = {name: read_stored(value) for name, value in screening.inputs.items()}
    proposal = json.loads(json.dumps(propose(thawed, policies).as_json()))
    # What would change it is no part of the answer: it is how this release reads the same tables.
    now, then = (
        {k: v for k, v in one.items() if k != EXPLAINED} for one in (proposal, screening.proposal)
    )
    return found + _apart("proposal", now, then)


def _compared(screening: Screening) -> dict[str, Value]:
    """What was found by comparing with earlier reports; it is not in the report itself."""
    return {
        name: read_stored(screening.inputs[name]) for name in COMPARED if name in screening.inputs
    }


def screenings_to_replay() -> Iterator[tuple[Screening, Report]]:
    """Every screening with its report, a portion at a time; for our programs."""
    last: tuple[dt.datetime, uuid.UUID] | None = None
    while True:
        found = Screening.objects.order_by("at", "pk").select_related("matter__report")
        if last is not None:
            at, pk = last
            found = found.filter(at__gte=at).exclude(at=at, pk__lte=pk)
        portion = list(found[:AT_A_TIME])
        if not portion:
            return
        for one in portion:
            yield one, one.matter.report
        last = portion[-1].at, portion[-1].pk


def policies_of(screening: Screening) -> TriagePolicies:
    """The tables that a screening used, by the versions and the day it kept. Raises PolicyGap."""
    named: Mapping[str, str] = screening.versions.get("policies", {})
    versions = versions_named(named)
    county = next((one.county for one in versions if one.county), None)
    return PolicySet(versions, day_of_tables(screening)).of(county)


def day_of_tables(screening: Screening) -> dt.date:
    """The day for which the tables were taken."""
    kept = screening.versions.get("day")
    return dt.date.fromisoformat(kept) if kept else screening.at.astimezone(TAIPEI).date()


def decided_again(
    report: Report,
    screening: Screening,
    known_at: dt.datetime,
    versions: list[Version],
    *,
    as_of: dt.date | None = None,
) -> Again:
    """The report decided with what was known at `known_at`, by the tables of `versions`.

    Who its people are is taken as judged by then, and forms as they were answered by then. `as_of` is
    the day the picture and ages are of: the day of receipt, unless a later one is asked for. The
    matcher's reads: for our programs.
    """
    received_on = report.received_at.astimezone(TAIPEI).date()
    persons = persons_as_judged(screening, known_at)
    picture = picture_of(
        [
            {
                "index": index,
                "role": role_of(subject),
                "person_id": persons.get(str(index), {}).get("person_id"),
                "forms": subject_forms(subject, received_on),
                "name": text_of(subject.get("name"), 100),
                "relation_to_victim": text_of(subject.get("relation_to_victim"), 40),
            }
            for index, subject in enumerate(subjects_of(report.body))
        ],
        as_of=as_of or received_on,
        known_on=known_at,
        concerns=concerns_of(report.body),
    )
    told = [
        (role_of(subject), str(persons[str(index)]["person_id"]))
        for index, subject in enumerate(subjects_of(report.body))
        if str(index) in persons
    ]
    drawn = with_answers_by(
        without_report(picture, report.receipt),
        answers_given([report.pk], known_at).get(report.pk, []),
        {who: role for role, who in told},
        known_at,
    )
    county = report.county or home_county(told, drawn)
    inputs = inputs_from(open_copy_of(report), drawn) | _compared(screening)
    day = known_at.astimezone(TAIPEI).date()
    policies = PolicySet(versions, day).of(county)
    return Again(inputs, propose(inputs, policies), drawn, persons, county)


def persons_as_judged(screening: Screening, known_at: dt.datetime) -> dict[str, dict[str, Any]]:
    """Subject index -> {person_id, probability}: as judged by then, else as the screening took it."""
    records = {
        index: uuid.UUID(one["record"])
        for index, one in screening.matches.items()
        if one.get("record")
    }
    with connection.cursor() as cursor:
        cursor.execute(_JUDGED, [list(records.values()), known_at])
        judged = {row[0]: row[1:] for row in cursor.fetchall()}
    found: dict[str, dict[str, Any]] = {}
    for index, one in screening.matches.items():
        said = judged.get(records[index]) if index in records else None
        person = one.get("person_id") if said is None else str(said[0])
        if person and (said is None or said[1] == "same"):
            found[index] = {"person_id": person, "probability": one.get("probability")}
    return found


def stored(value: Value) -> Any:
    """An input as it is kept with a screening."""
    if value is UNKNOWN:
        return "unknown"
    return sorted(value) if isinstance(value, frozenset) else value


def _apart(what: str, now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    return [
        f"{what}.{name}"
        for name in sorted(now.keys() | then.keys())
        if now.get(name) != then.get(name)
    ]
