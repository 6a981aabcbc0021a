"""Puts on record what screenings found: the screening itself, the matter's line, its desk."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from anwang.access.actions.entries import record_event
from anwang.access.actions.relations import Reach, relate
from anwang.access.context import SCREENING
from anwang.access.vocabulary import Act
from anwang.directory.models import County, District, Team
from anwang.rulebook.rules.cells import UNKNOWN
from anwang.triage.actions.traces import event_proposed
from anwang.triage.models import Screening
from anwang.triage.rules.automatic import AUTOMATIC, JOIN
from anwang.triage.rules.headline import headline_of

if TYPE_CHECKING:
    from anwang.triage.actions.screening_steps import Findings, WaitingReport

PARKED: Final = "screening"
BY_RESIDENCE: Final = "residence-known"

_UPDATE = """
update triage_matter m set state = 'awaiting-decision', changed_at = clock.now(),
    grade = a.grade, grade_class = a.grade_class, stream = a.stream,
    agency_kind = a.agency_kind, joint_with = a.joint_with, passed_to = a.passed_to,
    headline = a.headline, failed_steps = a.failed_steps,
    same_event_as = a.same_event_as, same_event_probability = a.same_event_probability,
    county = a.county, desk_team = a.desk_team,
    attempts = m.attempts + a.attempt,
    due_at = coalesce(
        (select c.due_at from triage_clock c
         where c.matter_id = m.report_id and c.stopped_at is null
           and c.state in ('running', 'missed')
         order by c.legal desc, c.due_at limit 1),
        m.due_at)
from jsonb_to_recordset(%s::jsonb) a (matter uuid, grade text, grade_class text, stream text,
    agency_kind text, joint_with jsonb, passed_to text, headline jsonb, failed_steps jsonb,
    same_event_as uuid, same_event_probability float8, county text, desk_team text, attempt int)
where m.report_id = a.matter
"""
_PARK = """
update triage_matter set state = 'awaiting-decision', changed_at = clock.now(),
    failed_steps = %s
where report_id = %s and state = 'received'
"""


def write_screenings(screened: Sequence[Findings]) -> list[Screening]:
    """Store the screenings and bring the matters up to them; the reports await their decision."""
    made = Screening.objects.bulk_create(
        [
            Screening(
                matter_id=found.report.id,
                matches={str(index): _match_kept(found, index) for index in found.matches},
                same_event=[other.as_dict() for other in found.same_events],
                picture=found.picture,
                inputs={name: plain(value) for name, value in sorted(found.inputs.items())},
                proposal=found.proposal.as_json() if found.proposal else {},
                versions=found.versions,
                failed_steps=found.failed_steps,
                automatic=_automatic(found.report, found),
            )
            for found in screened
        ]
    )
    desks = [_desk_for(found.report, found) for found in screened]
    rows = [
        _columns(found.report, found, *where) for found, where in zip(screened, desks, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [json.dumps(rows, ensure_ascii=False, default=str)])
    for found, (_, desk) in zip(screened, desks, strict=True):
        if desk != found.report.desk_team:
            _move_to(desk, found.report)
    relate(
        [
            reach
            for found, (_, desk) in zip(screened, desks, strict=True)
            for reach in _persons_reached(desk, found)
        ]
    )
    return made


def _automatic(report: WaitingReport, found: Findings) -> str:
    """Whether `actions/automatic.py` is to look at it. Old reports are nobody's to send anywhere."""
    made = found.proposal
    lets = made is not None and (made.dispatch == AUTOMATIC or made.screening == JOIN)
    return Screening.Automatic.WAITING if lets and not report.historic else Screening.Automatic.NOT


def park_matter(report: uuid.UUID) -> None:
    """After its last attempt: at the desk as *not checked*, for a person to judge."""
    with connection.cursor() as cursor:
        cursor.execute(_PARK, [json.dumps([PARKED]), report])
        parked = cursor.rowcount == 1
    if parked:
        record_event(
            Act.REPORT_SCREENED, actor=SCREENING, object_kind="report", object_ids=[report],
            purpose="screening", result="failed", detail={"failed_steps": [PARKED]},
        )  # fmt: skip


def plain(value: Any) -> Any:
    """An input as JSON: sets sorted, what is unknown as the word `unknown`."""
    if value is UNKNOWN:
        return "unknown"
    return sorted(value) if isinstance(value, (set, frozenset)) else value


def _match_kept(found: Findings, index: int) -> dict[str, Any]:
    """One subject's matches: the accepted one first named, then all candidates with reasons."""
    accepted = found.accepted.get(index)
    own_record = found.own_records.get(index)
    return {
        "person_id": str(accepted.person_id) if accepted else None,
        "probability": accepted.probability if accepted else None,
        "record": str(own_record) if own_record else None,
        "candidates": [
            {
                "person_id": str(match.person_id),
                "probability": match.probability,
                "weight": match.weight,
                "reasons": [
                    {"comparison": one.comparison, "level": one.level, "weight": one.weight}
                    for one in match.reasons
                ],
            }
            for match in found.matches[index]
        ],
    }


def _columns(
    report: WaitingReport, found: Findings, county: str | None, desk: str
) -> dict[str, Any]:
    proposal = found.proposal
    other = event_proposed(found.same_events)
    headline = headline_of(
        report.body,
        channel=report.channel,
        picture=found.picture,
        same_events=len(found.same_events),
        photos=report.photos,
        places=place_names(),
    )
    return {
        "matter": report.id,
        "grade": proposal.grade if proposal else None,
        "grade_class": proposal.grade_class if proposal else None,
        "stream": proposal.stream if proposal else None,
        "agency_kind": proposal.agency_kind if proposal else None,
        "joint_with": proposal.joint_with if proposal else [],
        "passed_to": proposal.passed_to if proposal else None,
        "headline": headline,
        "failed_steps": found.failed_steps,
        "same_event_as": other.report if other else None,
        "same_event_probability": other.probability if other else None,
        "county": county,
        "desk_team": desk,
        "attempt": 0 if report.state == "received" else 1,
    }


def _desk_for(report: WaitingReport, found: Findings) -> tuple[str | None, str]:
    """(county, desk): as received, or where the matched victim lives if no county was known."""
    if report.county:
        return report.county, report.desk_team
    desk = _desks().get(found.home_county or "")
    return (found.home_county, desk) if desk else (None, report.desk_team)


def _move_to(desk: str, report: WaitingReport) -> None:
    """The desk of the county that turned out answers from this instant, without a gap (V2)."""
    with connection.cursor() as cursor:
        cursor.execute("select triage.hand_over(%s, %s, %s)", [report.id, desk, BY_RESIDENCE])
    relate([Reach(desk, "report", report.id, ground="duty-desk", through=report.id)])


def _persons_reached(desk: str, found: Findings) -> list[Reach]:
    """The desk may look at whom the subjects were taken to be, on the ground of this report."""
    persons = {uuid.UUID(str(match.person_id)) for match in found.accepted.values()}
    return [
        Reach(desk, "person", person, ground="subject", through=found.report.id)
        for person in sorted(persons)
    ]


@cache
def place_names() -> dict[str, str]:
    """Code of a county or district -> its name. Names change with a deploy."""
    names = dict(County.objects.values_list("code", "name_zh"))
    return names | dict(District.objects.values_list("code", "name_zh"))


@cache
def _desks() -> dict[str, str]:
    """County code -> its duty desk. Made once with the instance."""
    desks = Team.objects.filter(is_desk=True, county__isnull=False)
    return {str(county): team for county, team in desks.values_list("county_id", "id")}
