"""What an open copy tells, read leniently: subjects, their forms, what *same event?* compares.

The body may break the schema anywhere (I1): whatever has not the expected shape is left aside here
and stays as written in the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from anwang.people.rules.addresses import parse_address
from anwang.people.rules.forms import Forms, forms_of
from anwang.triage.rules.occurred import occurred_days
from anwang.triage.rules.same_event import ReportDigest, places_of, three_grams

Body = Mapping[str, Any]
MOST_SUBJECTS: Final = 30
MOST_NEIGHBOURS: Final = 40
_IDENTIFYING: Final = ("name", "name_romanised", "birth", "sex", "phone", "address")
# Whose name stands for the report, most telling first.
_FIRST: Final = ("victim", "person-in-need", "witness-child", "household-member")


def text_of(value: object, longest: int = 20000) -> str:
    """`value` where it is a text, cut to `longest` characters; else empty. A number is its figures."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, (int, float)):
        return str(value)[:longest]
    return value[:longest] if isinstance(value, str) else ""


def subjects_of(body: Body) -> list[Mapping[str, Any]]:
    """The subjects in the report's order; an entry that is no object is an empty one.

    The index stays the one of the report. More than 30 are not matched.
    """
    written = body.get("subjects")
    if not isinstance(written, list):
        return []
    return [one if isinstance(one, Mapping) else {} for one in written[:MOST_SUBJECTS]]


def role_of(subject: Mapping[str, Any]) -> str:
    """The subject's role, `other` where it tells none."""
    return text_of(subject.get("role"), 40) or "other"


def concerns_of(body: Body) -> list[str]:
    """The concerns that are texts, in the report's order."""
    written = body.get("concerns")
    return [one for one in written if isinstance(one, str)] if isinstance(written, list) else []


def first_subject(subjects: Sequence[Mapping[str, Any]]) -> int | None:
    """Index of the subject the report is about: a victim, else one in need, else the first."""
    for role in _FIRST:
        for index, subject in enumerate(subjects):
            if role_of(subject) == role:
                return index
    return 0 if subjects else None


def subject_forms(subject: Mapping[str, Any], told_on: date) -> Forms:
    """Normal forms of one subject, with the tokens that stand in place of its number.

    `told_on` is the day an age was told.
    """
    raw = {name: text for name in _IDENTIFYING if (text := text_of(subject.get(name), 300))}
    forms = forms_of(raw, token=_no_number, query=True, told_on=told_on)
    written = subject.get("id")
    if not isinstance(written, Mapping):
        return forms
    own = _token(written.get("token"))
    near = written.get("near")
    return replace(
        forms,
        id_token=own,
        id_near=tuple(
            token
            for one in (near[:MOST_NEIGHBOURS] if isinstance(near, list) else ())
            if (token := _token(one)) is not None
        ),
    )


def _token(text: object) -> bytes | None:
    try:
        return bytes.fromhex(text) if isinstance(text, str) and text else None
    except ValueError:
        return None


def _no_number(_: str) -> bytes:
    raise AssertionError("An open copy holds no plain number.")


def incident_of(body: Body) -> Mapping[str, Any]:
    """The incident, or an empty one."""
    written = body.get("incident")
    return written if isinstance(written, Mapping) else {}


def digest_of(
    body: Body,
    *,
    receipt: str,
    accepted_at: datetime,
    received_at: datetime,
    county: str | None,
    forms: Sequence[Forms],
    person_ids: frozenset[str],
) -> ReportDigest:
    """What *same event?* compares of a report."""
    incident = incident_of(body)
    place = Forms(address=parse_address(text_of(incident.get("place"), 300)))
    doors, roads = places_of((*forms, place))
    return ReportDigest(
        receipt=receipt,
        accepted_at=accepted_at,
        received_at=received_at,
        occurred=occurred_days(incident.get("occurred_at"), received_at),
        person_ids=person_ids,
        subjects=tuple(forms),
        concerns=frozenset(concerns_of(body)),
        county=county or "",
        door_keys=doors,
        road_keys=roads,
        grams=three_grams(body.get("narrative")),
    )
