"""Taking a picture of a household along: on record, and marked with who took it."""

from __future__ import annotations

import uuid

from anwang.access.actions.entries import record_event
from anwang.access.models import Account
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.cases.queries.household import Asked
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import roc_datetime


def put_drawing_on_record(family_id: uuid.UUID, name: str, asked: Asked, permit: Permit) -> str:
    """The entry for a picture that leaves the system; gives the mark it bears (R16)."""
    record_event(
        Act.PICTURE_TAKEN, actor=permit.actor, object_kind="family", object_ids=[family_id],
        purpose=permit.purpose, fields=["picture"],
        detail={
            "drawing": name, "as_of": asked.as_of.isoformat(),
            "known_on": asked.known_on.isoformat() if asked.known_on else None,
        },
    )  # fmt: skip
    account = Account.objects.filter(pk=permit.actor.id).only("display_name").first()
    return f"安網 {account.display_name if account else ''} {roc_datetime(clock_now())}"
