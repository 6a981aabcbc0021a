"""Attempts on what is not there for somebody: one row each, whatever the reason (R5, R8)."""

from __future__ import annotations

from django.conf import settings
from django.db import connections

from anwang.access.context import Actor, acting

_LONGEST_NAME = 160  # four ids
_LONGEST_ROUTE = 80
_ATTEMPT = "insert into access_attempt (actor, route, named, at) values (%s, %s, %s, clock.now())"


def record_attempt(actor: Actor, route: str, *named: object) -> None:
    """Keep that `actor` asked for something absent, in a short transaction of its own.

    `named` are numbers and ids as they stood in the address, never names of people. The work is the
    same for what never was, what is sealed and what the actor is in conflict with: which of them it
    was is looked up afterwards by a task, so that time tells nothing.
    """
    words = " ".join(str(one) for one in named)[:_LONGEST_NAME]
    alias = settings.AUDIT_ALIAS
    with acting(actor, "attempt", alias), connections[alias].cursor() as cursor:
        cursor.execute(_ATTEMPT, [actor.id, route[:_LONGEST_ROUTE], words])
