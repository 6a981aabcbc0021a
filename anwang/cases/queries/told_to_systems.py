"""What a local system may be told of its county's reports: read by one function of the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db import connection

from anwang.registries.actions.sending import Change
from anwang.registries.rules.outgoing import OutgoingPart

_CHANGES: Final = "select * from cases.told_to_local_system(%s, %s, %s, %s, %s)"
_AT_ONCE: Final = 1000


def changes_for(system: str, outgoing: OutgoingPart, since: datetime | None) -> Iterator[Change]:
    """Reports of the system's county that changed after `since`, the longest ago first.

    Needs a transaction with the context of a program of ours. Only what its manifest asks for is
    told; names are not even read where no column asks for them.
    """
    asked: list[Any] = [
        system, outgoing.county, list(outgoing.streams), "members" in outgoing.fields, since,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, asked)
        while rows := cursor.fetchmany(_AT_ONCE):
            for report, changed_at, told in rows:
                said = json.loads(told) if isinstance(told, str) else told
                yield Change(report, changed_at, {name: said[name] for name in outgoing.fields})
