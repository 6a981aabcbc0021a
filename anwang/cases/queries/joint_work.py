"""What teams work together on: transfers that wait, helpers and their status, how many families."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from django.db import connection

from anwang.access.permissions import Permit
from anwang.cases.models import FamilyMember, Helper, Transfer, Waking

MOST: Final = 50
MOST_WAKINGS: Final = 5
LIVE: Final = (Helper.Status.INVITED, Helper.Status.ACCEPTED, Helper.Status.WORKING)


def waiting_transfers(permit: Permit) -> list[Transfer]:
    """Cases that the permit's teams were asked to take over, the longest waiting first."""
    found = Transfer.objects.filter(to_team__in=permit.team_ids, answer=Transfer.Answer.OPEN)
    return list(found.order_by("offered_at")[:MOST])


def helps_of(permit: Permit) -> list[Helper]:
    """What the permit's teams were asked to help with: what waits first, then the latest."""
    found = Helper.objects.filter(team_id__in=permit.team_ids)
    ranked = sorted(
        found.order_by("-status_at")[: 2 * MOST], key=lambda one: one.status not in LIVE
    )
    return ranked[:MOST]


def helpers_in(case_id: uuid.UUID) -> list[Helper]:
    """Everybody who was asked to help in a case, in the order of asking."""
    return list(Helper.objects.filter(case=case_id).order_by("invited_at"))


def transfers_of(case_id: uuid.UUID) -> list[Transfer]:
    """The way of a case from team to team, the latest first."""
    return list(Transfer.objects.filter(case=case_id).order_by("-offered_at"))


def members_seen(family_id: uuid.UUID) -> list[FamilyMember]:
    """Who belongs to the family, as a helper sees it."""
    return list(FamilyMember.objects.filter(family=family_id, until=None).order_by("since"))


def wakings_of(family_id: uuid.UUID) -> list[Waking]:
    """When the family was reported again, the latest first; a few."""
    return list(Waking.objects.filter(family=family_id).order_by("-at")[:MOST_WAKINGS])


@dataclass(frozen=True, slots=True)
class Coverage:
    """Families open in both protective and mental-health service at once, and those worked jointly."""

    in_both: int
    jointly: int

    @property
    def share(self) -> float | None:
        """Of the families open in both, the share in which one is a named helper of the other."""
        return self.jointly / self.in_both if self.in_both else None


def joint_coverage(county: str | None) -> Coverage:
    """The figure of one county, as its offices and the nation's may know it."""
    with connection.cursor() as cursor:
        cursor.execute("select in_both, jointly from cases.joint_coverage(%s)", [county])
        both, jointly = cursor.fetchone()
    return Coverage(both, jointly)
