"""The steps of a screening: for some reports at once, or for one with a guard around each step.

A step that fails is named on its report, the others go on: a report that was not checked is worse than
one that was, and far better than one that is lost. It stands at the desk marked so, its clock running.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from math import floor
from typing import Any, Final

from django.db import connection, transaction

from anwang.common.values.roc_dates import TAIPEI
from anwang.households.queries import Around, pictures_of
from anwang.households.rules.picture import Picture
from anwang.households.rules.ties import load_ties
from anwang.people.queries import PersonMatch, find_many, model_in_force, relatives_meant
from anwang.people.rules.forms import Forms
from anwang.registries.rules.manifests import shipped_manifests
from anwang.triage.actions.own_records import write_own_records
from anwang.triage.actions.traces import EventFound, event_proposed, trace_and_compare
from anwang.triage.instruments.queries import answers_given, with_answers_by
from anwang.triage.queries.policies import policies_in_force
from anwang.triage.rules.household import without_report
from anwang.triage.rules.inputs import SAME_EVENT_BY_NUMBER, SAME_EVENT_PERCENT, inputs_from
from anwang.triage.rules.policies import TriagePolicies
from anwang.triage.rules.propose import Proposal, propose, with_same_event
from anwang.triage.rules.residence import home_county
from anwang.triage.rules.same_event import ReportDigest
from anwang.triage.rules.together import how_many_together, keys_asked, keys_told
from anwang.triage.rules.told import (
    Body,
    concerns_of,
    digest_of,
    role_of,
    subject_forms,
    subjects_of,
    text_of,
)

logger = logging.getLogger(__name__)

MATCHING: Final = "matching"
PICTURE: Final = "picture"
PROPOSAL: Final = "proposal"
OWN_RECORDS: Final = "own-records"
SAME_EVENT: Final = "same-event"

# A search that runs wild fails its step and not the worker.
STATEMENT_TIMEOUT: Final = "20s"

# One instant for all of them.
_LOCK = """
with present as materialized (select clock.now() as now, set_config('statement_timeout', %s, true))
select m.report_id, m.state, m.county, m.desk_team, r.receipt, r.channel,
    r.received_at, r.accepted_at, r.historic, r.body,
    (select count(*) from intake_attachment a where a.report_id = r.id), present.now
from triage_matter m join intake_report r on r.id = m.report_id cross join present
where m.report_id = any(%s) and (m.state = 'received' or m.state = 'awaiting-decision'
    and not exists (select from triage_decision d where d.matter_id = m.report_id))
order by r.accepted_at, r.receipt
for no key update of m skip locked
"""


@dataclass(frozen=True, slots=True)
class WaitingReport:
    """A report whose matter this transaction holds."""

    id: uuid.UUID
    state: str
    county: str | None
    desk_team: str
    receipt: str
    channel: str
    received_at: dt.datetime
    accepted_at: dt.datetime
    historic: bool
    body: Body
    photos: int
    now: dt.datetime

    @property
    def received_on(self) -> dt.date:
        """The civil day of receipt in Taipei: ages and the picture are of this day."""
        return self.received_at.astimezone(TAIPEI).date()

    @property
    def today(self) -> dt.date:
        """The civil day in Taipei at which this is screened, by the one clock."""
        return self.now.astimezone(TAIPEI).date()

    @property
    def open_copy(self) -> dict[str, Any]:
        """The open copy with the column values that were read leniently at the door."""
        return {
            **self.body,
            "received_at": self.received_at.isoformat(),
            "channel": self.channel,
        }


@dataclass(slots=True)
class Findings:
    """What the steps found of a report so far. What a failed step would have given is empty."""

    report: WaitingReport
    forms: list[Forms] = field(default_factory=list)
    matches: dict[int, list[PersonMatch]] = field(default_factory=dict)
    accepted: dict[int, PersonMatch] = field(default_factory=dict)
    own_records: dict[int, uuid.UUID] = field(default_factory=dict)
    picture: dict[str, Any] = field(default_factory=dict)
    home_county: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    proposal: Proposal | None = None
    policies: TriagePolicies | None = None
    same_events: list[EventFound] = field(default_factory=list)
    versions: dict[str, Any] = field(default_factory=dict)
    failed_steps: list[str] = field(default_factory=list)

    @property
    def person_ids(self) -> frozenset[str]:
        """Persons whom subjects were taken to be."""
        return frozenset(str(match.person_id) for match in self.accepted.values())


Step = Callable[[str, Sequence[Findings]], contextlib.AbstractContextManager[None]]


def lock_waiting(reports: Sequence[uuid.UUID]) -> list[WaitingReport]:
    """Those reports whose matter this transaction has locked now, in the order of their acceptance.

    Left out are those that are held by another, decided or gone.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [STATEMENT_TIMEOUT, list(reports)])
        rows = cursor.fetchall()
    names = [column.name for column in fields(WaitingReport)]
    locked = [dict(zip(names, row, strict=True)) for row in rows]
    return [WaitingReport(**one | {"body": json.loads(one["body"])}) for one in locked]


def find_out(reports: Sequence[WaitingReport]) -> list[Findings]:
    """All steps for as many of the reports, from the first on, as may be screened together.

    Steps seldom fail, and a guard around each would cost a fifth of the statements: raises what any
    step raises for any report. What was written is then to be taken back.
    """
    return _all_steps([Findings(report) for report in reports], _bare)


def find_out_guarded(report: WaitingReport) -> Findings:
    """All steps for one report; one that fails is taken back and named."""
    return _all_steps([Findings(report)], _guarded)[0]


def _all_steps(all_of_them: list[Findings], step: Step) -> list[Findings]:
    some = all_of_them
    with step(MATCHING, some):
        _read_subjects(some)
        some = _by_keys_apart(some)
        _match(some)
    for found in some:
        found.picture = _empty_picture(found.report)
    with step(PICTURE, some):
        _draw(some)
        some = _by_persons_apart(some)
    with step(PROPOSAL, some):
        _propose(some)
    with step(SAME_EVENT, some):
        _compare(some)
    with step(OWN_RECORDS, some):
        for found, records in zip(some, write_own_records(some), strict=True):
            found.own_records = records
    return some


def _by_keys_apart(some: list[Findings]) -> list[Findings]:
    """As far as nobody is looked for by a key that one before writes down."""
    if len(some) == 1:
        return some
    reads, writes = ([of(one.forms) for one in some] for of in (keys_asked, keys_told))
    return some[: how_many_together(reads, writes)]


def _by_persons_apart(some: list[Findings]) -> list[Findings]:
    """As far as no picture shows somebody of whom one before tells."""
    shown = [{str(one["person_id"]) for one in found.picture["members"]} for found in some]
    return some[: how_many_together(shown, [found.person_ids for found in some])]


@contextlib.contextmanager
def _bare(code: str, some: Sequence[Findings]) -> Iterator[None]:
    yield


@contextlib.contextmanager
def _guarded(code: str, some: Sequence[Findings]) -> Iterator[None]:
    """Take back what the step wrote and note its code if it fails; a lost connection goes on up."""
    try:
        with transaction.atomic():
            yield
    except Exception as error:
        if not connection.is_usable():
            raise
        for found in some:
            # No text of the error: it may quote what the report says (D6).
            name = type(error).__name__
            logger.warning("Step %s of report %s failed: %s.", code, found.report.id, name)
            found.failed_steps.append(code)


def _read_subjects(some: Sequence[Findings]) -> None:
    for found in some:
        day = found.report.received_on
        found.forms = [subject_forms(one, day) for one in subjects_of(found.report.body)]


def _match(some: Sequence[Findings]) -> None:
    """*Same person?* for each subject; accepted is what the model accepts."""
    model = model_in_force()
    asked: list[tuple[Findings, int]] = []
    own_keys: list[str | None] = []
    for found in some:
        found.versions["linkage_model"] = model.version
        # A report screened again has records, of which people may have said whose they are not.
        again = found.report.state != "received"
        for index, _ in enumerate(found.forms):
            asked.append((found, index))
            own_keys.append(f"{found.report.receipt}/{index}" if again else None)
    forms = [found.forms[index] for found, index in asked]
    for (found, index), matches in zip(asked, find_many(forms, own_keys=own_keys), strict=True):
        found.matches[index] = matches
        if matches and matches[0].accepted:
            found.accepted[index] = matches[0]


def _draw(some: Sequence[Findings]) -> None:
    """The pictures; drawn again where somebody told by a relation was recognised in one."""
    drawn = pictures_of([_around(found) for found in some])
    again = [place for place, found in enumerate(some) if _recognise(found, drawn[place])]
    if again:
        redrawn = pictures_of([_around(some[place]) for place in again])
        for place, picture in zip(again, redrawn, strict=True):
            drawn[place] = picture
    for found, picture in zip(some, drawn, strict=True):
        found.picture = without_report(picture, found.report.receipt)
        subjects = subjects_of(found.report.body)
        found.home_county = home_county(
            [(role_of(subjects[i]), str(one.person_id)) for i, one in found.accepted.items()],
            found.picture,
        )


def _recognise(found: Findings, picture: Picture) -> bool:
    """Whether somebody who was told by a relation is one of the picture's people: then accepted."""
    recognised = relatives_meant(_told_by_relation(found, picture))
    found.accepted |= recognised
    for index, match in recognised.items():
        found.matches[index] = [match, *found.matches.get(index, [])]
    return bool(recognised)


def _told_by_relation(
    found: Findings, picture: Picture
) -> dict[int, tuple[Forms, dict[uuid.UUID, bool | None]]]:
    """Subjects whom nobody was accepted for, and the people around the one who was recognised."""
    taken = found.person_ids
    if not taken & set(picture["focus"]):
        return {}
    around = [
        one for one in picture["members"]
        if one["matched"] and one["person_id"] not in taken and not one["dead"]
    ]  # fmt: skip
    ties = load_ties()
    told: dict[int, tuple[Forms, dict[uuid.UUID, bool | None]]] = {}
    for index, subject in enumerate(subjects_of(found.report.body)):
        if index in found.accepted or not around or index >= len(found.forms):
            continue
        word = ties.relation(text_of(subject.get("relation_to_victim"), 40))
        told[index] = (
            found.forms[index],
            {
                uuid.UUID(one["person_id"]): word == one["relation"]
                if word and one["relation"] else None
                for one in around
            },
        )  # fmt: skip
    return told


def _around(found: Findings) -> Around:
    body = found.report.body
    asked = [
        {
            "index": index,
            "role": role_of(subject),
            "person_id": found.accepted[index].person_id if index in found.accepted else None,
            "forms": found.forms[index] if index < len(found.forms) else None,
            "name": text_of(subject.get("name"), 100),
            "relation_to_victim": text_of(subject.get("relation_to_victim"), 40),
        }
        for index, subject in enumerate(subjects_of(body))
    ]
    return Around(asked, found.report.received_on, concerns_of(body))


@cache
def _all_sources() -> tuple[str, ...]:
    return tuple(sorted(set(shipped_manifests()) - {"anwang"}))


def _empty_picture(report: WaitingReport) -> dict[str, Any]:
    """What is known when nothing could be asked: every source is unknown (V7)."""
    empty: dict[str, Any] = {
        name: []
        for name in ("focus", "members", "edges", "facts", "lookups", "living_together",
                     "registered_together", "kin")
    }  # fmt: skip
    return empty | {
        "as_of": report.received_on.isoformat(),
        "known_at": report.accepted_at.isoformat(),
        "unknown": list(_all_sources()),
    }


def _propose(some: Sequence[Findings]) -> None:
    answers = answers_given([found.report.id for found in some], some[0].report.now)
    in_force: dict[tuple[str | None, dt.date], tuple[TriagePolicies, dict[str, str]]] = {}
    for found in some:
        report = found.report
        asked = report.county or found.home_county, report.today
        if asked not in in_force:
            in_force[asked] = policies_in_force(*asked)
        found.policies, versions = in_force[asked]
        # The day chooses among dated rows: with the versions it makes the decision replay alike.
        found.versions |= {"policies": versions, "day": report.today.isoformat()}
        subjects = subjects_of(report.body)
        roles = {str(one.person_id): role_of(subjects[i]) for i, one in found.accepted.items()}
        own = answers.get(report.id, [])
        found.picture = with_answers_by(found.picture, own, roles, report.now)
        found.inputs = dict(inputs_from(report.open_copy, found.picture))
        found.proposal = propose(found.inputs, found.policies)


def _compare(some: Sequence[Findings]) -> None:
    digests = [(found.report.id, _digest(found)) for found in some]
    for found, events in zip(some, trace_and_compare(digests), strict=True):
        found.same_events = events
        if events and found.proposal and found.policies:
            likeliest = max(other.probability for other in events)
            earlier = event_proposed(events)
            found.inputs[SAME_EVENT_PERCENT] = floor(likeliest * 100)
            # Said of the one that the desk is shown, if nothing else is likelier.
            found.inputs[SAME_EVENT_BY_NUMBER] = (
                earlier is not None and earlier.by_number and earlier.probability == likeliest
            )
            found.proposal = with_same_event(found.proposal, found.inputs, found.policies)


def _digest(found: Findings) -> ReportDigest:
    report = found.report
    return digest_of(
        report.body,
        receipt=report.receipt,
        accepted_at=report.accepted_at,
        received_at=report.received_at,
        county=report.county,
        forms=found.forms,
        person_ids=found.person_ids,
    )
