"""Calling people when nobody accepts a report, saying that one was called, closing an office (P4).

The climbing itself is the database's (migration 0014): the worker sets it going every minute, and
whoever has the desk open does so when the worker has been silent.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from typing import Any, Final

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.context import SWEEPING, acting
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError

logger = logging.getLogger(__name__)
PORTION: Final = 500
AT_A_PAGE: Final = 100
# A web process looks after the worker once a minute, however many desks poll it.
LOOK_SECONDS: Final = 60.0
_looked: dict[str, float] = {}


class NotCalled(AnwangError):
    """This call was not for the actor, or somebody has answered it already."""


class OfficeStays(AnwangError):
    """The office was not closed or opened: the text says why."""


def call_people() -> int:
    """Call whom the ladder names for each report that is due; how many rungs, portion by portion.

    After a time in which nothing ran, each report is called for once, by all its rungs together.
    """
    done = 0
    while True:
        with acting(SWEEPING, "sweeping"), connection.cursor() as cursor:
            cursor.execute("select triage.climb(%s)", [PORTION])
            (raised,) = cursor.fetchone()
        done += int(raised)
        if raised < PORTION:
            return done


def call_if_silent(now: float | None = None) -> int:
    """Do the worker's calling from a page that is open anyway, when the worker has been silent.

    Asks at most once a minute a process. A failure is logged and never in the way of the page.
    """
    at = time.monotonic() if now is None else now
    if at - _looked.get("at", -LOOK_SECONDS) < LOOK_SECONDS:
        return 0
    _looked["at"] = at
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select triage.climb_if_silent(%s)", [AT_A_PAGE])
            return int(cursor.fetchone()[0])
    except DatabaseError as error:
        logger.error("The page could not call in the worker's place: %s", type(error).__name__)
        return 0


@transaction.atomic
def acknowledge(escalation_id: uuid.UUID, *, permit: Permit) -> None:
    """Say that the actor heard the call. The ladder goes on until somebody accepts. Raises NotCalled."""
    with connection.cursor() as cursor:
        cursor.execute("select triage.acknowledge(%s)", [escalation_id])
        (matter,) = cursor.fetchone()
    if matter is None:
        raise NotCalled(_("這次通知不是給您的，或已經有人回覆。"))
    record_event(Act.CALL_HEARD, actor=permit.actor, object_kind="escalation",
                 object_ids=[escalation_id], purpose=permit.purpose)  # fmt: skip


@transaction.atomic
def close_office(team: str, until: dt.datetime, reason: str, *, permit: Permit) -> uuid.UUID:
    """Say that an office is closed until then: whom it would call, the next rung is. Raises OfficeStays."""
    made = uuid.UUID(str(_office("select triage.close_office(%s, %s, %s)", [team, until, reason])))
    record_event(Act.OFFICE_CLOSED, actor=permit.actor, object_kind="office", object_ids=[team],
                 purpose=permit.purpose, detail={"until": until.isoformat()})  # fmt: skip
    return made


@transaction.atomic
def open_office(team: str, *, permit: Permit) -> None:
    """Say that a closed office is open again. Raises OfficeStays."""
    if not _office("select triage.open_office(%s)", [team]):
        raise OfficeStays(_("這個單位沒有關閉。"))
    record_event(Act.OFFICE_OPENED, actor=permit.actor, object_kind="office", object_ids=[team],
                 purpose=permit.purpose)  # fmt: skip


def _office(statement: str, values: list[Any]) -> object:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            answer: object = cursor.fetchone()[0]
            return answer
    except DatabaseError as error:
        if "office: " not in str(error):
            raise
        raise OfficeStays(
            _("只有本單位督導或縣市主管能登記關閉，最長七天，並要寫明原因。")
        ) from None
