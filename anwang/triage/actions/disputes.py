"""Disputes over whose case it is: raised by a team or a desk, answered, ruled; never over nobody.

The checks stand in the database's functions (migration 0016), since who rules must not see the report.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError
from anwang.triage.actions.clocks import run_again
from anwang.triage.actions.decisions import DISPATCH_CLOCK, NotNow, ReasonNeeded, locked
from anwang.triage.actions.offers import answer_offer, locked_offer
from anwang.triage.models import Dispute, Matter, Offer, State
from anwang.triage.queries.dispatch_policies import answer_hours
from anwang.triage.queries.disputes import county_team_proposed, digest_of, grounds
from anwang.triage.queries.teams import settled_team
from anwang.triage.rules.jurisdiction import CountyAnswer

OTHER_COUNTY: Final = "other-county"
_SAID: Final = {
    "not-now": gettext_noop("這件通報的狀態已經改變，請重新看過再決定。"),
    "no-such-team": gettext_noop("請選名冊裡可以處理的單位。"),
}


class NoSuchGround(AnwangError):
    """A dispute names one of the coded grounds (directory/data/dispute_grounds.yaml)."""


@contextmanager
def _told_well() -> Iterator[None]:
    """A refusal of the database's functions in the user's words; others come through.

    What is no longer there was moved by somebody else since the permit was given.
    """
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        _before, _mark, rest = str(error).partition("disputes: ")
        code = rest.partition("\n")[0]
        if isinstance(error.__cause__, psycopg.errors.NoDataFound):
            code = "not-now"
        if code not in _SAID:
            raise
        raise NotNow(_(_SAID[code])) from None


@transaction.atomic
def object_to_offer(
    offer_id: uuid.UUID, *, ground: str, statement: str, wanted: str, permit: Permit
) -> uuid.UUID:
    """Refuse an offer and dispute whose it is; the desk answers for the family meanwhile.

    `wanted` is the team that the objector holds to be the right one, or empty. Returns the dispute.
    Raises NotNow, NoSuchGround, ReasonNeeded.
    """
    known = grounds()
    if ground not in known or ground == OTHER_COUNTY:
        raise NoSuchGround(_("請選一個爭議的理由。"))
    if not statement.strip():
        raise ReasonNeeded(_("提出爭議需要說明。"))
    offer, matter = locked_offer(offer_id)
    if settled_team(matter) == offer.team_id:
        raise NotNow(_("這件已經有裁決，由貴組受理；有利益衝突時請退回。"))
    hours = answer_hours(matter.county, "county", matter.grade)
    told, proposed = digest_of(matter), county_team_proposed(matter)
    offer.refusal, offer.refusal_text = known[ground]["refusal"], statement.strip()
    answer_offer(offer, Offer.Answer.REFUSED, permit)
    run_again(matter, DISPATCH_CLOCK)
    record_event(Act.OFFER_REFUSED, actor=permit.actor, object_kind="report",
                 object_ids=[matter.pk], purpose=permit.purpose, result=offer.refusal)  # fmt: skip
    return _raise(matter, offer.pk, ground, statement, wanted, "county", hours, told, proposed,
                  permit)  # fmt: skip


@transaction.atomic
def dispute_county(
    matter_id: uuid.UUID, *, to_desk: str, statement: str, answer: CountyAnswer,
    known: Mapping[str, Any], permit: Permit, seen: Any = None,
) -> uuid.UUID:  # fmt: skip
    """The desk holds another county to be competent; it answers until that one agrees or a ruling.

    `answer` is what the regulation's table says on what is `known`; both are kept. Raises NotNow,
    ReasonNeeded.
    """
    if not statement.strip():
        raise ReasonNeeded(_("提出爭議需要說明。"))
    matter = locked(matter_id, State.DISPUTED, seen)
    hours = answer_hours(matter.county, "ministry", matter.grade)
    told = digest_of(matter) | {"known": dict(known)}
    proposed = answer.as_json() | {"kind": "county"}
    return _raise(matter, None, OTHER_COUNTY, statement, to_desk, "ministry", hours, told, proposed,
                  permit)  # fmt: skip


def _raise(
    matter: Matter, offer: uuid.UUID | None, ground: str, statement: str, wanted: str, level: str,
    hours: float, told: Mapping[str, Any], proposed: Mapping[str, Any], permit: Permit,
) -> uuid.UUID:  # fmt: skip
    with _told_well(), connection.cursor() as cursor:
        cursor.execute(
            "select triage.raise_dispute(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [matter.pk, offer, ground, statement.strip(), wanted, level, hours,
             json.dumps(told, ensure_ascii=False), json.dumps(proposed, ensure_ascii=False)],
        )  # fmt: skip
        (made,) = cursor.fetchone()
    dispute = uuid.UUID(str(made))
    record_event(Act.DISPUTE_RAISED, actor=permit.actor, object_kind="report",
                 object_ids=[matter.pk, dispute], purpose=permit.purpose, result=ground)  # fmt: skip
    return dispute


@transaction.atomic
def answer_dispute(dispute: Dispute, *, agrees: bool, statement: str, permit: Permit) -> None:
    """The named office agrees (a desk then answers for the report at once), or says why not.

    Raises NotNow, ReasonNeeded.
    """
    if not agrees and not statement.strip():
        raise ReasonNeeded(_("不同意需要說明。"))
    with _told_well(), connection.cursor() as cursor:
        cursor.execute(
            "select triage.answer_dispute(%s, %s, %s)", [dispute.pk, agrees, statement.strip()]
        )
    record_event(Act.DISPUTE_ANSWERED, actor=permit.actor, object_kind="report",
                 object_ids=[dispute.matter_id, dispute.pk], purpose=permit.purpose,
                 result="agreed" if agrees else "objected")  # fmt: skip


@transaction.atomic
def rule_dispute(
    dispute: Dispute, *, to_team: str, reason: str, law: str, principle: str, permit: Permit
) -> None:
    """Say whose it is. Between a county's teams its desk offers it next; another county's desk
    answers at once. `principle` is kept for later cases and names nobody. Raises NotNow, ReasonNeeded.
    """
    if not (reason.strip() and principle.strip() and law.strip()):
        raise ReasonNeeded(_("裁決需要理由、依據與可供日後參考的要旨。"))
    with _told_well(), connection.cursor() as cursor:
        cursor.execute(
            "select triage.rule_dispute(%s, %s, %s, %s, %s)",
            [dispute.pk, to_team, reason.strip(), law.strip()[:200], principle.strip()],
        )
    record_event(Act.DISPUTE_RULED, actor=permit.actor, object_kind="report",
                 object_ids=[dispute.matter_id, dispute.pk], purpose=permit.purpose,
                 detail={"team": to_team})  # fmt: skip
