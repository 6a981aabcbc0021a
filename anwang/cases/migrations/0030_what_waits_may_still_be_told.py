"""What waits to be told to a local system is asked for again before it is told.

A report may have been sealed while its delivery waited for a receiver that was down; a family file may have
become another county's.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

TOLD = """
drop function cases.told_to_local_system(text, text, text[], boolean, timestamptz);

-- Reports of a county and of some streams that changed after an instant, the longest ago first, and what
-- may be told of each to a system of that county. Nothing of what is sealed, and nothing that was
-- sealed meanwhile is hinted at; no address, no number of a person, nothing written in words, nothing
-- of who reported. Names are those of the county's own family file, and only where they are asked for.
-- `only_of`: of these reports alone, whether they may still be told.
create function cases.told_to_local_system(
    system text, of_county text, of_streams text[], with_members boolean, after timestamptz, only_of uuid[]
) returns table (report uuid, changed_at timestamptz, told jsonb)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select m.report_id, at.changed,
        jsonb_build_object(
            'receipt', r.receipt,
            'their_number', case when r.sender = system then r.report_id end,
            'received_on', (r.received_at at time zone 'Asia/Taipei')::date,
            'state', m.state, 'stream', m.stream, 'grade', m.grade, 'team', m.accountable_team,
            'family_number', f.number,
            'members', case when with_members then (
                select string_agg(n.name, '、' order by n.since, n.name, n.id)
                from cases_familymember n where n.family_id = f.id and n.until is null
                  and not exists (select from access_seal s
                                  where s.object_id = n.person_id and s.until is null)) end,
            'opened_on', (c.opened_at at time zone 'Asia/Taipei')::date,
            'closed_on', (c.closed_at at time zone 'Asia/Taipei')::date)
    from triage_matter m
    join intake_report r on r.id = m.report_id
    left join cases_case c on c.matter_id = m.report_id
    left join cases_familyfile f on f.id = c.family_id and f.county is not distinct from of_county
    cross join lateral (
        select greatest(m.changed_at, c.opened_at, c.closed_at,
            (select max(s.until) from access_seal s where s.object_id in (m.report_id, c.id, c.family_id)))
            as changed
    ) at
    where m.county = of_county and m.stream = any(of_streams)
      and (after is null or at.changed > after)
      and (only_of is null or m.report_id = any(only_of))
      and not exists (select from access_seal s
                      where s.object_id in (m.report_id, c.id, c.family_id) and s.until is null)
    order by at.changed, m.report_id
$$;
"""
SIGNATURE = "cases.told_to_local_system(text, text, text[], boolean, timestamptz, uuid[])"


class Migration(migrations.Migration):
    dependencies = [("cases", "0029_told_to_local_systems")]
    operations = [VaultFunction(TOLD, {SIGNATURE: ("worker",)})]
