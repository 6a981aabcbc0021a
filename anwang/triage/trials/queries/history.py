"""A family's history for a walk: on which days something became known of its people or began to hold.

The matcher's reads, done by one of our programs; sealed reports are not among them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.db import connection

from anwang.access.queries.seals import not_sealed
from anwang.intake.models import Report

# A day on which a delivery told something of them, or a fact begins or ends to hold.
_DAYS: Final = """
with theirs as (
    select i.source_id, i.record_id from people_identity i
    where i.person_id = any(%(persons)s::uuid[])
)
select distinct day from (
    select (d.known_at at time zone 'Asia/Taipei')::date as day
    from theirs t
    join registries_record r on r.source_id = t.source_id and r.id = t.record_id
    join registries_delivery d on d.id = r.delivery_id
    where d.state = 'published'
    union
    select unnest(array[f.valid_from, f.valid_to]) as day
    from theirs t
    join registries_fact f on f.source_id = t.source_id and f.record_id = t.record_id
) told where day between %(since)s and %(until)s order by day
"""
# Reports on these people of the same office, sealed ones left out.
_REPORTS: Final = f"""
select distinct r.id, r.received_at
from access_relation a
join intake_report r on r.id = a.through
join triage_matter m on m.report_id = r.id
where a.object_kind = 'person' and a.ground = 'subject' and a.object_id = any(%(persons)s::uuid[])
  and m.desk_team = %(desk)s and r.received_at >= %(since)s and {not_sealed("r.id")}
order by r.received_at, r.id
"""  # noqa: S608 - constants only


def days_of_change(persons: Iterable[uuid.UUID], since: dt.date, until: dt.date) -> list[dt.date]:
    """The days in their order."""
    values: dict[str, Any] = {"persons": list(persons), "since": since, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, values)
        return [row[0] for row in cursor.fetchall()]


def reports_on(persons: Iterable[uuid.UUID], desk: str, since: dt.datetime) -> list[Report]:
    """The reports in the order of their receipt."""
    with connection.cursor() as cursor:
        cursor.execute(_REPORTS, {"persons": list(persons), "desk": desk, "since": since})
        ids = [row[0] for row in cursor.fetchall()]
    return sorted(Report.objects.filter(pk__in=ids), key=lambda one: (one.received_at, str(one.pk)))
