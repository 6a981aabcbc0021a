"""What a team says to an offer, as far as triage is concerned: refusing it. Accepting opens a case."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.triage.actions.clocks import run_again
from anwang.triage.actions.decisions import DISPATCH_CLOCK, NotNow, locked
from anwang.triage.models import Matter, Offer, State
from anwang.triage.queries.teams import settled_team

REFUSALS = ("not-our-law", "not-our-area", "already-open", "duplicate", "cannot-reach",
            "conflict-of-interest", "other")  # fmt: skip
STILL_REFUSED = ("conflict-of-interest", "duplicate")  # even what a ruling gave to the team


class RefusalNeedsCode(AnwangError):
    """A refusal names one of the coded reasons; *other* needs a text besides."""


def locked_offer(offer_id: uuid.UUID) -> tuple[Offer, Matter]:
    """The open offer with its matter, both locked, the matter first. Raises NotNow."""
    found = Offer.objects.filter(pk=offer_id).values_list("matter_id", flat=True).first()
    matter = Matter.objects.select_for_update(of=("self",)).filter(pk=found).first()
    offer = Offer.objects.select_for_update(of=("self",)).filter(pk=offer_id).first()
    if matter is None or offer is None or offer.answer != Offer.Answer.OPEN:
        raise NotNow(_("這件派案已經有了回覆。"))
    return offer, matter


def answer_offer(offer: Offer, answer: Offer.Answer, permit: Permit) -> dt.datetime:
    """Write the team's answer on the offer and return its instant."""
    at = clock_now()
    offer.answer = answer
    offer.answered_at = at
    offer.answered_by = permit.actor.id
    offer.save(update_fields=["answer", "answered_at", "answered_by", "refusal", "refusal_text"])
    return at


@transaction.atomic
def refuse_offer(offer_id: uuid.UUID, *, code: str, text: str, permit: Permit) -> None:
    """Give a report back to the desk with a coded reason; its first clock runs on, unmoved.

    Raises NotNow, RefusalNeedsCode.
    """
    if code not in REFUSALS or (code == "other" and not text.strip()):
        raise RefusalNeedsCode(_("請選一個退回理由；選「其他」時請寫明。"))
    offer, matter = locked_offer(offer_id)
    if settled_team(matter) == offer.team_id and code not in STILL_REFUSED:
        raise NotNow(_("這件已經有裁決，由貴組受理；有利益衝突時請退回。"))
    offer.refusal, offer.refusal_text = code, text.strip()
    answer_offer(offer, Offer.Answer.REFUSED, permit)
    record_event(Act.OFFER_REFUSED, actor=permit.actor, object_kind="report",
                 object_ids=[matter.pk], purpose=permit.purpose, result=code)  # fmt: skip
    _return_to_desk(offer, matter)


@transaction.atomic
def withdraw_offer(
    matter_id: uuid.UUID, *, permit: Permit, seen: dt.datetime | None = None
) -> None:
    """Take back an offer that nobody has answered, to decide the report anew. Raises NotNow."""
    matter = locked(matter_id, State.AWAITING_DECISION, seen)
    offer = matter.offers.select_for_update(of=("self",)).filter(answer="open").first()
    if matter.state != State.OFFERED or offer is None:
        raise NotNow(_("這件派案已經有了回覆。"))
    answer_offer(offer, Offer.Answer.WITHDRAWN, permit)
    record_event(Act.OFFER_WITHDRAWN, actor=permit.actor, object_kind="report",
                 object_ids=[matter.pk], purpose=permit.purpose)  # fmt: skip
    _return_to_desk(offer, matter)


def _return_to_desk(offer: Offer, matter: Matter) -> None:
    """Last of all: from here on the team does not reach the report any more."""
    run_again(matter, DISPATCH_CLOCK)
    with connection.cursor() as cursor:
        cursor.execute("select triage.return_to_desk(%s)", [offer.pk])


def hand_over(matter: Matter, to_team: str, ground: str) -> None:
    """Make `to_team` accountable from now on; the database refuses a gap or a stranger."""
    with connection.cursor() as cursor:
        cursor.execute("select triage.hand_over(%s, %s, %s)", [matter.pk, to_team, ground])
    matter.refresh_from_db(fields=["accountable_team"])
