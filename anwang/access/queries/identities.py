"""Which subjects of outside providers may sign in as an account."""

from __future__ import annotations

import uuid

from django.db import connection

from anwang.access.context import Actor
from anwang.access.models import LinkedIdentity


def linked_identities(actor: Actor) -> list[LinkedIdentity]:
    """The actor's own, oldest first."""
    return list(
        LinkedIdentity.objects.filter(account_id=actor.id, ended_at=None).order_by("linked_at")
    )


def account_linked(issuer: str, subject: str) -> uuid.UUID | None:
    """The account that this subject signs in as; only who has a proof of it may ask."""
    with connection.cursor() as cursor:
        cursor.execute("select access.account_linked(%s, %s)", [issuer, subject])
        (found,) = cursor.fetchone()
    return uuid.UUID(str(found)) if found else None
