"""Breaking the glass for a life in danger, ending it, and judging it afterwards (G1-G5)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anwang.access.actions.attempts import record_attempt
from anwang.access.actions.entries import record_event
from anwang.access.context import SWEEPING, acting
from anwang.access.models import Glass
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError

FIELDS: Final = ("people", "danger", "narrative", "decision")
SHORTEST_REASON: Final = 20
MINUTES: Final = 60


class GlassHolds(AnwangError):
    """The glass did not break: the text says why."""


class NothingThere(GlassHolds):
    """There is nothing of this number for the actor."""


_WORDS: Final[dict[str, Any]] = {
    "may-not": gettext_lazy("您的職務不能緊急開啟。若有立即危險，請先撥 110 或 113。"),
    "reason-too-short": gettext_lazy("請寫明理由，至少二十個字。"),
    "no-such-field": gettext_lazy("請選擇要看的內容。"),
    "nobody-to-tell": gettext_lazy("現在通知不到督導與個資保護人員，不能緊急開啟。"),
    "no-such-review": gettext_lazy("沒有這一筆審查。"),
    "own-office": gettext_lazy("不能審查自己或自己單位的緊急開啟。"),
    "reviewed-already": gettext_lazy("這一筆已經審查過了。"),
    "needs-words": gettext_lazy("請選擇結論並用文字說明。"),
}


def break_glass(number: str, fields: Sequence[str], reason: str, *, permit: Permit) -> Glass:
    """Open one report, or one family's latest case, for 60 minutes at most, read only.

    The two who must know are told in the same transaction, or nothing opens. An absent number
    leaves an attempt, as everywhere. Raises NothingThere, GlassHolds.
    """
    wanted = number.strip().upper()
    with transaction.atomic():
        made = _asked(
            "select cases.break_glass(%s, %s, %s, %s)",
            [wanted, list(fields), " ".join(reason.split()), MINUTES],
        )
        if made is not None:
            glass = Glass.objects.get(pk=made)
            record_event(
                Act.GLASS_BROKEN, actor=permit.actor, object_kind=glass.object_kind,
                object_ids=glass.object_ids, purpose=permit.purpose, fields=glass.fields,
                detail={"glass": str(glass.pk), "minutes": MINUTES},
            )  # fmt: skip
            return glass
    record_attempt(permit.actor, "web:glass", wanted)
    raise NothingThere(_("沒有這個編號，或不在能開啟的範圍。"))


@transaction.atomic
def end_glass(glass_id: uuid.UUID, *, permit: Permit) -> bool:
    """Close the glass before its time; whether it was open."""
    ended = bool(_asked("select cases.end_glass(%s)", [glass_id]))
    if ended:
        record_event(Act.GLASS_ENDED, actor=permit.actor, object_kind="glass",
                     object_ids=[glass_id], purpose=permit.purpose)  # fmt: skip
    return ended


@transaction.atomic
def review_glass(glass_id: uuid.UUID, verdict: str, words: str, *, permit: Permit) -> None:
    """Judge another office's use of the glass. Raises GlassHolds."""
    _asked("select cases.review_glass(%s, %s, %s)", [glass_id, verdict, words])
    record_event(Act.GLASS_REVIEWED, actor=permit.actor, object_kind="glass", object_ids=[glass_id],
                 purpose=permit.purpose, result=verdict)  # fmt: skip


def raise_overdue_reviews() -> int:
    """Reviews a day late go one office up; how many did."""
    with acting(SWEEPING, "glass-reviews"), connection.cursor() as cursor:
        cursor.execute("select cases.raise_overdue_reviews()")
        raised = [row[0] for row in cursor.fetchall()]
        if raised:
            record_event(Act.GLASS_OVERDUE, actor=SWEEPING, object_kind="glass", object_ids=raised,
                         purpose="glass-reviews")  # fmt: skip
    return len(raised)


def _asked(statement: str, values: list[Any]) -> Any:
    """What the database answers; its refusals in the user's words."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()[0] if cursor.rowcount else None
    except DatabaseError as error:
        said = str(error).partition("glass: ")[2].split("\n")[0].strip()
        if said not in _WORDS:
            raise
        raise GlassHolds(str(_WORDS[said])) from None
