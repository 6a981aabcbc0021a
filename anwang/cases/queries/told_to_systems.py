"""What a local system may be told of its county's reports: read by one function of the database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from anwang.registries.actions.sending import Change
from anwang.registries.rules.outgoing import OutgoingPart

_CHANGES: Final = "select * from cases.told_to_local_system(%s, %s, %s, %s, %s, %s::uuid[])"
_AT_ONCE: Final = 1000


def changes_for(
    system: str,
    outgoing: OutgoingPart,
    since: datetime | None,
    only: Sequence[UUID] | None = None,
) -> Iterator[Change]:
    """Reports of the system's county that changed after `since`, the longest ago first; of `only`
    these, where they are given: those that are missing may not be told (any more).

    Needs a transaction with the context of a program of ours. Only what its manifest asks for is
    told; names are not even read where no column asks for them.
    """
    asked: list[Any] = [
        system, outgoing.county, list(outgoing.streams), "members" in outgoing.fields, since,
        None if only is None else list(only),
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, asked)
        while rows := cursor.fetchmany(_AT_ONCE):
            for report, changed_at, told in rows:
                said = json.loads(told) if isinstance(told, str) else told
                yield Change(report, changed_at, {name: said[name] for name in outgoing.fields})
