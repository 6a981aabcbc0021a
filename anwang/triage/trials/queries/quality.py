"""What became of the reports of a span: decided, dispatched, refused, opened, come back.

One statement counts each breakdown. Needs `find_who_came_back` in the same session; for our
programs, since counts go over all reports of a county.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import connection

# Stage 1, dispatch: the desk decides. Stage 2, taking over: the team of the first offer answers.
# misrouted: that team said it is not its law or its area. missed: not dispatched, and the next report
# on one of its people was. The row that chose the stream is the first reason of the proposal.
_COUNTS: Final = """
with line as materialized (
    select m.county, r.channel, decided.by::text as screener,
        coalesce(s.proposal #>> '{reasons,0,row}', 'none') as row,
        first_offer.id is not null as dispatched,
        m.state = 'answered' as answered,
        m.state = 'error' as error,
        m.state = 'linked-same-event' as joined,
        coalesce(first_offer.answer in ('accepted', 'refused'), false) as replied,
        coalesce(first_offer.refusal in ('not-our-law', 'not-our-area'), false) as misrouted,
        coalesce(first_offer.refusal = 'duplicate', false) as duplicate,
        exists (select from triage_offer o where o.matter_id = m.report_id
                and o.answer = 'accepted') as opened,
        back.report is not null as came_back,
        coalesce(exists (select from triage_offer o where o.matter_id = back.next_report), false)
            as next_dispatched
    from triage_matter m
    join intake_report r on r.id = m.report_id
    left join lateral (select o.id, o.answer, o.refusal from triage_offer o
        where o.matter_id = m.report_id order by o.offered_at limit 1) first_offer on true
    left join lateral (select d.by from triage_decision d
        where d.matter_id = m.report_id order by d.at limit 1) decided on true
    left join lateral (select l.proposal from triage_screening l
        where l.matter_id = m.report_id order by l.at desc limit 1) s on true
    left join trial_came_back back on back.report = m.report_id
    where r.received_at >= %(since)s and r.received_at < %(until)s
      and (%(county)s::text is null or m.county = %(county)s)
)
select case when grouping(channel) = 0 then 'channel' when grouping(screener) = 0 then 'screener'
        when grouping(row) = 0 then 'row' else 'all' end,
    coalesce(channel, screener, row, ''),
    count(*),
    count(*) filter (where dispatched or answered or error or joined),
    count(*) filter (where dispatched),
    count(*) filter (where error),
    count(*) filter (where joined),
    count(*) filter (where replied),
    count(*) filter (where misrouted),
    count(*) filter (where duplicate),
    count(*) filter (where opened),
    count(*) filter (where opened and came_back),
    count(*) filter (where answered and not dispatched),
    count(*) filter (where answered and not dispatched and came_back),
    count(*) filter (where answered and not dispatched and came_back and next_dispatched)
from line
group by grouping sets ((), (channel), (screener), (row))
"""


@dataclass(frozen=True, slots=True)
class QualityCounts:
    """Counts of one group of reports; `by` is all, channel, screener or row."""

    by: str
    group: str
    reports: int
    decided: int
    dispatched: int
    error: int
    joined: int
    replied: int
    misrouted: int
    duplicate: int
    opened: int
    opened_came_back: int
    let_go: int
    let_go_came_back: int
    missed: int


def quality_counts(
    since: dt.datetime, until: dt.datetime, county: str | None
) -> list[QualityCounts]:
    """Counts of the reports received from `since` to before `until`, whole and by each breakdown."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"since": since, "until": until, "county": county})
        return [QualityCounts(*row) for row in cursor.fetchall()]
