"""Seeing a notice."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import transaction

from anwang.access.actions.entries import record_event
from anwang.access.models import Notice
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now


@transaction.atomic
def see_notices(ids: Iterable[str], *, permit: Permit) -> int:
    """Mark notices as seen by the actor; how many were new. What is not his a row rule leaves out."""
    wanted = [found for one in ids if (found := _as_id(one))]
    seen = Notice.objects.filter(pk__in=wanted, seen_at=None).update(
        seen_at=clock_now(), seen_by=permit.actor.id
    )
    if seen:
        record_event(Act.NOTICE_SEEN, actor=permit.actor, object_kind="notice", object_ids=wanted,
                     purpose=permit.purpose, detail={"seen": seen})  # fmt: skip
    return seen


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
