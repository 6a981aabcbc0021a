"""Sealing: a report with its case and family is there for the named alone, by two persons (R8, R14).

Asking and approving are acts of two persons (access.actions.two_persons); what an approved request
does is done by the database's own functions, which take the request and nothing else. Nothing here
could be left out to get around them.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterable
from typing import Final, NoReturn

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.actions.two_persons import ask
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError
from anwang.intake.rules.receipts import RANDOM_SIGNS, receipt_from

SEAL: Final = "seal"
UNSEAL: Final = "unseal"
NAME: Final = "name-in-seal"
_DONE: Final = {
    SEAL: ("select cases.seal(%s, %s)", Act.SEALED),
    UNSEAL: ("select cases.unseal(%s)", Act.UNSEALED),
    NAME: ("select cases.rename_seal(%s)", Act.NAMED_IN_SEAL),
}
_REASON: Final = re.compile(r"(?:seals|two-persons): ([a-z-]+)")


class NotSealed(AnwangError):
    """The database refused the step; `reason` is its code. Nothing was changed."""

    def __init__(self, reason: str) -> None:
        texts = {
            "no-lead": _("名單上要有一位現在負責這件案子的人當主責。"),
            "conflicted": _("名單上有人與這件案子有利益衝突，請另選。"),
            "not-the-lead": _("只有名單上的主責可以提出。"),
        }
        super().__init__(texts.get(reason, _("這一步現在不能進行。請重新看過申請。")))
        self.reason = reason


@transaction.atomic
def ask_seal(
    report_id: uuid.UUID, receipt: str, *, ground: str, text: str, lead: uuid.UUID,
    members: Iterable[uuid.UUID], permit: Permit,
) -> uuid.UUID:  # fmt: skip
    """Ask to seal a report; returns the request. Whoever asks and whoever approves stay named.

    `lead` must work in the team that answers for the report now. Raises NotAskedWell, NotWithTwo.
    """
    payload = {"receipt": receipt, "lead": str(lead), "members": sorted(map(str, members))}
    return ask(SEAL, "report", report_id, ground, text, payload, permit.actor)


@transaction.atomic
def ask_naming(
    root: uuid.UUID, *, ground: str, text: str, lead: uuid.UUID, members: Iterable[uuid.UUID],
    permit: Permit,
) -> uuid.UUID:  # fmt: skip
    """Ask that exactly these (and who approves) be named from now on; its lead alone may.

    Raises NotAskedWell, NotWithTwo.
    """
    payload = {"lead": str(lead), "members": sorted(map(str, members))}
    return ask(NAME, "report", root, ground, text, payload, permit.actor)


@transaction.atomic
def ask_unsealing(root: uuid.UUID, *, ground: str, text: str, permit: Permit) -> uuid.UUID:
    """Ask to end a seal; its lead alone may. Raises NotAskedWell, NotWithTwo."""
    return ask(UNSEAL, "report", root, ground, text, {}, permit.actor)


@transaction.atomic
def carry_out(act: str, request: uuid.UUID, *, permit: Permit) -> uuid.UUID:
    """Do what an approved request asked for; returns the report. At once, for open sessions too.

    Sealing takes what other reports were shown of this one back. Raises NotSealed.
    """
    statement, done = _DONE[act]
    values: list[uuid.UUID | str] = [request]
    if act == SEAL:
        # The number of a file of its own, should other reports have cases in the family's.
        values.append(receipt_from([secrets.randbelow(32) for _ in range(RANDOM_SIGNS)]))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            (report,) = cursor.fetchone()
    except DatabaseError as error:
        _refuse(error, request, permit)
    record_event(
        done, actor=permit.actor, object_kind="report", object_ids=[report],
        purpose=permit.purpose, detail={"request": str(request)},
    )  # fmt: skip
    return uuid.UUID(str(report))


def _refuse(error: DatabaseError, request: uuid.UUID, permit: Permit) -> NoReturn:
    found = _REASON.search(str(error))
    if found is None:
        raise error
    record_apart(
        Act.REFUSED, actor=permit.actor, purpose=permit.purpose, object_ids=[request],
        result="refused", detail={"reason": found.group(1)},
    )  # fmt: skip
    raise NotSealed(found.group(1)) from None
