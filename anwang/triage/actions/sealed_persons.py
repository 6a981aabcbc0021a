"""A new report about somebody of a sealed case: its lead is told, silently, and nothing else happens.

Runs after a screening, with the rights of our programs. What it finds goes into no screening, no
headline and no count: whoever works the new report sees what there would be without the sealed one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

from anwang.access.actions.notices import notify
from anwang.access.vocabulary import NoticeKind

if TYPE_CHECKING:
    from anwang.triage.actions.screening_steps import Findings, WaitingReport

KIND: Final = NoticeKind.SEALED_PERSON_REPORTED

# A screening of a sealed report writes records of its own: they are sealed with it.
_ONE_STATEMENT: Final = """
with kept as (
    insert into access_seal (id, object_kind, object_id, ground, root, request, since)
    select gen_random_uuid(), 'record', record, s.ground, s.root, s.request, clock.now()
    from access_seal s cross join unnest(%(records)s::uuid[]) record
    where s.object_id = %(report)s and s.object_kind = 'report' and s.until is null
    on conflict (object_id) where until is null do nothing
)
select distinct s.root, m.account_id
from access_seal s
join access_sealmember m on m.seal_id = s.id and m.lead and m.until is null
where s.object_kind = 'report' and s.object_id = s.root and s.until is null
  and not exists (select from access_seal own
      where own.root = s.root and own.object_id = %(report)s and own.until is null)
  and exists (
    select from access_seal told
    left join lateral (
        select subject ->> 'person_id' as person from triage_screening t,
            jsonb_each(t.matches) as taken (index, subject) where t.matter_id = told.object_id
        union all select i.person_id::text from people_identity i where i.record_id = told.object_id
    ) known on true
    left join lateral (
        select subject -> 'national_id' ->> 'token' as token from intake_report r,
            jsonb_array_elements(r.body -> 'subjects') subject where r.id = told.object_id
    ) numbered on true
    where told.root = s.root and told.until is null and told.object_kind in ('report', 'record')
      and (known.person = any(%(persons)s) or numbered.token = any(%(tokens)s)))
"""


def tell_sealed_leads(report: WaitingReport, found: Findings) -> int:
    """Tell the leads of sealed cases that this report is about somebody of theirs; how many."""
    tokens = [one.id_token.hex() for one in found.forms if one.id_token is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            _ONE_STATEMENT,
            {
                "report": report.id,
                "records": list(found.own_records.values()),
                "persons": sorted(found.person_ids),
                "tokens": tokens,
            },
        )
        leads = cursor.fetchall()
    for root, lead in leads:
        notify(
            KIND, to_account=lead, object_kind="report", object_id=root,
            detail={"receipt": report.receipt, "desk": report.desk_team},
        )  # fmt: skip
    return len(leads)
