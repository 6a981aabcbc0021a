"""Notices: telling an office or an account within the same transaction."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db import connections

from anwang.access.vocabulary import NoticeKind


def notify(
    kind: NoticeKind,
    *,
    to_team: str | None = None,
    to_account: uuid.UUID | None = None,
    object_kind: str = "",
    object_id: uuid.UUID | None = None,
    detail: dict[str, Any] | None = None,
    using: str = "default",
) -> uuid.UUID:
    """Leave a notice and return its id; it exists if and only if the transaction commits.

    `detail` holds codes and ids, never a name or an address. Raises IntegrityError without a reader.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(
            "select access.notify(%s, %s, %s, %s, %s, %s)",
            [kind, to_team, to_account, object_kind, object_id, json.dumps(detail or {})],
        )
        (notice,) = cursor.fetchone()
    return uuid.UUID(str(notice))
