"""Requests for acts of two persons: those one may answer, and one's own."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection

from anwang.access.models import Account, Twofold, TwofoldAct
from anwang.access.permissions import Permit
from anwang.common.clock import clock_now

Text = dict[str, str]


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request as its two sides see it. `state`: open, approved, declined, expired, ended, used."""

    id: uuid.UUID
    act: str
    act_text: Text
    object_kind: str
    object_id: uuid.UUID | None
    label: str
    ground: Text
    text: str
    asked_by: Text
    asked_role: str
    asked_at: dt.datetime
    expires_at: dt.datetime
    ends_at: dt.datetime | None
    state: str
    decline_reason: str
    minutes: int
    fields: tuple[str, ...] = ()  # what alone would be opened; empty: all that the act opens


def state_of(one: Twofold, now: dt.datetime) -> str:
    """Where a request stands at `now`."""
    if one.declined_at is not None:
        return "declined"
    if one.approved_at is None or one.ends_at is None:
        return "open" if one.expires_at > now else "expired"
    if one.single_use and one.used_at is not None:
        return "used"
    return "approved" if one.ends_at > now else "ended"


def requests_for_me(*, permit: Permit) -> list[ShownRequest]:
    """What waits for the permit holder's approval, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("select access.two_for_me()")
        ids = [row[0] for row in cursor.fetchall()]
    return _shown(Twofold.objects.filter(pk__in=ids).order_by("asked_at"))


def my_requests(*, permit: Permit, limit: int = 30) -> list[ShownRequest]:
    """What the permit holder asked for, the latest first."""
    return _shown(Twofold.objects.filter(asked_by=permit.actor.id).order_by("-asked_at")[:limit])


def my_request(act: str, object_id: uuid.UUID, *, permit: Permit) -> ShownRequest | None:
    """The permit holder's latest request for an act on an object."""
    found = Twofold.objects.filter(asked_by=permit.actor.id, act=act, object_id=object_id)
    shown = _shown(found.order_by("-asked_at")[:1])
    return shown[0] if shown else None


def act_named(act: str) -> TwofoldAct:
    """One act with its grounds. Raises TwofoldAct.DoesNotExist."""
    return TwofoldAct.objects.get(pk=act)


def _shown(rows: Any) -> list[ShownRequest]:
    found = list(rows)
    acts = {one.pk: one for one in TwofoldAct.objects.all()} if found else {}
    people = Account.objects.only("display_name", "display_name_en").in_bulk(
        {one.asked_by for one in found}
    )
    now = clock_now() if found else None
    return [_one(row, acts, people, now) for row in found]


def _one(row: Twofold, acts: dict[str, TwofoldAct], people: Any, now: Any) -> ShownRequest:
    act = acts.get(row.act)
    grounds = {one["code"]: one for one in act.grounds} if act else {}
    asker = people.get(row.asked_by)
    return ShownRequest(
        id=row.pk,
        act=row.act,
        act_text=act.text if act else {"zh": row.act, "en": row.act},
        object_kind=row.object_kind,
        object_id=row.object_id,
        label=str(row.payload.get("label", "")),
        ground=grounds.get(row.ground, {"zh": row.ground, "en": row.ground}),
        text=row.text,
        asked_by={"zh": asker.display_name, "en": asker.display_name_en} if asker else {},
        asked_role=row.asked_role,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        ends_at=row.ends_at,
        state=state_of(row, now),
        decline_reason=row.decline_reason,
        minutes=act.minutes if act else 0,
        fields=tuple(row.payload.get("fields") or ()),
    )
