"""Permits: no permit, no query (decision 8). Each app's `permissions.py` gives its own out."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from django.db import connection

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.queries.seats import Seat, seats_of
from anwang.access.rules.alarms import load_rules
from anwang.access.vocabulary import Act, Role
from anwang.common.errors import Refused

# Who asks for or approves an act of two persons; which act, the database says (two_person_acts.yaml).
TWO_PERSONS_ROLES = (
    Role.DESK, Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR, Role.COUNTY_MANAGER, Role.MINISTRY,
    Role.STATISTICIAN, Role.AUDITOR, Role.PRIVACY_OFFICER, Role.REPORTER_PROTECTION_OFFICER,
    Role.SECURITY_OFFICER, Role.OPERATOR,
)  # fmt: skip

# Who asks that something be sealed, as in two_person_acts.yaml, which the database holds to.
SEAL_ASKERS = (Role.DESK, Role.LEAD, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to do one thing: who, by which relation, for what, seeing which fields.

    `audit_id` names the entry that was committed before the permit was given out.
    """

    actor: Actor
    relation: str
    purpose: str
    seats: tuple[Seat, ...]
    fields: frozenset[str] = frozenset()
    audit_id: uuid.UUID | None = None

    @property
    def team_ids(self) -> tuple[str, ...]:
        """The teams through which the actor acts here."""
        return tuple(seat.team_id for seat in self.seats)


def refuse(actor: Actor, purpose: str, object_ids: Iterable[object] = ()) -> NoReturn:
    """Put the refusal on record and raise it."""
    record_apart(Act.REFUSED, actor=actor, purpose=purpose, object_ids=object_ids, result="refused")
    raise Refused("您沒有權限進行這項操作。")


def seats_in(actor: Actor, roles: Iterable[Role]) -> tuple[Seat, ...]:
    """The actor's seats in one of `roles`."""
    wanted = set(roles)
    return tuple(seat for seat in seats_of(actor.id) if seat.role in wanted)


def check_role(actor: Actor, roles: Iterable[Role], purpose: str) -> Permit:
    """A permit by role alone, for acts that open nobody's data (taking a report, own inbox)."""
    seats = seats_in(actor, roles)
    if not seats:
        refuse(actor, purpose)
    return Permit(actor, "role", purpose, seats)


@cache
def _most_without_task() -> int:
    return load_rules()["bulk"].most


def check_pace(actor: Actor, purpose: str, object_ids: Iterable[object] = ()) -> None:
    """Let somebody open so many things an hour without a task there, then no more (R15).

    Raises Refused. The limit is the rule `bulk` of alarms.yaml, which also raises the alarm.
    """
    with connection.cursor() as cursor:
        cursor.execute("select access.opened_without_task()")
        (opened,) = cursor.fetchone()
    if opened > _most_without_task():
        refuse(actor, purpose, object_ids)


def has_role(actor: Actor, roles: Iterable[Role]) -> bool:
    """Whether the actor has a seat in one of `roles`; for menus."""
    return bool(seats_in(actor, roles))


def check_can_use_two_persons(actor: Actor) -> Permit:
    """A permit to see the requests of two persons that are one's own or wait for one's answer."""
    seats = seats_in(actor, TWO_PERSONS_ROLES)
    if not seats:
        refuse(actor, "two-persons")
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="request", purpose="two-persons", fields=["requests"]
    )
    return Permit(actor, "role", "two-persons", seats, frozenset({"requests"}), audit_id)


# As in two_person_acts.yaml.
BURYING_ROLES = (Role.PRIVACY_OFFICER,)
AUDIT_ROLES = (Role.AUDITOR, Role.PRIVACY_OFFICER, Role.SECURITY_OFFICER)


def check_can_bury(actor: Actor) -> Permit:
    """A permit to ask that an entry's content be deleted by law; the database asks for a second person."""
    return check_role(actor, BURYING_ROLES, "bury-entry")


def check_can_search_audit(actor: Actor) -> Permit:
    """A permit to search the record of who did what: ids, codes and times, no protected value.

    The search itself is put on record by who makes it, with the number it found.
    """
    return check_role(actor, AUDIT_ROLES, "audit")


PEOPLE_PURPOSE = "people-and-rights"


def check_can_administer(actor: Actor, about: Iterable[object] = ()) -> Permit:
    """A permit for the county's people and their rights; what is shown of whom is on record first."""
    permit = check_role(actor, (Role.ADMINISTRATOR,), PEOPLE_PURPOSE)
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="account", object_ids=about, purpose=PEOPLE_PURPOSE,
        fields=["places", "training", "factors", "sessions"],
    )  # fmt: skip
    return Permit(actor, "role", PEOPLE_PURPOSE, permit.seats, audit_id=audit_id)
