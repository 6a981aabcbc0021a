"""Moving an open case to another team: asked, answered, taken back. Its team answers until that accepts.

The steps stand in the database's functions (migration 0021), which look who asks.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.triage.actions.decisions import NotNow, ReasonNeeded
from anwang.triage.actions.offers import REFUSALS, RefusalNeedsCode

ACTS: Final = {
    "accepted": Act.TRANSFER_ACCEPTED,
    "refused": Act.TRANSFER_REFUSED,
    "withdrawn": Act.TRANSFER_WITHDRAWN,
}
_SAID: Final = {
    "not-now": gettext_noop("這個個案或請求的狀態已經改變，請重新看過。"),
    "sealed": gettext_noop("封存的個案不能轉出或找人協力；請先更換名單或解除封存。"),
    "no-such-team": gettext_noop("請選本縣市名冊裡的其他小組。"),
    "helps-already": gettext_noop("這一組已經在協力，或還沒有回覆。"),
}


@contextmanager
def told_well() -> Iterator[None]:
    """A refusal of the database's functions in the user's words; other errors come through.

    What is no longer there was moved by somebody else since the permit was given.
    """
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        _before, _mark, rest = str(error).partition("transfers: ")
        code = rest.partition("\n")[0]
        if isinstance(error.__cause__, psycopg.errors.NoDataFound):
            code = "not-now"
        if code not in _SAID:
            raise
        raise NotNow(_(_SAID[code])) from None


@transaction.atomic
def offer_transfer(case_id: uuid.UUID, *, to_team: str, reason: str, permit: Permit) -> uuid.UUID:
    """Ask another team of the county to take an open case over. Raises NotNow, ReasonNeeded."""
    if not reason.strip():
        raise ReasonNeeded(_("轉案需要理由。"))
    with told_well(), connection.cursor() as cursor:
        cursor.execute(
            "select cases.offer_transfer(%s, %s, %s)", [case_id, to_team, reason.strip()]
        )
        (made,) = cursor.fetchone()
    record_event(Act.TRANSFER_OFFERED, actor=permit.actor, object_kind="case",
                 object_ids=[case_id], purpose=permit.purpose,
                 detail={"team": to_team, "transfer": str(made)})  # fmt: skip
    return uuid.UUID(str(made))


@transaction.atomic
def answer_transfer(
    transfer_id: uuid.UUID, *, answer: str, permit: Permit, code: str = "", text: str = ""
) -> uuid.UUID:
    """Accept (and answer for the family from that instant), refuse with a code, or take back.

    Returns the case. Raises NotNow, RefusalNeedsCode.
    """
    if answer == "refused" and (code not in REFUSALS or (code == "other" and not text.strip())):
        raise RefusalNeedsCode(_("請選一個退回理由；選「其他」時請寫明。"))
    with told_well(), connection.cursor() as cursor:
        cursor.execute(
            "select cases.answer_transfer(%s, %s, %s, %s)",
            [transfer_id, answer, code if answer == "refused" else "", text.strip()],
        )
        (case_id,) = cursor.fetchone()
    record_event(ACTS[answer], actor=permit.actor, object_kind="case", object_ids=[case_id],
                 purpose=permit.purpose, result=code or "done",
                 detail={"transfer": str(transfer_id)})  # fmt: skip
    return uuid.UUID(str(case_id))
