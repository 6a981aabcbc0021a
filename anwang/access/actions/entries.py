"""Audit entries: the one way anything is put on record (decision 7)."""

from __future__ import annotations

import contextlib
import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
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


_ENTRY = """
insert into access_auditentry (id, at, actor, actor_kind, role, team_id, act, object_kind,
    object_ids, purpose, fields, result, request_id, detail)
values (%s, clock.now(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


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
    entry = uuid.uuid4()
    values: list[Any] = [
        entry, actor.id, actor.kind, actor.role, actor.team_id, act, object_kind,
        [str(one) for one in object_ids], purpose, list(fields), result, actor.request_id,
        json.dumps(detail or {}, ensure_ascii=False),
    ]  # fmt: skip
    with _or_down(), connections[using].cursor() as cursor:
        cursor.execute(_ENTRY, values)
    return entry


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
