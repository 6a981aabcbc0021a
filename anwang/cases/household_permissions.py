"""Who may see a household of any day, its addresses, and who may correct it."""

from __future__ import annotations

import uuid
from typing import Final

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.permissions import Permit, check_pace, refuse, seats_in
from anwang.access.queries.seats import Seat
from anwang.access.seen_fields import seen_fields
from anwang.access.vocabulary import Act
from anwang.cases.models import Case, FamilyFile
from anwang.cases.permissions import TEAM_ROLES

ADDRESSES: Final = "family-addresses"
CORRECTING: Final = "household-correction"
SEEN_OF_ADDRESSES: Final = seen_fields("addresses", "case")


def _seats_in_family(
    actor: Actor, family_id: uuid.UUID | None, purpose: str
) -> tuple[tuple[Seat, ...], bool]:
    """The actor's seats in teams with a case in the family, and whether one of these is open."""
    cases = Case.objects.filter(family_id=family_id).values_list("team_id", "closed_at")
    teams = {team for team, _closed in cases}
    seats = tuple(seat for seat in seats_in(actor, TEAM_ROLES) if seat.team_id in teams)
    if family_id is None or not seats or not FamilyFile.objects.filter(pk=family_id).exists():
        refuse(actor, purpose, [family_id] if family_id else [])
    mine = {seat.team_id for seat in seats}
    return seats, any(team in mine and closed is None for team, closed in cases)


def check_can_read_addresses(actor: Actor, family_id: uuid.UUID | None) -> Permit:
    """A permit for where a family was registered and lived: a team with a case in it.

    Of its own, since who only looks at the family need not know; on record first (D2). Without an
    open case it counts against the pace (R15).
    """
    seats, task = _seats_in_family(actor, family_id, ADDRESSES)
    if not task:
        check_pace(actor, ADDRESSES, [family_id])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="family", object_ids=[family_id], purpose=ADDRESSES,
        fields=sorted(SEEN_OF_ADDRESSES), detail={"task": task},
    )  # fmt: skip
    return Permit(actor, "case", ADDRESSES, seats, SEEN_OF_ADDRESSES, audit_id)


def check_can_correct_household(actor: Actor, family_id: uuid.UUID | None) -> Permit:
    """A permit to say what a source does not know of a family's member: a team with a case in it.

    That the case is open, the database asks when something is said.
    """
    seats, _task = _seats_in_family(actor, family_id, CORRECTING)
    return Permit(actor, "case", CORRECTING, seats)
