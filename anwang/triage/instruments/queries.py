"""Instruments in force and the answers given to them, as far as the reader may see them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from anwang.access.models import Account
from anwang.access.permissions import Permit
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import versions_in_force
from anwang.rulebook.rules.instruments import Instrument, read_instrument
from anwang.rulebook.rules.loader import with_dates
from anwang.triage.instruments.models import Answer


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


def accounts_of(answers: Iterable[Answer]) -> dict[uuid.UUID, Account]:
    """Who gave the answers, as far as the reader sees the names of staff."""
    found = Account.objects.only("display_name", "display_name_en")
    return found.in_bulk({one.by for one in answers})
