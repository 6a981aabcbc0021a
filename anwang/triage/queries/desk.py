"""What stands on the desk: one statement gives every row with its latest screening, clocks, links.

The same fields serve the command line, the interface and the screen (docs/formats/README.md). Row
rules decide what the asker sees. Nothing here knows the reporter.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db import connection
from django.utils.translation import get_language

from anwang.triage.models import CLOSED

ROWS_AT_A_TIME: Final = 500
HANDLING: Final = ("window", "transfer", "dispatch", "screening", "tasks")

# A person's later judgement on a link stands above what the screening took a subject to be: of the
# person whom the record was last said to be, the last word.
_SELECT: Final = """
select r.receipt, r.sender, r.report_id, r.received_at, m.county, m.state, m.grade, m.grade_class,
    m.stream, m.agency_kind, m.joint_with, m.passed_to, m.accountable_team, m.due_at,
    case when e.id is not null then m.same_event_probability end as same_event_probability,
    e.receipt as same_event_receipt,
    s.reasons, s.unknown, p.persons, c.clocks{more}
from triage_matter m
join intake_report r on r.id = m.report_id
left join intake_report e on e.id = m.same_event_as
left join lateral (
    select s.proposal -> 'reasons' as reasons, s.picture -> 'unknown' as unknown,
        s.matches, s.inputs, s.versions, s.picture, s.proposal, s.at
    from triage_screening s where s.matter_id = m.report_id order by s.at desc limit 1
) s on true
left join lateral (
    select jsonb_agg(jsonb_build_object('id', k.definition_id, 'started_at', k.started_at,
        'due_at', k.due_at, 'state', k.state) order by k.due_at, k.definition_id) as clocks
    from triage_clock k where k.matter_id = m.report_id
) c on true
left join lateral (
    select jsonb_agg(jsonb_build_object('index', taken.key,
        'person', taken.value -> 'person_id', 'probability', taken.value -> 'probability',
        'judgement', link.judgement, 'linked', link.person_id,
        'linked_probability', link.probability, 'by_person', link.by_person)) as persons
    from jsonb_each(s.matches) as taken
    left join lateral (
        select j.judgement, j.person_id, j.probability, j.by_person from people_link j
        where j.record_id = (taken.value ->> 'record')::uuid and j.person_id = coalesce((
            select same.person_id from people_link same
            where same.record_id = (taken.value ->> 'record')::uuid and same.judgement = 'same'
            order by same.judged_at desc limit 1), (taken.value ->> 'person_id')::uuid)
        order by j.judged_at desc limit 1
    ) link on true
) p on true
"""
_MORE: Final = ", m.failed_steps, s.inputs, s.versions, s.picture, s.proposal, s.at as screened_at"
_ORDER: Final = " order by m.due_at nulls last, r.accepted_at, m.report_id"
_ALL_SOURCES: Final = """
select id from registries_source where id <> 'anwang' and not manifest ? 'county' order by id
"""


def desk_rows(include_closed: bool = False) -> Iterator[dict[str, Any]]:
    """The fields of `anwang desk` for each open report (or each), most urgent first.

    Streamed from the server: two statements in all, whatever the number of rows. Needs a
    transaction with its context.
    """
    where = "" if include_closed else " where m.state <> all(%s)"
    parameters = [] if include_closed else [[str(state) for state in CLOSED]]
    sources = _all_sources()
    statement = _SELECT.format(more="") + where + _ORDER
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(ROWS_AT_A_TIME):
            for row in rows:
                yield _fields(dict(zip(_columns(cursor), row, strict=True)), sources)


def desk_fields(report: uuid.UUID) -> dict[str, Any] | None:
    """The fields of `anwang desk` for one report, or None where the asker does not reach it."""
    row = _one("m.report_id = %s", report)
    return _fields(row, _all_sources()) if row else None


def explain_fields(receipt: str) -> dict[str, Any] | None:
    """The fields of `desk` and what they were made from: inputs, policy versions, picture.

    None where the asker does not reach the report. The picture is the stored one (ADR 0008).
    """
    row = _one("r.receipt = %s", receipt)
    if row is None:
        return None
    proposal = _read(row["proposal"]) or {}
    versions = _read(row["versions"]) or {}
    return _fields(row, _all_sources()) | {
        "screened_at": _instant(row["screened_at"]),
        "failed_steps": _read(row["failed_steps"]) or [],
        "inputs": _read(row["inputs"]),
        "policy_versions": versions.get("policies"),
        "versions": versions,
        "unknown_inputs": proposal.get("unknown", []),
        "would_change": proposal.get("would_change", []),
        "clocks_proposed": proposal.get("clocks", []),
        "handling": {name: proposal.get(name) for name in HANDLING},
        "picture": _read(row["picture"]),
        "confirmed": [
            one["index"] for one in _read(row["persons"]) or []
            if one["judgement"] == "same" and one["by_person"]
        ],
    }  # fmt: skip


def _one(where: str, value: str | uuid.UUID) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(_SELECT.format(more=_MORE) + f" where {where}", [value])
        row = cursor.fetchone()
        return dict(zip(_columns(cursor), row, strict=True)) if row else None


def _columns(cursor: Any) -> list[str]:
    return [column[0] for column in cursor.description]


def _all_sources() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_ALL_SOURCES)
        return [row[0] for row in cursor.fetchall()]


def _fields(row: Mapping[str, Any], sources: list[str]) -> dict[str, Any]:
    unknown = _read(row["unknown"])
    return {
        "receipt": row["receipt"],
        "sender": row["sender"],
        "report_id": row["report_id"],
        "county": row["county"],
        "state": row["state"],
        "grade": row["grade"],
        "class": row["grade_class"],
        "stream": row["stream"],
        "agency_kind": row["agency_kind"],
        "joint_with": _read(row["joint_with"]) or [],
        "passed_to": row["passed_to"],
        "accountable_team": row["accountable_team"],
        "received_at": _instant(row["received_at"]),
        "due_at": _instant(row["due_at"]),
        "clocks": _read(row["clocks"]) or [],
        "same_event_as": row["same_event_receipt"],
        "same_event_probability": row["same_event_probability"],
        "persons": _persons(_read(row["persons"]) or []),
        # Not screened yet: nothing was asked, so everything is unknown (V7).
        "unknown": sources if unknown is None else unknown,
        "reasons": [reason_fields(one) for one in _read(row["reasons"]) or []],
    }


def _persons(subjects: list[dict[str, Any]]) -> dict[str, Any]:
    """Subject index -> person and probability: as last judged, else as the model accepted."""
    persons: dict[str, Any] = {}
    for taken in sorted(subjects, key=lambda one: int(one["index"])):
        person, probability = taken["person"], taken["probability"]
        if taken["judgement"] is not None:
            same = taken["judgement"] == "same"
            person = taken["linked"] if same else None
            probability = taken["linked_probability"]
        if person:
            persons[taken["index"]] = {"person_id": person, "probability": probability}
    return persons


def reason_fields(reason: Mapping[str, Any]) -> dict[str, Any]:
    """A reason as printed: its text in the reader's language."""
    text = reason.get("text")
    if isinstance(text, Mapping):
        text = text.get("en" if (get_language() or "zh").startswith("en") else "zh")
    return {
        "rule": reason.get("rule"),
        "row": reason.get("row"),
        "text": text,
        "citation": reason.get("citation"),
    }


def _instant(value: dt.datetime | None) -> str | None:
    return value.isoformat() if value else None


def _read(value: Any) -> Any:
    """A JSON column, which a plain cursor gives as text."""
    return json.loads(value) if isinstance(value, str) else value
