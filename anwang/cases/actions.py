"""Accepting an offer: the case opens in the family file and the duty moves, in one transaction."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from django.db import transaction

from anwang.access.actions import record_event, relate
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.cases.models import Case, FamilyFile, FamilyMember
from anwang.intake.rules.receipts import RANDOM_SIGNS, receipt_from
from anwang.triage.actions.clocks import next_due
from anwang.triage.actions.decisions import known_persons
from anwang.triage.actions.offers import answer_offer, hand_over, locked_offer
from anwang.triage.models import Matter, Offer, Screening, State


@transaction.atomic
def accept_offer(offer_id: uuid.UUID, *, permit: Permit) -> Case:
    """Open the one case of an offer and take the duty over from the desk, without an instant between.

    The family file is the one that a team of the county keeps for the same household, found by
    its members, or a new one. Raises NotNow where the offer has been answered.
    """
    offer, matter = locked_offer(offer_id)
    answer_offer(offer, Offer.Answer.ACCEPTED, permit)
    family = _family_for(matter, permit)
    case = Case.objects.create(
        family=family,
        matter=matter,
        offer=offer,
        team_id=offer.team_id,
        lead=permit.actor.id,
        stream=matter.stream or "consult",
        opened_at=offer.answered_at,
        opened_by=permit.actor.id,
    )
    matter.state = State.ACCEPTED
    matter.changed_at = offer.answered_at
    matter.due_at = next_due(matter, matter.changed_at)
    matter.save(update_fields=["state", "changed_at", "due_at"])
    hand_over(matter, offer.team_id, "offer-accepted")
    record_event(Act.CASE_OPENED, actor=permit.actor, object_kind="case", object_ids=[case.pk],
                 purpose=permit.purpose, detail={"family": str(family.pk)})  # fmt: skip
    return case


def _new_number() -> str:
    """A family file's number, drawn like a receipt so that numbers tell nothing of each other."""
    return receipt_from([secrets.randbelow(32) for _ in range(RANDOM_SIGNS)])


def _members_of(matter: Matter) -> list[dict[str, Any]]:
    """Who lives together in the picture on which the report was decided, victims first."""
    screening = Screening.objects.filter(matter=matter).order_by("-at").first()
    members = (screening.picture.get("members") if screening else None) or []
    home = [m for m in members if m.get("living") or m.get("subject") is not None]
    return sorted(home, key=lambda m: (m.get("role") not in ("victim", "person-in-need"),))


def _family_for(matter: Matter, permit: Permit) -> FamilyFile:
    members = _members_of(matter)
    family = _known_family(known_persons(members), matter)
    if family is None:
        name = str(matter.headline.get("name") or (members[0]["name"] if members else "") or "不詳")
        # The row becomes readable through its relation, so the relation stands first.
        family = FamilyFile(number=_new_number(), county=matter.county, name=f"{name[:1]}家")
        relate(permit.team_ids[0], "family", [family.pk], ground="case", through=matter.pk)
        family.save(force_insert=True)
    else:
        relate(permit.team_ids[0], "family", [family.pk], ground="case", through=matter.pk)
    _add_members(family, members, permit)
    return family


def _known_family(persons: list[uuid.UUID], matter: Matter) -> FamilyFile | None:
    """The open family file that shares most persons, where this team may reach it."""
    if not persons:
        return None
    found = FamilyMember.objects.filter(person_id__in=persons, until=None).values_list(
        "family_id", flat=True
    )
    counted: dict[uuid.UUID, int] = {}
    for family_id in found:
        counted[family_id] = counted.get(family_id, 0) + 1
    best = max(counted, key=lambda one: (counted[one], str(one)), default=None)
    return FamilyFile.objects.filter(pk=best).first() if best else None


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
