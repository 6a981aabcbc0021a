"""Who may see how the feeds stand, and who may look at rows set aside."""

from __future__ import annotations

import uuid

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.permissions import Permit, check_role, has_role
from anwang.access.seen_fields import seen_fields
from anwang.access.vocabulary import Act, Role

FEED_ROLES = (Role.DESK, Role.OPERATOR, Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR)
QUARANTINE_ROLES = (Role.OPERATOR,)
SEEN_IN_QUARANTINE = seen_fields("quarantined-row", "role")


def check_can_see_feeds(actor: Actor) -> Permit:
    """A permit to see each source's state and counts: whoever relies on the look-ups. No data."""
    return check_role(actor, FEED_ROLES, "feeds")


def check_can_see_quarantine(actor: Actor, delivery_id: uuid.UUID) -> Permit:
    """A permit to see where rows of a delivery broke which rule, never what stood in them.

    Operators only; the reading is on record before the permit exists.
    """
    permit = check_role(actor, QUARANTINE_ROLES, "quarantine")
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="delivery", object_ids=[delivery_id],
        purpose="quarantine", fields=sorted(SEEN_IN_QUARANTINE),
    )  # fmt: skip
    return Permit(actor, "role", "quarantine", permit.seats, SEEN_IN_QUARANTINE, audit_id)


def check_can_correct_row(actor: Actor, row_id: uuid.UUID) -> Permit:
    """A permit to see one row's faults and tries, and to write its cells anew without seeing them.

    Operators only; the reading is on record before the permit exists.
    """
    permit = check_role(actor, QUARANTINE_ROLES, "quarantine")
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="quarantined-row", object_ids=[row_id],
        purpose="quarantine", fields=sorted(SEEN_IN_QUARANTINE),
    )  # fmt: skip
    return Permit(actor, "role", "quarantine", permit.seats, SEEN_IN_QUARANTINE, audit_id)


def check_can_retry(actor: Actor) -> Permit:
    """A permit to have rows set aside tried again; opens nothing."""
    return check_role(actor, QUARANTINE_ROLES, "quarantine")


def can_see_quarantine(actor: Actor) -> bool:
    """Whether the actor is an operator; for links."""
    return has_role(actor, QUARANTINE_ROLES)
