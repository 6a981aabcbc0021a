"""Who may see where sources contradict each other: numbers by role, a person's by relation."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.permissions import Permit, check_role
from anwang.access.seen_fields import seen_fields
from anwang.access.vocabulary import Act, Role

CONSISTENCY = "consistency"
FINDING_ROLES = (Role.DESK, Role.OPERATOR, Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR)
SEEN_IN_FINDING = seen_fields("finding", "person")


def check_can_see_findings(actor: Actor) -> Permit:
    """A permit to see how many findings each rule has; opens nobody's data."""
    return check_role(actor, FINDING_ROLES, CONSISTENCY)


def put_findings_on_record(permit: Permit, persons: Iterable[uuid.UUID]) -> Permit:
    """A permit to see both sides of these persons' findings; the reading is on record first (D2).

    Whose persons the actor sees at all is said by the row rules.
    """
    ids = sorted(set(persons))
    audit_id = None
    if ids:
        audit_id = record_apart(
            Act.READ, actor=permit.actor, object_kind="person", object_ids=ids,
            purpose=CONSISTENCY, fields=sorted(SEEN_IN_FINDING),
        )  # fmt: skip
    return Permit(permit.actor, "person", CONSISTENCY, permit.seats, SEEN_IN_FINDING, audit_id)
