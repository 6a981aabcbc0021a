"""Who may see a matter, decide it, or answer an offer: role, relation and purpose together (R2)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.permissions import Permit, check_pace, check_role, has_role, refuse, seats_in
from anwang.access.queries.seats import Seat
from anwang.access.seen_fields import seen_fields
from anwang.access.vocabulary import Act, Role
from anwang.intake.models import HelpCall
from anwang.triage.models import OPEN, Dispute, Matter, Offer

ASSESSMENT = "assessment"
DESK_ROLES = (Role.DESK,)
TEAM_ROLES = (Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR)
SEEN_AT_DESK = seen_fields("report", "task")
RULING = {"county": Role.COUNTY_MANAGER, "ministry": Role.MINISTRY}
DISPUTE_ROLES = (*DESK_ROLES, *TEAM_ROLES, *RULING.values())
SEEN_IN_DISPUTE = seen_fields("dispute", "party")


def check_can_use_desk(actor: Actor) -> Permit:
    """A permit to see the queue of the desks that the actor sits at. Raises Refused."""
    return check_role(actor, DESK_ROLES, "duty-desk")


def can_use_desk(actor: Actor) -> bool:
    """Whether the actor sits at a duty desk; for menus."""
    return has_role(actor, DESK_ROLES)


def put_on_record(permit: Permit, matter_ids: Iterable[uuid.UUID]) -> None:
    """The entry for lines of the queue that were shown anew; none where nothing was (D2)."""
    ids = list(matter_ids)
    if ids:
        record_apart(
            Act.READ, actor=permit.actor, object_kind="report", object_ids=ids,
            purpose=permit.purpose, fields=["queue"],
        )  # fmt: skip


OVERDUE_ROLES = (*DESK_ROLES, *TEAM_ROLES, Role.COUNTY_MANAGER, Role.MINISTRY, Role.OPERATOR)


def check_can_see_overdue(actor: Actor) -> Permit:
    """A permit to see what nobody has accepted: one's own office's, a manager's county, the ministry
    all, operators only whether the looking runs. Which reports is the database's to say (R10)."""
    return check_role(actor, OVERDUE_ROLES, "overdue")


def check_can_search(actor: Actor) -> Permit:
    """A permit to look for a report by receipt or exact name; the search itself is recorded."""
    return check_role(actor, DESK_ROLES, "find-report")


def _working_on(actor: Actor, matter: Matter) -> tuple[Seat, ...]:
    """The actor's seats at the report's desk, or in the team that it was offered to."""
    return tuple(
        seat
        for seat in seats_in(actor, (*DESK_ROLES, *TEAM_ROLES))
        if (seat.role in DESK_ROLES and seat.team_id == matter.desk_team)
        or (
            seat.role in TEAM_ROLES
            and seat.team_id in (matter.offered_team, matter.accountable_team)
        )
    )


def check_can_read_matter(
    actor: Actor, matter_id: uuid.UUID | None, purpose: str = "duty-desk"
) -> Permit:
    """A permit to read one report at the desk, or as the team it was offered to.

    The reading is on record before the permit exists (D2). A matter that is not there and one that
    the actor may not see are refused alike.
    """
    asked = [matter_id] if matter_id else []
    matter = Matter.objects.filter(pk=matter_id).only(
        "desk_team", "offered_team", "accountable_team", "state"
    ).first()  # fmt: skip
    if matter is None or matter_id is None:
        refuse(actor, purpose, asked)
    seats = _working_on(actor, matter)
    if not seats:
        refuse(actor, purpose, asked)
    task = matter.state in OPEN
    if not task:
        check_pace(actor, purpose, asked)
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="report", object_ids=[matter_id], purpose=purpose,
        fields=sorted(SEEN_AT_DESK), detail={"task": task},
    )  # fmt: skip
    return Permit(actor, "task", purpose, seats, SEEN_AT_DESK, audit_id)


def check_can_decide(actor: Actor, matter_id: uuid.UUID | None) -> Permit:
    """A permit to decide a report: a seat at the desk that is accountable for it now."""
    asked = [matter_id] if matter_id else []
    matter = Matter.objects.filter(pk=matter_id).only("desk_team").first()
    seats = tuple(
        seat
        for seat in seats_in(actor, DESK_ROLES)
        if matter is not None and seat.team_id == matter.desk_team
    )
    if not seats:
        refuse(actor, "decide", asked)
    return Permit(actor, "task", "decide", seats)


def check_can_ask_sources(actor: Actor, matter_id: uuid.UUID | None) -> Permit:
    """A permit to have the sources asked about a report's family: whoever works on it (S15)."""
    asked = [matter_id] if matter_id else []
    matter = Matter.objects.filter(pk=matter_id).only(
        "desk_team", "offered_team", "accountable_team"
    ).first()  # fmt: skip
    if matter is None:
        refuse(actor, "ask-sources", asked)
    seats = _working_on(actor, matter)
    if not seats:
        refuse(actor, "ask-sources", asked)
    return Permit(actor, "task", "ask-sources", seats)


def check_can_answer_instrument(actor: Actor, matter_id: uuid.UUID | None) -> Permit:
    """A permit to fill in a form about a report: whoever works on it, at the desk or in the team."""
    asked = [matter_id] if matter_id else []
    matter = Matter.objects.filter(pk=matter_id).only(
        "desk_team", "offered_team", "accountable_team"
    ).first()  # fmt: skip
    if matter is None:
        refuse(actor, ASSESSMENT, asked)
    seats = _working_on(actor, matter)
    if not seats:
        refuse(actor, ASSESSMENT, asked)
    return Permit(actor, "task", ASSESSMENT, seats)


def check_can_see_help(actor: Actor, call: uuid.UUID) -> Permit:
    """A permit to see a call for help: the unit that was sent, who sent it, and the report's team."""
    if not HelpCall.objects.filter(pk=call).exists():
        refuse(actor, "help", [call])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="help", object_ids=[call], purpose="help",
    )  # fmt: skip
    return Permit(actor, "help", "help", (), frozenset(), audit_id)


def check_can_answer_offer(actor: Actor, offer_id: uuid.UUID) -> Permit:
    """A permit to accept or refuse an offer: a seat in the team it was made to."""
    offer = Offer.objects.filter(pk=offer_id).only("team_id").first()
    seats = tuple(
        seat
        for seat in seats_in(actor, TEAM_ROLES)
        if offer is not None and seat.team_id == offer.team_id
    )
    if not seats:
        refuse(actor, "answer-offer", [offer_id])
    return Permit(actor, "task", "answer-offer", seats)


def check_can_use_disputes(actor: Actor) -> Permit:
    """A permit for the dispute room: what stands in it is said by the row rules. Raises Refused."""
    return check_role(actor, DISPUTE_ROLES, "dispute")


def put_disputes_on_record(permit: Permit, disputes: Iterable[uuid.UUID]) -> None:
    """The entry for disputes that were listed; none where nothing was (D2)."""
    if ids := list(disputes):
        record_apart(
            Act.READ, actor=permit.actor, object_kind="dispute", object_ids=ids,
            purpose=permit.purpose, fields=["line"],
        )  # fmt: skip


def check_can_read_dispute(actor: Actor, dispute_id: uuid.UUID) -> tuple[Permit, Dispute]:
    """A permit to read one dispute, on record first: a party to it, or who rules it."""
    seats = seats_in(actor, DISPUTE_ROLES)
    dispute = Dispute.objects.filter(pk=dispute_id).first() if seats else None
    if dispute is None:
        refuse(actor, "dispute", [dispute_id])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="dispute", object_ids=[dispute_id, dispute.matter_id],
        purpose="dispute", fields=sorted(SEEN_IN_DISPUTE),
    )  # fmt: skip
    return Permit(actor, "party", "dispute", seats, SEEN_IN_DISPUTE, audit_id), dispute


def check_can_answer_dispute(actor: Actor, dispute_id: uuid.UUID) -> tuple[Permit, Dispute]:
    """A permit to agree or object: a seat at the desk or in the team that the objector named."""
    dispute = Dispute.objects.filter(pk=dispute_id).first()
    seats = tuple(
        seat
        for seat in seats_in(actor, (*DESK_ROLES, *TEAM_ROLES))
        if dispute is not None and seat.team_id == dispute.wanted_team
    )
    if dispute is None or not seats:
        refuse(actor, "dispute", [dispute_id])
    return Permit(actor, "party", "dispute", seats), dispute


def check_can_rule_dispute(actor: Actor, dispute_id: uuid.UUID) -> tuple[Permit, Dispute]:
    """A permit to rule: a seat of the named level. For which county, the database says."""
    dispute = Dispute.objects.filter(pk=dispute_id).first()
    seats = seats_in(actor, [RULING[dispute.level]]) if dispute is not None else ()
    if dispute is None or not seats:
        refuse(actor, "dispute", [dispute_id])
    return Permit(actor, "ruler", "dispute", seats), dispute
