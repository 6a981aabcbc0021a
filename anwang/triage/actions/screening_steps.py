"""The steps of a screening, each guarded: one that fails is named on the report, the others go on.

A report that was not checked is worse than one that was, and far better than one that is lost: it
stands at the desk marked so, its clock running.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import cache
from math import floor
from typing import Any, Final

from django.db import connection, transaction

from anwang.common.values.roc_dates import TAIPEI
from anwang.households.queries import picture_of
from anwang.households.rules.picture import Picture
from anwang.households.rules.ties import load_ties
from anwang.people.queries import PersonMatch, find_many, model_in_force, relatives_meant
from anwang.people.rules.forms import Forms
from anwang.registries.rules.manifests import shipped_manifests
from anwang.triage.actions.own_records import write_own_records
from anwang.triage.actions.traces import EventFound, event_proposed, trace_and_compare
from anwang.triage.instruments.queries import with_answers_by
from anwang.triage.queries.policies import policies_in_force
from anwang.triage.rules.household import without_report
from anwang.triage.rules.inputs import SAME_EVENT_BY_NUMBER, SAME_EVENT_PERCENT, inputs_from
from anwang.triage.rules.policies import TriagePolicies
from anwang.triage.rules.propose import Proposal, propose, with_same_event
from anwang.triage.rules.residence import home_county
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

_LOCK = """
select m.report_id, m.state, m.county, m.desk_team, r.receipt, r.channel,
    r.received_at, r.accepted_at, r.historic, r.body,
    (select count(*) from intake_attachment a where a.report_id = r.id), clock.now(),
    set_config('statement_timeout', %s, true)
from triage_matter m join intake_report r on r.id = m.report_id
where m.report_id = %s and (m.state = 'received' or m.state = 'awaiting-decision'
    and not exists (select from triage_decision d where d.matter_id = m.report_id))
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
    """What the steps found so far. What a failed step would have given is empty."""

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


Step = Callable[[str, WaitingReport, Findings], contextlib.AbstractContextManager[None]]


def lock_waiting(report: uuid.UUID) -> WaitingReport | None:
    """The report with its matter locked, or None where it is held, decided or gone."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [STATEMENT_TIMEOUT, report])
        row = cursor.fetchone()
    if row is None:
        return None
    columns = dict(zip((column.name for column in fields(WaitingReport)), row[:-1], strict=True))
    return WaitingReport(**columns | {"body": json.loads(columns["body"])})


def find_out(report: WaitingReport) -> Findings:
    """All steps in their order; see the module.

    They seldom fail: first all of them without a savepoint each, which would cost a fifth of the
    statements; where anything fails it is taken back, and each step is run with its guard.
    """
    try:
        with transaction.atomic():
            return _all_steps(report, _bare)
    except Exception:
        if not connection.is_usable():
            raise
    return _all_steps(report, _guarded)


def _all_steps(report: WaitingReport, step: Step) -> Findings:
    found = Findings()
    with step(MATCHING, report, found):
        _match(report, found)
    found.picture = _empty_picture(report)
    with step(PICTURE, report, found):
        _draw(report, found)
    with step(PROPOSAL, report, found):
        _propose(report, found)
    with step(OWN_RECORDS, report, found):
        found.own_records = write_own_records(report, found)
    with step(SAME_EVENT, report, found):
        _compare(report, found)
    return found


@contextlib.contextmanager
def _bare(code: str, report: WaitingReport, found: Findings) -> Iterator[None]:
    yield


@contextlib.contextmanager
def _guarded(code: str, report: WaitingReport, found: Findings) -> Iterator[None]:
    """Take back what the step wrote and note its code if it fails; a lost connection goes on up."""
    try:
        with transaction.atomic():
            yield
    except Exception as error:
        if not connection.is_usable():
            raise
        # No text of the error: it may quote what the report says (D6).
        name = type(error).__name__
        logger.warning("Step %s of report %s failed: %s.", code, report.id, name)
        found.failed_steps.append(code)


def _match(report: WaitingReport, found: Findings) -> None:
    """*Same person?* for each subject; accepted is what the model accepts."""
    model = model_in_force()
    found.versions["linkage_model"] = model.version
    subjects = subjects_of(report.body)
    forms = [subject_forms(subject, report.received_on) for subject in subjects]
    found.forms = forms
    # A report screened again has records, of which people may have said whose they are not.
    again = report.state != "received"
    own_keys = [f"{report.receipt}/{index}" if again else None for index, _ in enumerate(subjects)]
    for index, matches in enumerate(find_many(forms, own_keys=own_keys)):
        found.matches[index] = matches
        if matches and matches[0].accepted:
            found.accepted[index] = matches[0]


def _draw(report: WaitingReport, found: Findings) -> None:
    """The picture; drawn again where somebody told by a relation was recognised in it."""
    picture = _picture(report, found)
    if recognised := relatives_meant(_told_by_relation(report, found, picture)):
        found.accepted |= recognised
        for index, match in recognised.items():
            found.matches[index] = [match, *found.matches.get(index, [])]
        picture = _picture(report, found)
    found.picture = without_report(picture, report.receipt)
    subjects = subjects_of(report.body)
    found.home_county = home_county(
        [(role_of(subjects[index]), str(one.person_id)) for index, one in found.accepted.items()],
        found.picture,
    )


def _told_by_relation(
    report: WaitingReport, found: Findings, picture: Picture
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
    for index, subject in enumerate(subjects_of(report.body)):
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


def _picture(report: WaitingReport, found: Findings) -> Picture:
    subjects = subjects_of(report.body)
    asked = [
        {
            "index": index,
            "role": role_of(subject),
            "person_id": found.accepted[index].person_id if index in found.accepted else None,
            "forms": found.forms[index] if index < len(found.forms) else None,
            "name": text_of(subject.get("name"), 100),
            "relation_to_victim": text_of(subject.get("relation_to_victim"), 40),
        }
        for index, subject in enumerate(subjects)
    ]
    return picture_of(asked, as_of=report.received_on, concerns=concerns_of(report.body))


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


def _propose(report: WaitingReport, found: Findings) -> None:
    found.policies, versions = policies_in_force(report.county or found.home_county, report.today)
    # The day chooses among dated rows: with the versions it makes the decision replay alike.
    found.versions |= {"policies": versions, "day": report.today.isoformat()}
    subjects = subjects_of(report.body)
    roles = {str(one.person_id): role_of(subjects[index]) for index, one in found.accepted.items()}
    found.picture = with_answers_by(found.picture, report.id, roles, report.now)
    found.inputs = dict(inputs_from(report.open_copy, found.picture))
    found.proposal = propose(found.inputs, found.policies)


def _compare(report: WaitingReport, found: Findings) -> None:
    digest = digest_of(
        report.body,
        receipt=report.receipt,
        accepted_at=report.accepted_at,
        received_at=report.received_at,
        county=report.county,
        forms=found.forms,
        person_ids=found.person_ids,
    )
    found.same_events = trace_and_compare(report.id, digest)
    if found.same_events and found.proposal and found.policies:
        likeliest = max(other.probability for other in found.same_events)
        earlier = event_proposed(found.same_events)
        found.inputs[SAME_EVENT_PERCENT] = floor(likeliest * 100)
        # Said of the one that the desk is shown, if nothing else is likelier.
        found.inputs[SAME_EVENT_BY_NUMBER] = (
            earlier is not None and earlier.by_number and earlier.probability == likeliest
        )
        found.proposal = with_same_event(found.proposal, found.inputs, found.policies)
