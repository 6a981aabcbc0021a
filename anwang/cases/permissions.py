"""Who may work a family: the teams that have a case in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.permissions import Permit, check_role, refuse, seats_in
from anwang.access.vocabulary import Act, Role
from anwang.cases.models import Case, FamilyFile

TEAM_ROLES = (Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR)
SEEN_IN_FAMILY = frozenset({"members", "picture", "cases", "clocks", "chronicle"})


def check_can_use_inbox(actor: Actor) -> Permit:
    """A permit to see what the actor's teams were offered. Raises Refused."""
    return check_role(actor, TEAM_ROLES, "team-inbox")


def put_offers_on_record(permit: Permit, matter_ids: Iterable[uuid.UUID]) -> None:
    """The entry for offers that were shown; none where nothing was (D2)."""
    if ids := list(matter_ids):
        record_apart(
            Act.READ, actor=permit.actor, object_kind="report", object_ids=ids,
            purpose=permit.purpose, fields=["offer"],
        )  # fmt: skip


def check_can_list_families(actor: Actor) -> Permit:
    """A permit to see which families the actor's teams work with, by number and masked name."""
    return check_role(actor, TEAM_ROLES, "family-list")


def check_can_read_case(actor: Actor, case_id: uuid.UUID) -> Permit:
    """A permit to read one case: a seat in its team, on record first (D2)."""
    team = Case.objects.filter(pk=case_id).values_list("team_id", flat=True).first()
    seats = tuple(seat for seat in seats_in(actor, TEAM_ROLES) if seat.team_id == team)
    if not seats:
        refuse(actor, "case-work", [case_id])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="case", object_ids=[case_id], purpose="case-work",
        fields=sorted(SEEN_IN_FAMILY),
    )  # fmt: skip
    return Permit(actor, "case", "case-work", seats, SEEN_IN_FAMILY, audit_id)


def check_can_read_family(actor: Actor, family_id: uuid.UUID | None) -> Permit:
    """A permit to read one family file: a seat in a team with a case in it, on record first (D2)."""
    teams = set(Case.objects.filter(family_id=family_id).values_list("team_id", flat=True))
    seats = tuple(seat for seat in seats_in(actor, TEAM_ROLES) if seat.team_id in teams)
    if family_id is None or not seats or not FamilyFile.objects.filter(pk=family_id).exists():
        refuse(actor, "family-work", [family_id] if family_id else [])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="family", object_ids=[family_id], purpose="family-work",
        fields=sorted(SEEN_IN_FAMILY),
    )  # fmt: skip
    return Permit(actor, "case", "family-work", seats, SEEN_IN_FAMILY, audit_id)


def check_can_work_case(actor: Actor, case_id: uuid.UUID) -> Permit:
    """A permit to do a duty of a case or to close it: a seat in its team."""
    team = Case.objects.filter(pk=case_id).values_list("team_id", flat=True).first()
    seats = tuple(seat for seat in seats_in(actor, TEAM_ROLES) if seat.team_id == team)
    if not seats:
        refuse(actor, "case-work", [case_id])
    return Permit(actor, "case", "case-work", seats)
