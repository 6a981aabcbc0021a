"""Instruments in force and the answers given to them, as far as the reader may see them; for our
programs, what a screening reads of them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.db.models import Q

from anwang.access.models import Account
from anwang.access.permissions import Permit
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import versions_in_force
from anwang.rulebook.rules.instruments import Instrument, read_instrument
from anwang.rulebook.rules.loader import with_dates
from anwang.rulebook.rules.scoring import cut_off
from anwang.triage.instruments.models import Answer
from anwang.triage.rules.answers import (
    Given,
    about_the_same,
    read_instruments,
    told_codes,
    with_given,
)
from anwang.triage.rules.household import Picture
from anwang.triage.rules.inputs import danger_points
from anwang.triage.rules.reading import shipped_reading


def instruments_in_force() -> dict[str, Instrument]:
    """Id -> the version in force now, of every policy that has questions; by id."""
    numbers = [one.number for one in versions_in_force(None)]
    found = PolicyVersion.objects.filter(pk__in=numbers, body__has_key="sections")
    read = [_read(version) for version in found.order_by("policy_id")]
    return {one.id: one for one in read}


def instrument_versions(instrument: str, versions: Iterable[str]) -> dict[str, Instrument]:
    """Version -> the instrument as it was asked then."""
    found = PolicyVersion.objects.filter(
        policy_id=instrument, county=None, version__in=list(versions)
    )
    return {version.version: _read(version) for version in found}


def _read(version: PolicyVersion) -> Instrument:
    return read_instrument(with_dates(version.body))


def answers_of(matter_id: uuid.UUID, permit: Permit, instrument: str | None = None) -> list[Answer]:
    """Every answer to a report's instruments, oldest first, taken-back ones included.

    The permit says that the reading is on record.
    """
    if permit.audit_id is None:
        raise PermissionError("Answers are read on a permit whose reading is on record.")
    found = Answer.objects.filter(matter=matter_id).order_by("at", "id")
    return list(found if instrument is None else found.filter(instrument=instrument))


def current(answers: Iterable[Answer], instrument: Instrument) -> dict[str, Any]:
    """Question -> its last answer under this version; what was taken back or not asked is absent.

    `answers` oldest first.
    """
    last: dict[str, Any] = {}
    for one in answers:
        if (one.instrument, one.version) == (instrument.id, instrument.version):
            last[one.question] = one.value
    return {question: value for question, value in last.items() if value is not None}


@dataclass(frozen=True, slots=True)
class FormState:
    """How far a form about one report is filled under the version answered last, and who answered
    last; never what was answered."""

    matter_id: uuid.UUID
    instrument: str
    version: str
    questions: frozenset[str]
    by: uuid.UUID
    at: dt.datetime


def form_states(matter_ids: Iterable[uuid.UUID], permit: Permit) -> list[FormState]:
    """The forms begun about these reports, by report and instrument; taken-back ones are not begun.

    The permit says that the reading is on record.
    """
    if permit.audit_id is None:
        raise PermissionError("States of forms are read on a permit whose reading is on record.")
    rows = (
        Answer.objects.filter(matter__in=list(matter_ids))
        .annotate(taken_back=Q(value=None))
        .order_by("matter", "instrument", "at", "id")
        .values_list("matter", "instrument", "version", "question", "taken_back", "by", "at")
    )
    return list(_states(rows))


def _states(rows: Iterable[tuple[Any, ...]]) -> Iterator[FormState]:
    for (matter, instrument), of_one in groupby(rows, key=lambda row: row[:2]):
        told = list(of_one)
        _, _, version, _, _, by, at = told[-1]
        last = {row[3]: row[4] for row in told if row[2] == version}
        answered = frozenset(question for question, taken_back in last.items() if not taken_back)
        if answered:
            yield FormState(matter, instrument, version, answered, by, at)


def accounts_of(answers: Iterable[Answer]) -> dict[uuid.UUID, Account]:
    """Who gave the answers, as far as the reader sees the names of staff."""
    return accounts_by({one.by for one in answers})


def accounts_by(ids: set[uuid.UUID]) -> dict[uuid.UUID, Account]:
    """Names of staff, as far as the reader sees them."""
    return Account.objects.only("display_name", "display_name_en").in_bulk(ids) if ids else {}


def answers_given(
    matter_ids: Iterable[uuid.UUID], known_at: dt.datetime
) -> dict[uuid.UUID, list[Given]]:
    """Matter -> what had been answered about it by `known_at` of those instruments that inputs are
    read from; those without answers are absent. For our programs."""
    found = _read_by(known_at).filter(matter__in=list(matter_ids))
    rows = found.values_list("matter", *_COLUMNS)
    return {
        matter: list(_given(row[1:] for row in of_one))
        for matter, of_one in groupby(rows, key=lambda row: row[0])
    }


def with_answers_by(
    picture: Picture, own: Sequence[Given], subjects: Mapping[str, str], known_at: dt.datetime
) -> dict[str, Any]:
    """The picture with a report's `own` answers, and with those about others on the same victim as far
    as `_grave` tells.

    `subjects`: person id -> role, of whom the report's subjects are taken to be. For our programs.
    """
    others = about_the_same(picture, subjects)
    return with_given(picture, [*own, *_grave(others, known_at)])


_COLUMNS = ("matter__report__receipt", "instrument", "version", "question", "value", "by", "at")


def _read_by(known_at: dt.datetime) -> Any:
    named = read_instruments(shipped_reading())
    found = Answer.objects.filter(instrument__in=named, at__lte=known_at)
    return found.order_by("matter", "instrument", "at", "id")


def _given(rows: Iterable[tuple[Any, ...]], other: bool = False) -> Iterator[Given]:
    """One entry an instrument and report: under the version that was answered last."""
    reading = shipped_reading()
    for (receipt, instrument), of_one in groupby(rows, key=lambda row: row[:2]):
        told = list(of_one)
        _, _, version, _, _, by, at = told[-1]
        last = {row[3]: row[4] for row in told if row[2] == version}
        codes = told_codes(instrument, {q: v for q, v in last.items() if v is not None}, reading)
        if codes:
            yield Given(
                instrument, version, codes, str(by), at.isoformat(), receipt if other else None
            )


def _grave(others: Mapping[str, str], known_at: dt.datetime) -> Iterator[Given]:
    """Assessments of danger about other reports that reached the cut-off, not older than policy says."""
    if not others:
        return
    reading = shipped_reading()
    asked = reading.facts["danger_assessment"]
    since = known_at - dt.timedelta(days=asked["other_report_days"])
    rows = _read_by(known_at).filter(
        matter__report__receipt__in=list(others), instrument__in=asked["instruments"],
    )  # fmt: skip
    for one in _given(rows.values_list(*_COLUMNS), other=True):
        points = danger_points(one.answers, reading.danger) or 0
        if points >= cut_off(reading.danger) and dt.datetime.fromisoformat(one.at) >= since:
            yield replace(one, person_id=others[str(one.report)])
