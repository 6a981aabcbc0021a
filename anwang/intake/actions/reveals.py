"""Opening what the vault holds: by two persons, by the lead, by the unit that is sent (R6, R7).

Every opening is on record before the value leaves the function, and never with the value (D1, D2).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, connection, transaction

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.actions.notices import notify
from anwang.access.actions.two_persons import ask, refused_by_two
from anwang.access.context import Actor
from anwang.access.permissions import Permit, refuse
from anwang.access.sealing import seal, unseal
from anwang.access.vocabulary import Act, NoticeKind
from anwang.common.errors import AnwangError
from anwang.intake.actions import REPORTER, SAFE, opened_key
from anwang.intake.models import HelpCall
from anwang.intake.queries import key_of

FIELD_SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("name", "organisation"),
    "contact": ("phone", "email"),
}
REVEAL_REPORTER, REVEAL_SAFE = "reveal-reporter", "reveal-safe-address"
SAFE_FIELDS: Final = ("safe_address", "safe_phone", "safe_times")
LONGEST_REASON: Final = 200


class NoFieldSet(AnwangError):
    """A reveal opens one field set: who it is, or how to reach the person."""


class CannotSendHelp(AnwangError):
    """這個單位不能派，或這件沒有受保護的住址。請換一個單位，或直接聯絡主責。"""


@dataclass(frozen=True, slots=True)
class SafePlace:
    """Where somebody is safe: the subject's number in the report and the fields that were given."""

    subject: int
    fields: dict[str, str]


def ask_to_reveal(
    act: str,
    report: uuid.UUID,
    receipt: str,
    ground: str,
    text: str,
    *,
    fields: str,
    permit: Permit,
) -> uuid.UUID:
    """Ask to see the reporter (one field set) or the safe addresses of a report; the request's id.

    Raises NoFieldSet, NotAskedWell and NotWithTwo.
    """
    payload: dict[str, Any] = {"label": receipt}
    if act == REVEAL_REPORTER:
        if fields not in FIELD_SETS:
            raise NoFieldSet(str(NoFieldSet.__doc__))
        payload["fields"] = list(FIELD_SETS[fields])
    return ask(act, "report", report, ground, text, payload, permit.actor)


def reveal_reporter(request: uuid.UUID, report: uuid.UUID, *, permit: Permit) -> dict[str, str]:
    """The granted field set of the reporter, once. The reporter-protection officers are told."""
    row = _granted("intake.reveal_reporter", request, report, permit.actor)
    if not row:
        return {}
    sealed, county, version, wrap, fields = row[0]
    fields = json.loads(fields) if isinstance(fields, str) else fields
    _revealed(Act.REPORTER_REVEALED, report, request, fields, permit.actor)
    opened = opened_key(report, county, version, wrap)
    said = json.loads(unseal(sealed, **REPORTER, row=str(report), data_key=opened))
    return {name: said[name] for name in fields if name in said}


def reveal_safe_places(request: uuid.UUID, report: uuid.UUID, *, permit: Permit) -> list[SafePlace]:
    """The safe addresses of a report, for whom two persons granted it, once."""
    rows = _granted("intake.reveal_safe_addresses", request, report, permit.actor)
    _revealed(Act.SAFE_ADDRESS_REVEALED, report, request, SAFE_FIELDS, permit.actor)
    return _places(rows)


def safe_places_for_lead(report: uuid.UUID, *, permit: Permit) -> list[SafePlace]:
    """The safe addresses of a report, for its lead or the refuge. Raises Refused for others."""
    rows = _vault("select * from intake.safe_places(%s)", [report], permit.actor, "safe-address")
    record_apart(
        Act.SAFE_ADDRESS_REVEALED, actor=permit.actor, object_kind="report", object_ids=[report],
        purpose="safe-address", fields=SAFE_FIELDS,
    )  # fmt: skip
    return _places(rows)


def keep_safe_place(report: uuid.UUID, place: SafePlace, *, permit: Permit) -> uuid.UUID:
    """Keep where somebody is safe now, sealed under the report's key; earlier ones stay."""
    made, opened = uuid.uuid4(), key_of(report)
    plain = json.dumps({str(place.subject): place.fields}, ensure_ascii=False).encode()
    sealed = seal(plain, **SAFE, row=str(made), data_key=opened)
    values = [made, report, sealed]
    with transaction.atomic():
        _vault("select intake.keep_safe_place(%s, %s, %s)", values, permit.actor, "safe-address")
        record_event(
            Act.SAFE_ADDRESS_KEPT, actor=permit.actor, object_kind="report", object_ids=[report],
            purpose="safe-address", fields=sorted(place.fields),
        )  # fmt: skip
    return made


def send_help(report: uuid.UUID, team: str, reason: str, *, permit: Permit) -> uuid.UUID:
    """Send a unit to the safe address without seeing it; the call's id. Raises CannotSendHelp."""
    made = uuid.uuid4()
    values: list[Any] = [made, report, team, reason.strip()[:LONGEST_REASON]]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select intake.send_help(%s, %s, %s, %s)", values)
    except DatabaseError as error:
        if "vault: " not in str(error):
            raise
        raise CannotSendHelp(str(CannotSendHelp.__doc__)) from None
    record_event(
        Act.HELP_SENT, actor=permit.actor, object_kind="help", object_ids=[made, report],
        purpose="send-help", detail={"team": team},
    )  # fmt: skip
    return made


def address_for_unit(call: HelpCall, *, actor: Actor) -> list[SafePlace]:
    """Where the unit must go, for its members while the call is open. Raises Refused."""
    rows = _vault("select * from intake.help_address(%s)", [call.pk], actor, "help")
    record_apart(
        Act.SAFE_ADDRESS_REVEALED, actor=actor, object_kind="help",
        object_ids=[call.pk, call.report_id], purpose="help", fields=["safe_address"],
    )  # fmt: skip
    return _places([(row[0], *row[2:]) for row in rows])


def end_help(call: HelpCall, *, actor: Actor) -> bool:
    """End a call for help: its address is closed from then on; whether it was open."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select intake.end_help(%s)", [call.pk])
        (ended,) = cursor.fetchone()
        if ended:
            record_event(Act.HELP_ENDED, actor=actor, object_kind="help", object_ids=[call.pk],
                         purpose="help")  # fmt: skip
    return bool(ended)


def _granted(
    function: str, request: uuid.UUID, report: uuid.UUID, actor: Actor
) -> list[tuple[Any, ...]]:
    sql = {
        "intake.reveal_reporter": "select * from intake.reveal_reporter(%s, %s)",
        "intake.reveal_safe_addresses": "select * from intake.reveal_safe_addresses(%s, %s)",
    }[function]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [request, report])
            return list(cursor.fetchall())
    except DatabaseError as error:
        refused_by_two(error, actor, report)


def _revealed(
    act: Act, report: uuid.UUID, request: uuid.UUID, fields: Iterable[str], actor: Actor
) -> None:
    record_apart(
        act, actor=actor, object_kind="report", object_ids=[report], purpose=str(act),
        fields=list(fields), detail={"request": str(request)},
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("select approved_by from access_twofold where id = %s", [request])
        approver = cursor.fetchone()
    if approver:  # the officer who approved is told when it was really opened
        notify(NoticeKind(act), to_account=approver[0], object_kind="report", object_id=report)


def _vault(sql: str, values: list[Any], actor: Actor, purpose: str) -> list[tuple[Any, ...]]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())
    except DatabaseError as error:
        if "vault: " not in str(error):
            raise
        refuse(actor, purpose)


def _places(rows: Iterable[Any]) -> list[SafePlace]:
    """From (id, sealed, county, scope, kek_version, wrapped)."""
    found = []
    for place, sealed, county, scope, version, wrap in rows:
        opened = opened_key(scope, county, version, wrap)
        said = json.loads(unseal(sealed, **SAFE, row=str(place), data_key=opened))
        found += [SafePlace(int(number), fields) for number, fields in said.items()]
    return found
