"""A second person of the desk looks: agrees, and the decision is made; or says why not.

`decisions` refuses what policy wants a second person for. Here the first one puts it before a colleague,
as it would be made; nothing of it happens until that colleague agrees, the report's clocks running.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anwang.access.permissions import Permit
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.triage.actions.decisions import Change, NotNow, ReasonNeeded, answer, confirm
from anwang.triage.actions.looked_at import end_look, lapse_looks, record_asked
from anwang.triage.models import Matter, Offer, SecondLook
from anwang.triage.queries.second_looks import may_look
from anwang.triage.rules.second_looks import Kind, WantedLook

ANSWER, CONFIRM = "answer", "confirm"


class NotTheSecond(AnwangError):
    """A second look is given by another person of the desk than the one who asked for it."""


@transaction.atomic
def ask_look(
    matter_id: uuid.UUID, look: WantedLook, *, permit: Permit, seen: dt.datetime | None,
    error: str | None = None, change: Change | None = None, reason: str = "",
) -> SecondLook:  # fmt: skip
    """Put a decision before a second person: to end it (`error` says as which wrong report, empty for
    advice given), or to confirm with `change`. Raises NotNow."""
    matter = _matter(matter_id, seen)
    waiting = SecondLook.objects.filter(matter=matter, verdict="").first()
    if waiting is not None and waiting.asked_by != permit.actor.id and may_look(waiting):
        raise NotNow(_("已有同事提出決定，等您再看一次：請先回覆同意或不同意。"))
    at = clock_now()
    lapse_looks(matter, permit, at)
    wanted: dict[str, Any] = {"act": ANSWER, "error": error}
    if error is None:
        wanted = {"act": CONFIRM, "change": change.values if change else None}
    matter.changed_at = at
    matter.save(update_fields=["changed_at"])
    asked = SecondLook.objects.create(
        matter=matter, kind=look.kind, wanted=wanted, reason=reason.strip(),
        reasons=list(look.reasons), seen=at, asked_by=permit.actor.id, asked_at=at,
    )  # fmt: skip
    record_asked(matter, look, permit)
    return asked


@transaction.atomic
def look_again(
    matter_id: uuid.UUID, *, agrees: bool, permit: Permit, said: str = "",
    seen: dt.datetime | None = None,
) -> Offer | None:  # fmt: skip
    """Give the open second look. Agreeing makes the decision that waits for it, in the name of who
    agrees; of a dispatch that has gone it is a word beside it. Raises NotNow, NotTheSecond,
    ReasonNeeded, and what the decision raises."""
    matter = _matter(matter_id, seen)
    look = (
        SecondLook.objects.select_for_update(of=("self",)).filter(matter=matter, verdict="").first()
    )
    if look is None:
        raise NotNow(_("這一次再看已經有了結果。"))
    if not may_look(look):
        raise NotTheSecond(_("要由另一位同事再看；提出的人自己不能同意。"))
    if not agrees and not said.strip():
        raise ReasonNeeded(_("不同意時請寫理由。"))
    first = look.kind != Kind.AFTERWARDS
    if agrees and first and look.seen != matter.changed_at:
        raise NotNow(_("提出之後這件通報有了變動。請重新看過，再提出決定。"))
    if agrees and first:
        return _decide(look, permit)
    verdict = SecondLook.Verdict.AGREED if agrees else SecondLook.Verdict.DECLINED
    end_look(look, verdict, permit, said=said)
    if first:
        matter.changed_at = look.looked_at or clock_now()
        matter.save(update_fields=["changed_at"])
    return None


def _decide(look: SecondLook, permit: Permit) -> Offer | None:
    """The decision as it was put before the second person."""
    wanted = look.wanted
    if wanted["act"] == ANSWER:
        answer(
            look.matter_id, permit=permit, reason=look.reason, error=wanted["error"], agreed=look
        )
        return None
    change = Change(look.reason, wanted["change"]) if wanted["change"] else None
    return confirm(look.matter_id, permit=permit, change=change, agreed=look)


@transaction.atomic
def take_look_back(
    matter_id: uuid.UUID, *, permit: Permit, seen: dt.datetime | None = None
) -> None:
    """The one who asked takes the question back, before anybody has answered. Raises NotNow."""
    matter = _matter(matter_id, seen)
    look = SecondLook.objects.filter(
        matter=matter, verdict="", asked_by=permit.actor.id, decision=None
    )
    if not look.exists():
        raise NotNow(_("這一次再看已經有了結果。"))
    at = clock_now()
    lapse_looks(matter, permit, at)
    matter.changed_at = at
    matter.save(update_fields=["changed_at"])


def _matter(matter_id: uuid.UUID, seen: dt.datetime | None) -> Matter:
    matter = Matter.objects.select_for_update(of=("self",)).filter(pk=matter_id).first()
    if matter is None or (seen is not None and matter.changed_at != seen):
        raise NotNow(_("這件通報的狀態已經改變，請重新看過再決定。"))
    return matter
