"""Conflicts of interest: declaring one, ending a declared one, looking again at the registers (R5).

Finding them is the database's own work (migration 0006), which no path can go around.
"""

from __future__ import annotations

import uuid
from typing import Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.context import SWEEPING, acting
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError

SHORTEST_REASON: Final = 4


class NoSuchNumber(AnwangError):
    """There is nothing of this number for you."""


class ReasonTooShort(AnwangError):
    """A reason in words is needed."""


@transaction.atomic
def declare_conflict(number: str, reason: str, *, permit: Permit) -> uuid.UUID:
    """Say that the actor knows this family: closed to all accounts of this human from now on.

    Raises ReasonTooShort, NoSuchNumber (absent, sealed and closed alike).
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonTooShort(_("請用幾個字說明您與這一家的關係。"))
    # The entry names the object, so it is written before the object is closed to its writer.
    with connection.cursor() as cursor:
        cursor.execute("select cases.declare_conflict(%s, %s)", [number.strip().upper(), reason])
        (about,) = cursor.fetchone()
    if about is None:
        raise NoSuchNumber(_("沒有這個編號，或不在您能看的範圍。"))
    record_event(Act.CONFLICT_DECLARED, actor=permit.actor, object_kind="conflict",
                 object_ids=[about], purpose=permit.purpose)  # fmt: skip
    return uuid.UUID(str(about))


@transaction.atomic
def end_declared_conflict(conflict_id: uuid.UUID, reason: str, *, permit: Permit) -> None:
    """Open again what somebody else had declared closed to himself.

    Raises ReasonTooShort, NoSuchNumber where the actor is not the one to end it.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonTooShort(_("請用幾個字說明理由。"))
    with connection.cursor() as cursor:
        cursor.execute("select cases.end_declared_conflict(%s, %s)", [conflict_id, reason])
        (ended,) = cursor.fetchone()
    if not ended:
        raise NoSuchNumber(_("沒有這一筆迴避，或不由您撤回。"))
    record_event(Act.CONFLICT_ENDED, actor=permit.actor, object_kind="conflict",
                 object_ids=[conflict_id], purpose=permit.purpose)  # fmt: skip


def renew_conflicts(most: int = 50) -> int:
    """Look again at accounts since whose last look a register or a judgement said something new."""
    done = 0
    with acting(SWEEPING, "conflicts"), connection.cursor() as cursor:
        # A row made at the same moment as what closes it has missed its mark.
        cursor.execute("select access.mark_again()")
        cursor.execute("select cases.unchecked_accounts(%s)", [most])
        waiting = [row[0] for row in cursor.fetchall()]
    for account in waiting:
        # One short transaction each: screenings wait while an account is looked at.
        with acting(SWEEPING, "conflicts"), connection.cursor() as cursor:
            cursor.execute("select cases.renew_conflicts(%s)", [account])
            done += 1
    return done
