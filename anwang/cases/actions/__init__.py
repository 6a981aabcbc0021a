"""A case from opening to closing: accepting its offer, doing its duties in time, ending it."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.cases.actions.clocks import open_case
from anwang.cases.models import Case, FamilyFile, FamilyMember
from anwang.cases.rules.family_names import UNKNOWN, family_name
from anwang.common.clock import clock_now
from anwang.intake.rules.receipts import RANDOM_SIGNS, receipt_from
from anwang.triage.actions.clocks import (
    REVIEW,
    begin_again,
    drop_clocks,
    next_due,
    stop_clock,
    unmet,
)
from anwang.triage.actions.decisions import NotNow, ReasonNeeded, known_persons
from anwang.triage.actions.offers import answer_offer, hand_over, locked_offer
from anwang.triage.models import Matter, Offer, Screening, State
from anwang.triage.queries.policies import clocks_of_day


@transaction.atomic
def accept_offer(offer_id: uuid.UUID, *, permit: Permit) -> Case:
    """Open the one case of an offer and take the duty over from the desk, without an instant between.

    The family file is the one that a team of the county keeps for the same household, found by
    its members, or a new one. Raises NotNow where the offer has been answered.
    """
    offer, matter = locked_offer(offer_id)
    at = answer_offer(offer, Offer.Answer.ACCEPTED, permit)
    family = _family_for(matter, offer, permit)
    case = Case.objects.create(
        family=family,
        matter=matter,
        offer=offer,
        team_id=offer.team_id,
        lead=permit.actor.id,
        stream=matter.stream or "consult",
        opened_at=at,
        opened_by=permit.actor.id,
    )
    matter.state = State.ACCEPTED
    matter.changed_at = at
    matter.due_at = next_due(matter, at)
    matter.save(update_fields=["state", "changed_at", "due_at"])
    hand_over(matter, offer.team_id, "offer-accepted")
    record_event(Act.CASE_OPENED, actor=permit.actor, object_kind="case", object_ids=[case.pk],
                 purpose=permit.purpose, detail={"family": str(family.pk)})  # fmt: skip
    return case


@transaction.atomic
def finish_duty(case_id: uuid.UUID, definition_id: str, *, permit: Permit) -> None:
    """What a clock asks for is done: it stops, met or late as the database's time says (S9).

    A cycle begins its next round at once. Raises NotNow where that clock is not waiting.
    """
    case, matter = open_case(case_id)
    clock = unmet(matter).filter(definition_id=definition_id).first()
    if clock is None:
        raise NotNow(_("這個時鐘已經停了。"))
    at = clock_now()
    stop_clock(matter, definition_id, at, case.pk)
    definition = clocks_of_day(at).get(definition_id)
    if definition is not None and definition.kind == "cycle" and definition_id != REVIEW:
        begin_again(clock, definition, at)
    matter.due_at = next_due(matter, at)
    matter.changed_at = at
    matter.save(update_fields=["due_at", "changed_at"])
    record_event(Act.DUTY_DONE, actor=permit.actor, object_kind="case", object_ids=[case.pk],
                 purpose=permit.purpose, detail={"clock": definition_id})  # fmt: skip


@transaction.atomic
def close_case(case_id: uuid.UUID, *, reason: str, permit: Permit) -> None:
    """End a case, with the reason; the family file stays. Unmet clocks are dropped, not met (S9).

    Raises NotNow, ReasonNeeded.
    """
    if not reason.strip():
        raise ReasonNeeded(_("結案需要理由。"))
    case, matter = open_case(case_id)
    at = clock_now()
    dropped = list(unmet(matter).values_list("definition_id", flat=True))
    drop_clocks(matter, at, case.pk)
    case.closed_at, case.closed_by, case.closing_reason = at, permit.actor.id, reason.strip()
    case.save(update_fields=["closed_at", "closed_by", "closing_reason"])
    matter.due_at, matter.changed_at = None, at
    matter.save(update_fields=["due_at", "changed_at"])
    record_event(Act.CASE_CLOSED, actor=permit.actor, object_kind="case", object_ids=[case.pk],
                 purpose=permit.purpose, detail={"dropped": dropped})  # fmt: skip


def _new_number() -> str:
    """A family file's number, drawn like a receipt so that numbers tell nothing of each other."""
    return receipt_from([secrets.randbelow(32) for _ in range(RANDOM_SIGNS)])


def _screening_of(matter: Matter) -> Screening | None:
    return Screening.objects.filter(matter=matter).order_by("-at").first()


def _members_of(screening: Screening | None) -> list[dict[str, Any]]:
    """Who lives or is registered there in the picture on which the report was decided, or is told
    of in the report; victims first. A small child whose address is old must not drop out."""
    members = (screening.picture.get("members") if screening else None) or []
    home = [
        m for m in members
        if m.get("living") or m.get("registered") or m.get("subject") is not None
    ]  # fmt: skip
    return sorted(home, key=lambda m: (m.get("role") not in ("victim", "person-in-need"),))


def _family_for(matter: Matter, offer: Offer, permit: Permit) -> FamilyFile:
    screening = _screening_of(matter)
    members = _members_of(screening)
    known = _known_family(matter)
    # The row becomes readable through its relation, so the relation stands first.
    family_id = known or uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute("select cases.relate_family(%s, %s)", [family_id, matter.pk])
    if known is None:
        told = [matter.headline.get("name"), *(one.get("name") for one in members)]
        name = next((one.strip() for one in told if one and one.strip()), UNKNOWN)
        FamilyFile(
            id=family_id, number=_new_number(), county=matter.county,
            name=family_name(name), opened_at=clock_now(),
        ).save(force_insert=True)  # fmt: skip
    family = FamilyFile.objects.get(pk=family_id)
    _add_members(family, members, permit)
    return family


def _known_family(matter: Matter) -> uuid.UUID | None:
    """The file of the county that most of the report's sure persons belong to, of whichever team."""
    with connection.cursor() as cursor:
        cursor.execute("select cases.file_of(%s)", [matter.pk])
        row = cursor.fetchone()
    return row[0] if row else None


def _add_members(family: FamilyFile, members: list[dict[str, Any]], permit: Permit) -> None:
    known = set(FamilyMember.objects.filter(family=family, until=None)
                .values_list("person_id", flat=True))  # fmt: skip
    FamilyMember.objects.bulk_create(
        FamilyMember(
            family=family,
            person_id=next(iter(known_persons([member])), None),
            name=str(member.get("name") or "不詳")[:100],
            born_on=str(member.get("born_on") or "")[:20],
            role=str(member.get("role") or "household-member"),
            judged_by=permit.actor.id,
        )
        for member in members
        if not set(known_persons([member])) & known
    )
