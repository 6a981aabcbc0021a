"""Linking an account to its subject at another system: by the account itself, never by signing in."""

from __future__ import annotations

import uuid

from django.db import IntegrityError, transaction

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor
from anwang.access.models import LinkedIdentity
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError


class LinkedElsewhere(AnwangError):
    """This identity is linked already. End the old link first, or ask the account manager."""


def link_identity(
    account_id: uuid.UUID, issuer: str, subject: str, *, actor: Actor
) -> LinkedIdentity:
    """Let a subject of a provider sign in as the account. Raises LinkedElsewhere."""
    try:
        with transaction.atomic():
            made = LinkedIdentity.objects.create(
                account_id=account_id, issuer=issuer, subject=subject
            )
    except IntegrityError:
        raise LinkedElsewhere(str(LinkedElsewhere.__doc__)) from None
    record_event(
        Act.FACTOR_ADDED, actor=actor, object_kind="account", object_ids=[account_id],
        detail={"kind": "oidc"},
    )  # fmt: skip
    return made


def end_link(account_id: uuid.UUID, link: uuid.UUID, *, actor: Actor) -> None:
    """End one of the account's links."""
    own = LinkedIdentity.objects.filter(pk=link, account_id=account_id, ended_at=None)
    ended = own.update(ended_at=clock_now())
    record_event(
        Act.FACTOR_REMOVED, actor=actor, object_kind="account", object_ids=[account_id],
        detail={"kind": "oidc", "removed": ended},
    )  # fmt: skip
