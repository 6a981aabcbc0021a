"""Who may see the room of sealed cases and ask for a seal; what is sealed opens to the named alone."""

from __future__ import annotations

import uuid
from typing import Final

from anwang.access.context import Actor
from anwang.access.permissions import SEAL_ASKERS, Permit, check_role, refuse, seats_in
from anwang.access.vocabulary import Role
from anwang.cases.permissions import TEAM_ROLES
from anwang.triage.permissions import check_can_read_matter

# As in access/policies/two_person_acts.yaml, which the database holds to.
SEAL_ROLES: Final = (*TEAM_ROLES, Role.DESK, Role.COUNTY_MANAGER, Role.PRIVACY_OFFICER)


def check_can_see_seals(actor: Actor) -> Permit:
    """A permit to see what one is named in oneself; the database shows no other. Raises Refused."""
    return check_role(actor, SEAL_ROLES, "sealed-cases")


def check_can_ask_seal(actor: Actor, report_id: uuid.UUID | None) -> Permit:
    """A permit to ask that a report be sealed: who reads it by a seat that may ask. Raises Refused."""
    asked = [report_id] if report_id else []
    if not seats_in(actor, SEAL_ASKERS):
        refuse(actor, "seal", asked)
    permit = check_can_read_matter(actor, report_id, "seal")
    # A role at another office's desk says nothing of this office's reports.
    if not any(seat.role in SEAL_ASKERS for seat in permit.seats):
        refuse(actor, "seal", asked)
    return permit
