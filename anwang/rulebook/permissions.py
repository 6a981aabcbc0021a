"""Who may write policies: the ministry the nation's, a county's management its overlay."""

from __future__ import annotations

from typing import Final

from anwang.access.context import Actor
from anwang.access.permissions import Permit, check_role, has_role, refuse, seats_in
from anwang.access.vocabulary import Role

PURPOSE: Final = "policy"
WRITERS: Final = (Role.MINISTRY, Role.COUNTY_MANAGER)


def check_can_write_policies(actor: Actor) -> Permit:
    """A permit for the studio's writing part; of which layer, the database asks again."""
    return check_role(actor, WRITERS, PURPOSE)


def check_can_write(actor: Actor, county: str | None) -> Permit:
    """A permit to write and propose in one layer: `county` None is the nation's. Raises Refused."""
    seats = tuple(
        seat for seat in seats_in(actor, WRITERS) if _fits(seat.role, seat.county, county)
    )
    if not seats:
        refuse(actor, PURPOSE)
    return Permit(actor, "role", PURPOSE, seats)


def can_write(actor: Actor, county: str | None) -> bool:
    """Whether the actor may write in the layer; for buttons."""
    seats = seats_in(actor, WRITERS)
    return any(_fits(seat.role, seat.county, county) for seat in seats)


def can_write_policies(actor: Actor) -> bool:
    """Whether the actor writes policies of some layer; for menus."""
    return has_role(actor, WRITERS)


def layer_of(actor: Actor) -> str | None:
    """The county whose overlay the actor writes, None for the nation's tables."""
    seats = seats_in(actor, WRITERS)
    if any(seat.role == Role.MINISTRY for seat in seats):
        return None
    return next((seat.county for seat in seats), None)


def _fits(role: str, own: str | None, county: str | None) -> bool:
    if county is None:
        return role == Role.MINISTRY
    return role == Role.COUNTY_MANAGER and own == county
