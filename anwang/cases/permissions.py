"""Who may work a family: the teams that have a case in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connection

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.models import Glass
from anwang.access.permissions import Permit, check_pace, check_role, refuse, seats_in
from anwang.access.seen_fields import seen_fields
from anwang.access.vocabulary import Act, Role
from anwang.cases.models import Case, FamilyFile, Helper, Transfer

TEAM_ROLES = (Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR)
SEEN_IN_FAMILY = seen_fields("family", "case")
SEEN_BY_HELPER = seen_fields("help", "helper")


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
    found = Case.objects.filter(pk=case_id).values_list("team_id", "closed_at").first()
    team, closed_at = found or (None, None)
    seats = tuple(seat for seat in seats_in(actor, TEAM_ROLES) if seat.team_id == team)
    if not seats:
        refuse(actor, "case-work", [case_id])
    if closed_at:
        check_pace(actor, "case-work", [case_id])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="case", object_ids=[case_id], purpose="case-work",
        fields=sorted(SEEN_IN_FAMILY), detail={"task": closed_at is None},
    )  # fmt: skip
    return Permit(actor, "case", "case-work", seats, SEEN_IN_FAMILY, audit_id)


def check_can_read_family(actor: Actor, family_id: uuid.UUID | None) -> Permit:
    """A permit to read one family file: a seat in a team with a case in it, on record first (D2)."""
    cases = Case.objects.filter(family_id=family_id).values_list("team_id", "closed_at")
    teams = {team for team, _closed in cases}
    seats = tuple(seat for seat in seats_in(actor, TEAM_ROLES) if seat.team_id in teams)
    if family_id is None or not seats or not FamilyFile.objects.filter(pk=family_id).exists():
        refuse(actor, "family-work", [family_id] if family_id else [])
    mine = {seat.team_id for seat in seats}
    task = any(team in mine and closed is None for team, closed in cases)
    if not task:
        check_pace(actor, "family-work", [family_id])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="family", object_ids=[family_id], purpose="family-work",
        fields=sorted(SEEN_IN_FAMILY), detail={"task": task},
    )  # fmt: skip
    return Permit(actor, "case", "family-work", seats, SEEN_IN_FAMILY, audit_id)


def check_can_work_case(actor: Actor, case_id: uuid.UUID) -> Permit:
    """A permit to do a duty of a case or to close it: a seat in its team."""
    team = Case.objects.filter(pk=case_id).values_list("team_id", flat=True).first()
    seats = tuple(seat for seat in seats_in(actor, TEAM_ROLES) if seat.team_id == team)
    if not seats:
        refuse(actor, "case-work", [case_id])
    return Permit(actor, "case", "case-work", seats)


def check_can_answer_transfer(
    actor: Actor, transfer_id: uuid.UUID, *, back: bool = False
) -> Permit:
    """A permit to take a case over or refuse it: a seat in the team that was asked; `back`: to take
    the asking back, a seat in the team that asks."""
    found = Transfer.objects.filter(pk=transfer_id).first()
    team = (found.from_team if back else found.to_team) if found else None
    seats = tuple(seat for seat in seats_in(actor, TEAM_ROLES) if seat.team_id == team)
    if not seats:
        refuse(actor, "transfer", [transfer_id])
    return Permit(actor, "task", "transfer", seats)


def check_can_use_joint(actor: Actor) -> Permit:
    """A permit to see what the actor's teams were asked to help with. Raises Refused."""
    return check_role(actor, TEAM_ROLES, "joint-work")


def put_helps_on_record(permit: Permit, cases: Iterable[uuid.UUID]) -> None:
    """The entry for requests of help that were shown; none where nothing was (D2)."""
    if ids := list(cases):
        record_apart(
            Act.READ, actor=permit.actor, object_kind="case", object_ids=ids,
            purpose=permit.purpose, fields=["task"],
        )  # fmt: skip


def check_can_read_help(actor: Actor, helper_id: uuid.UUID) -> tuple[Permit, Helper]:
    """A permit to read what a helper sees: a seat in the helping team, on record first (D2)."""
    helper = Helper.objects.filter(pk=helper_id).first()
    seats = tuple(
        seat
        for seat in seats_in(actor, TEAM_ROLES)
        if helper is not None and seat.team_id == helper.team_id
    )
    if helper is None or not seats:
        refuse(actor, "joint-work", [helper_id])
    live = helper.status in (Helper.Status.INVITED, Helper.Status.ACCEPTED, Helper.Status.WORKING)
    if not live:
        check_pace(actor, "joint-work", [helper_id])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="case", object_ids=[helper.case_id],
        purpose="joint-work", fields=sorted(SEEN_BY_HELPER), detail={"task": live},
    )  # fmt: skip
    return Permit(actor, "helper", "joint-work", seats, SEEN_BY_HELPER, audit_id), helper


def check_can_step_help(actor: Actor, helper_id: uuid.UUID, *, back: bool) -> tuple[Permit, Helper]:
    """A permit to move help on: a seat in the helping team; `back`: in the team that leads now."""
    helper = Helper.objects.filter(pk=helper_id).first()
    team: str | None = helper.team_id if helper else None
    if back and helper is not None:
        team = Case.objects.filter(pk=helper.case_id).values_list("team_id", flat=True).first()
    seats = tuple(seat for seat in seats_in(actor, TEAM_ROLES) if seat.team_id == team)
    if helper is None or not seats:
        refuse(actor, "joint-work", [helper_id])
    return Permit(actor, "helper", "joint-work", seats), helper


BOARD_ROLES = (Role.DESK, Role.SUPERVISOR, Role.COUNTY_MANAGER, Role.MINISTRY)


def check_can_see_loads(actor: Actor) -> Permit:
    """A permit for the board of teams: figures alone, of the county one works for (R10)."""
    return check_role(actor, BOARD_ROLES, "load-board")


GLASS_ROLES = (Role.DESK, Role.HOTLINE, *TEAM_ROLES)
REVIEWERS = (
    Role.DESK, Role.SUPERVISOR, Role.COUNTY_MANAGER, Role.MINISTRY, Role.PRIVACY_OFFICER,
)  # fmt: skip


def check_can_break_glass(actor: Actor) -> Permit:
    """A permit to ask for the glass: a seat where people answer for families (G1). What it opens,
    and whether, is the database's to say. Raises Refused."""
    return check_role(actor, GLASS_ROLES, "break-glass")


def check_can_look_through(actor: Actor, glass_id: uuid.UUID) -> tuple[Permit, Glass]:
    """A permit for what the actor's own glass opens now; the reading is on record first (D2).

    Raises Refused once it has ended, or where a conflict has become known since.
    """
    with connection.cursor() as cursor:
        cursor.execute("select array(select access.my_glass())")
        (opened,) = cursor.fetchone()
    glass = Glass.objects.filter(pk=glass_id, account_id=actor.id).first()
    if glass is None or not set(glass.object_ids) <= set(opened):
        refuse(actor, "break-glass", [glass_id])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind=glass.object_kind, object_ids=[glass.object_id],
        purpose="break-glass", fields=glass.fields, detail={"glass": str(glass.pk)},
    )  # fmt: skip
    return Permit(actor, "glass", "break-glass", (), frozenset(glass.fields), audit_id), glass


def check_can_review(actor: Actor) -> Permit:
    """A permit for the reviews of the actor's office; which ones is a row rule. Raises Refused."""
    return check_role(actor, REVIEWERS, "review")


def check_can_declare(actor: Actor) -> Permit:
    """A permit to declare a conflict of one's own: anybody who works here. Raises Refused."""
    return check_role(actor, tuple(Role), "declare-conflict")


def check_can_read_notices(actor: Actor) -> Permit:
    """A permit for the notices to oneself and one's offices: anybody who works here."""
    return check_role(actor, tuple(Role), "notices")
