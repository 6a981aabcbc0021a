"""The relay: the lead writes to the reporter and the reporter answers; neither sees who the other is.

A message lies in the vault under the report's key and names nobody. Reporters who came through
another system find theirs by receipt, through that system's own credential.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, connection, transaction

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.context import Actor
from anwang.access.permissions import refuse
from anwang.access.sealing import Place, seal, unseal
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError
from anwang.intake.actions import opened_key
from anwang.intake.queries import key_of

MESSAGE: Final[Place] = {"table": "vault.message", "column": "sealed"}
LONGEST: Final = 2000
PURPOSE: Final = "relay"


class EmptyMessage(AnwangError):
    """還沒有寫任何內容。寫一句就好。"""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: which way it went, what it says, when it was sent and first read."""

    to_reporter: bool
    text: str
    sent_at: dt.datetime
    read_at: dt.datetime | None


def relay(report: uuid.UUID, text: str, *, actor: Actor) -> bool:
    """Send a message to the other side; whether it went to the reporter. Raises Refused."""
    text = text.strip()[:LONGEST]
    if not text:
        raise EmptyMessage(str(EmptyMessage.__doc__))
    made = uuid.uuid4()
    sealed = seal(
        text.encode("utf-8", "replace"), **MESSAGE, row=str(made), data_key=key_of(report)
    )
    with transaction.atomic():
        ((to_reporter,),) = _asked("select intake.relay(%s, %s, %s)", [made, report, sealed], actor)
        # Which way it went would tell the reporter from the office: the record says only that.
        record_event(
            Act.MESSAGE_RELAYED, actor=actor, object_kind="report", object_ids=[report],
            purpose=PURPOSE, detail={"to": "reporter" if to_reporter else "office"},
        )  # fmt: skip
    return bool(to_reporter)


def relayed(report: uuid.UUID, *, actor: Actor) -> list[Message]:
    """The messages of a report for either side, the oldest first; on record first. Raises Refused."""
    rows = _asked("select * from intake.relayed(%s)", [report], actor)
    if rows:
        record_apart(
            Act.READ, actor=actor, object_kind="report", object_ids=[report], purpose=PURPOSE,
            fields=["messages"],
        )  # fmt: skip
    found = []
    for row, to_reporter, sealed, sent_at, read_at, county, version, wrap in rows:
        opened = opened_key(report, county, version, wrap)
        text = unseal(sealed, **MESSAGE, row=str(row), data_key=opened).decode()
        found.append(Message(to_reporter, text, sent_at, read_at))
    return found


def side_of(report: uuid.UUID) -> str | None:
    """`reporter` or `office` for who is one, as the database has it; else None."""
    with connection.cursor() as cursor:
        cursor.execute("select intake.relay_side(%s)", [report])
        (side,) = cursor.fetchone()
    return str(side) if side else None


def _asked(sql: str, values: list[Any], actor: Actor) -> list[tuple[Any, ...]]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())
    except DatabaseError as error:
        if "vault: " not in str(error):
            raise
        refuse(actor, PURPOSE)
