"""Acts of two persons of different rank: asked, approved by another human, used before they end.

What may be asked and by whom stands in policies/two_person_acts.yaml. The rules themselves are held
by the database's functions; nothing here could be left out to get around them.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from django.db import DatabaseError, connection, transaction

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.context import Actor
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError, Refused

_REASON: Final = re.compile(r"two-persons: ([a-z-]+)")
# What a form got wrong is said; everything else looks as if the request were not there.
_SAID: Final = {
    "text-too-short": "理由太短。請寫清楚為什麼需要，讓核准的人能判斷。",
    "no-such-ground": "請選一個法律上的理由。",
}


class NotAskedWell(AnwangError):
    """The ground is none of the act's, or the text is too short. The form says which."""


class NotWithTwo(Refused):
    """The database refused a step of an act of two persons; `reason` is its code."""

    def __init__(self, reason: str) -> None:
        super().__init__("這項操作需要兩個不同職級的人，這一步現在不能進行。")
        self.reason = reason


def ask(
    act: str,
    object_kind: str,
    object_id: uuid.UUID | None,
    ground: str,
    text: str,
    payload: Mapping[str, Any],
    actor: Actor,
) -> uuid.UUID:
    """Ask for an act and return the request's id; everybody who could approve it is told.

    `payload` is what will be carried out, fixed from now on; never a protected value. Raises
    NotAskedWell for what the form got wrong, NotWithTwo for everything else.
    """
    values = [act, object_kind, object_id, ground, text, json.dumps(dict(payload))]
    with transaction.atomic():
        made = _call(
            actor, object_id, "select access.two_ask(%s, %s, %s, %s, %s, %s::jsonb)", values
        )
        record_event(
            Act.TWO_PERSONS_ASKED, actor=actor, object_kind=object_kind, object_ids=_ids(object_id),
            purpose=act, detail={"request": str(made), "ground": ground},
        )  # fmt: skip
    return uuid.UUID(str(made))


def approve(request: uuid.UUID, actor: Actor) -> None:
    """Approve another human's request, from another rank. The asker is told. Raises NotWithTwo."""
    with transaction.atomic():
        _call(actor, request, "select access.two_approve(%s)", [request])
        _record(Act.TWO_PERSONS_APPROVED, request, actor)


def decline(request: uuid.UUID, reason: str, actor: Actor) -> None:
    """Decline a request, or take back one's own. Raises NotWithTwo."""
    with transaction.atomic():
        _call(actor, request, "select access.two_decline(%s, %s)", [request, reason])
        _record(Act.TWO_PERSONS_DECLINED, request, actor)


def use(
    request: uuid.UUID, actor: Actor, *, act: str | None = None, object_id: uuid.UUID | None = None
) -> dict[str, Any]:
    """The payload of an approved request, for its asker: once, or until it ends.

    `act` and `object_id`, where given, must be those that were asked for. Raises NotWithTwo.
    """
    asked = _asked(request)
    wanted = (act or asked[0], object_id or asked[2])
    with transaction.atomic():
        payload = _call(actor, request, "select access.two_use(%s, %s, %s)", [request, *wanted])
        _record(Act.TWO_PERSONS_USED, request, actor)
    return dict(payload if isinstance(payload, dict) else json.loads(payload))


def _call(actor: Actor, about: uuid.UUID | None, sql: str, values: list[Any]) -> Any:
    """Run one function of the database as `actor`, who must be the one in the context."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select access.actor()")
            if cursor.fetchone() != (actor.id,):
                raise NotWithTwo("another-actor")
            cursor.execute(sql, values)
            row = cursor.fetchone()
            return row[0] if row else None
    except DatabaseError as error:
        refused_by_two(error, actor, about)


def refused_by_two(error: DatabaseError, actor: Actor, about: uuid.UUID | None) -> NoReturn:
    """Raise what a refusal of the database's functions means, on record; other errors as they are."""
    found = _REASON.search(str(error))
    if found is None:
        raise error
    _refuse(found.group(1), actor, about)


def _refuse(reason: str, actor: Actor, about: uuid.UUID | None) -> NoReturn:
    if reason in _SAID:
        raise NotAskedWell(_SAID[reason]) from None
    record_apart(
        Act.REFUSED, actor=actor, purpose="two-persons", object_ids=_ids(about), result="refused",
        detail={"reason": reason},
    )  # fmt: skip
    raise NotWithTwo(reason) from None


def _record(act: Act, request: uuid.UUID, actor: Actor) -> None:
    asked, kind, about = _asked(request)
    record_event(
        act, actor=actor, object_kind=kind, object_ids=_ids(about), purpose=asked,
        detail={"request": str(request)},
    )  # fmt: skip


def _asked(request: uuid.UUID) -> tuple[str, str, uuid.UUID | None]:
    """(act, object_kind, object_id) of a request; empty where it is not there for the actor."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select act, object_kind, object_id from access_twofold where id = %s", [request]
        )
        row = cursor.fetchone()
    return (row[0], row[1], row[2]) if row else ("", "", None)


def _ids(one: uuid.UUID | None) -> list[uuid.UUID]:
    return [] if one is None else [one]
