"""Writing the audit out, and deleting the content of an entry where a law demands it."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator

from django.db import connection, transaction

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.audit_export import fhir_lines, log_lines
from anwang.access.audit_key import signer
from anwang.access.context import Actor
from anwang.access.models import AuditLeaf
from anwang.access.rules.tombstones import tombstone_text
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError


class NotInTheTree(AnwangError):
    """The entry has no place in the tree yet, or there is none of this id. Wait a few seconds."""


def export_audit(
    actor: Actor, since: dt.datetime | None, until: dt.datetime | None, *, fhir: bool
) -> Iterator[str]:
    """The log's lines of a time, each ending with a line break; on record before the first comes."""
    said = {
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "form": "fhir" if fhir else "log",
    }
    record_apart(Act.AUDIT_EXPORTED, actor=actor, object_kind="audit", purpose="audit", detail=said)
    with transaction.atomic():
        for line in fhir_lines(since, until) if fhir else log_lines(since, until):
            yield json.dumps(line, ensure_ascii=False) + "\n"


@transaction.atomic
def bury_entry(request: uuid.UUID, entry: uuid.UUID, ground: str, *, actor: Actor) -> int:
    """Delete the content of an entry on the ground that two persons agreed on; its position.

    A signed tombstone with the entry's hash stays, so the log still verifies and shows what is gone.
    Raises NotInTheTree; the database refuses without the approved request of another person.
    """
    leaf = AuditLeaf.objects.filter(entry_id=entry).first()
    if leaf is None:
        raise NotInTheTree(str(NotInTheTree.__doc__))
    text = tombstone_text(signer().name, leaf.position, bytes(leaf.leaf_sha256), ground, request)
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.bury_entry(%s, %s, %s, %s)",
            [leaf.position, ground, request, signer().signed(text)],
        )
    record_event(
        Act.ENTRY_BURIED, actor=actor, object_kind="audit", object_ids=[entry], purpose="audit",
        detail={"position": leaf.position, "ground": ground, "request": str(request)},
    )  # fmt: skip
    return leaf.position
