"""The queue of a desk: what waits, next due first, in a fixed number of statements.

Every read names the desks of the permit besides what the row rules hold (R2). Counts stop at 1,000
so that a flooded desk still answers at once.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from anwang.access.context import DISPATCHING
from anwang.access.permissions import Permit
from anwang.triage.models import OPEN, Clock, Matter, Offer
from anwang.triage.queries.second_looks import open_looks

PAGE_ROWS: Final = 50
COUNTED: Final = 1000
SOON_HOURS: Final = 6

_OPEN: Final = "desk_team = any(%(teams)s) and state = any(%(open)s)"
# Only the constant above is laid in; values are parameters.
_COUNTS: Final = f"""
select
    (select count(*) from (select from triage_matter where {_OPEN} limit %(most)s) a),
    (select count(*) from (select from triage_matter where {_OPEN}
        and grade = '1' limit %(most)s) b),
    (select count(*) from (select from triage_matter where {_OPEN}
        and due_at < %(now)s limit %(most)s) c),
    (select count(*) from (select from triage_matter where {_OPEN}
        and due_at between %(now)s and %(now)s + make_interval(hours => %(soon)s)
        limit %(most)s) d)
"""  # noqa: S608
# Whatever leaves the queue by its state has changed, so the newest change is looked for among all
# matters of the desk, by an index; the number, which stops as the counts do, tells of one that was
# moved to another desk.
_VERSION: Final = f"""
select coalesce(to_char(max(newest.changed_at) at time zone 'utc', 'YYYYMMDDHH24MISSUS'), '0'),
    (select count(*) from (select from triage_matter where {_OPEN} limit %(most)s) waiting)
from unnest(%(teams)s::text[]) team (id) cross join lateral (
    select m.changed_at from triage_matter m where m.desk_team = team.id
    order by m.changed_at desc limit 1
) newest
"""  # noqa: S608

# The row rules of intake_report leave what the asker may read.
_SAME_EVENTS: Final = """
select told.matter, count(*)
from (
    select m.report_id as matter, (one ->> 'report')::uuid as other
    from triage_matter m
    cross join lateral (select s.same_event from triage_screening s
        where s.matter_id = m.report_id order by s.at desc limit 1) latest
    cross join lateral jsonb_array_elements(latest.same_event) one
    where m.report_id = any(%s)
    union
    select m.report_id, m.same_event_as from triage_matter m
    where m.report_id = any(%s) and m.same_event_as is not null
) told
join intake_report r on r.id = told.other
group by told.matter
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Reports that wait; each at most COUNTED."""

    open: int
    urgent: int
    late: int
    soon: int


def queue_version(permit: Permit) -> str:
    """Changes whenever a report of the queue did: the latest change and the number of reports.

    Two index look-ups a desk, however long its queue: it is asked for at every poll.
    """
    with connection.cursor() as cursor:
        cursor.execute(_VERSION, _of(permit) | {"most": COUNTED})
        latest, number = cursor.fetchone()
    return f"{latest}-{number}"


def counts_of_queue(permit: Permit, now: dt.datetime) -> Counts:
    """How many wait, are urgent, late, soon due."""
    values = {"now": now, "most": COUNTED, "soon": SOON_HOURS}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, _of(permit) | values)
        return Counts(*cursor.fetchone())


def queue_page(permit: Permit, page: int = 1) -> tuple[list[Matter], bool]:
    """The matters of a page with their reports, and whether more follow."""
    first = (max(page, 1) - 1) * PAGE_ROWS
    found = list(waiting_matters(permit)[first : first + PAGE_ROWS + 1])
    return found[:PAGE_ROWS], len(found) > PAGE_ROWS


def _automatic_offers() -> QuerySet[Offer]:
    """Offers that nobody at the desk has looked at, and nobody has answered."""
    return Offer.objects.filter(
        matter=OuterRef("pk"), answer=Offer.Answer.OPEN, decision__by=DISPATCHING.id
    )


def waiting_matters(permit: Permit) -> QuerySet[Matter]:
    """Open matters of the permit's desks, next due first; of a report only what the queue shows."""
    return (
        Matter.objects.filter(desk_team__in=permit.team_ids, state__in=OPEN)
        .select_related("report")
        .annotate(automatic=Exists(_automatic_offers()), look_waits=open_looks())
        .only(
            "state", "grade", "stream", "due_at", "headline", "failed_steps", "changed_at",
            "report__receipt", "report__received_at", "report__channel",
            "report__clock_started_at",
        )
        .order_by("due_at", "report_id")
    )  # fmt: skip


def next_clocks(matters: list[Matter]) -> dict[uuid.UUID, Clock]:
    """Matter -> the clock that its `due_at` is taken from: the next unmet one, in law first."""
    found = Clock.objects.filter(
        matter__in=[matter.pk for matter in matters], stopped_at__isnull=True,
        state__in=[Clock.State.RUNNING, Clock.State.MISSED],
    ).order_by("matter_id", "-legal", "due_at").distinct("matter_id")  # fmt: skip
    return {clock.matter_id: clock for clock in found}


def same_event_counts(matters: list[Matter]) -> dict[uuid.UUID, int]:
    """Matter -> how many reports that may tell the same event the asker reaches; 0 is left out.

    The headline counts every report that the screening found. What is closed to the asker by a
    conflict or a seal, or lies at another office, must not be told by a number either (R5, R8).
    """
    asked = [one.pk for one in matters if one.headline.get("same_events")]
    with connection.cursor() as cursor:
        cursor.execute(_SAME_EVENTS, [asked, asked])
        return dict(cursor.fetchall())


def _of(permit: Permit) -> dict[str, Any]:
    return {"teams": list(permit.team_ids), "open": [str(state) for state in OPEN]}
