"""Audit entries: the one way anything is put on record (decision 7)."""

from __future__ import annotations

import contextlib
import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections, transaction

from anwang.access.context import Actor, in_the_name_of
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError

logger = logging.getLogger(__name__)


class AuditDown(AnwangError):
    """The audit takes no entry, so nothing is shown or changed (D2). Reporting stays open."""

    def __init__(self) -> None:
        super().__init__("稽核紀錄暫時寫不進去，請稍後再試。通報照常收件。")


_ENTRIES = """
insert into access_auditentry (id, at, actor, actor_kind, role, team_id, act, object_kind,
    object_ids, purpose, fields, result, request_id, detail)
select e.id, clock.now(), e.actor, e.actor_kind, e.role, e.team_id, e.act, e.object_kind,
    e.object_ids, e.purpose, e.fields, e.result, e.request_id, e.detail
from jsonb_to_recordset(%s::jsonb) e (id uuid, actor uuid, actor_kind text, role text, team_id text,
    act text, object_kind text, object_ids text[], purpose text, fields text[], result text,
    request_id uuid, detail jsonb)
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One act that was done, as `record_event` takes it."""

    act: Act
    actor: Actor
    object_kind: str = ""
    object_ids: Iterable[object] = ()
    purpose: str = ""
    fields: Sequence[str] = ()
    result: str = "done"
    detail: dict[str, Any] | None = None


def record_event(
    act: Act,
    *,
    actor: Actor,
    object_kind: str = "",
    object_ids: Iterable[object] = (),
    purpose: str = "",
    fields: Sequence[str] = (),
    result: str = "done",
    detail: dict[str, Any] | None = None,
    using: str = "default",
) -> uuid.UUID:
    """Add an audit entry in the running transaction and return its id (decision 7).

    `detail` holds counts, codes and ids; never a name, an address or another protected value (D1).
    Raises AuditDown: what cannot be put on record is not done.
    """
    event = Event(act, actor, object_kind, object_ids, purpose, fields, result, detail)
    return record_events([event], using=using)[0]


def record_events(events: Sequence[Event], *, using: str = "default") -> list[uuid.UUID]:
    """`record_event` for several acts of one transaction: an entry each, in one statement."""
    if not events:
        return []
    entries = [(uuid.uuid4(), one) for one in events]
    rows = [{"id": str(entry)} | _columns(one) for entry, one in entries]
    with _or_down(), connections[using].cursor() as cursor:
        cursor.execute(_ENTRIES, [json.dumps(rows, ensure_ascii=False)])
    return [entry for entry, _ in entries]


def _columns(event: Event) -> dict[str, Any]:
    actor = event.actor
    return {
        "actor": str(actor.id),
        "actor_kind": actor.kind,
        "role": actor.role,
        "team_id": actor.team_id,
        "act": event.act,
        "object_kind": event.object_kind,
        "object_ids": [str(one) for one in event.object_ids],
        "purpose": event.purpose,
        "fields": list(event.fields),
        "result": event.result,
        "request_id": str(actor.request_id) if actor.request_id else None,
        "detail": event.detail or {},
    }


@contextlib.contextmanager
def _or_down() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        # The class alone: the text may quote what was to be written (D6).
        logger.error("The audit takes no entry: %s", type(error).__name__)
        raise AuditDown from None


def record_apart(act: Act, **what: Any) -> uuid.UUID:
    """Add an audit entry in a short transaction of its own.

    For reads, which must be on record before the answer starts (D2), and for refusals, which must
    outlive the rollback of what was refused. Raises AuditDown: no record, no reading.
    """
    alias = settings.AUDIT_ALIAS
    with _or_down(), transaction.atomic(using=alias), in_the_name_of(what["actor"], alias):
        return record_event(act, using=alias, **what)
