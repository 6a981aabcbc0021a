"""A new report about somebody of a family file wakes the file and tells its last lead.

Runs after a screening, with the rights of our programs. Whom it may tell is the database's to say: not
who may not know of the report, and across counties only that there is one.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection


def wake_families(reports: Sequence[uuid.UUID]) -> int:
    """How many family files the reports have woken; each once a report, however often it is screened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(triage.wake_families(report)), 0) from unnest(%s::uuid[]) report",
            [list(reports)],
        )
        return int(cursor.fetchone()[0])
