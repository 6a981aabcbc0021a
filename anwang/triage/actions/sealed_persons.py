"""A new report about somebody of a sealed case: its lead is told, silently, and nothing else happens.

Runs after a screening, with the rights of our programs. What it finds goes into no screening, no
headline and no count: whoever works the new report sees what there would be without the sealed one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.db import connection

from anwang.access.actions.notices import notify
from anwang.access.vocabulary import NoticeKind

if TYPE_CHECKING:
    from anwang.triage.actions.screening_steps import Findings

KIND: Final = NoticeKind.SEALED_PERSON_REPORTED

# A screening of a sealed report writes records of its own: they are sealed with it.
_ONE_STATEMENT: Final = """
with asked as materialized (
    select * from jsonb_to_recordset(%s::jsonb)
        a (place int, report uuid, records uuid[], persons text[], tokens text[])
), kept as (
    insert into access_seal (id, object_kind, object_id, ground, root, request, since)
    select gen_random_uuid(), 'record', record, s.ground, s.root, s.request, clock.now()
    from asked a
    join access_seal s on s.object_id = a.report and s.object_kind = 'report' and s.until is null
    cross join unnest(a.records) record
    on conflict (object_id) where until is null do nothing
)
select distinct a.place, s.root, m.account_id
from asked a
cross join access_seal s
join access_sealmember m on m.seal_id = s.id and m.lead and m.until is null
where s.object_kind = 'report' and s.object_id = s.root and s.until is null
  and not exists (select from access_seal own
      where own.root = s.root and own.object_id = a.report and own.until is null)
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
      and (known.person = any(a.persons) or numbered.token = any(a.tokens)))
order by a.place
"""


def tell_sealed_leads(screened: Sequence[Findings]) -> int:
    """Tell the leads of sealed cases that one of these is about somebody of theirs; how many."""
    asked = [
        {
            "place": place,
            "report": str(found.report.id),
            "records": [str(record) for record in found.own_records.values()],
            "persons": sorted(found.person_ids),
            "tokens": [one.id_token.hex() for one in found.forms if one.id_token is not None],
        }
        for place, found in enumerate(screened)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ONE_STATEMENT, [json.dumps(asked)])
        leads = cursor.fetchall()
    for place, root, lead in leads:
        report = screened[place].report
        notify(
            KIND, to_account=lead, object_kind="report", object_id=root,
            detail={"receipt": report.receipt, "desk": report.desk_team},
        )  # fmt: skip
    return len(leads)
