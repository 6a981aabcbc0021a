"""A family file is found and opened to a team by what its accepted report tells, not by what is asked.

Before, who held any offer could ask which file a person of his choice belongs to, and write himself
a relation to it.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
drop function cases.file_of(uuid[], uuid);

-- Subjects of a report whose number told who they are: a probable link joins no file (decision 16).
create function cases.sure_persons(of_report uuid) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct (m.value ->> 'person_id')::uuid
    from (select matches from triage_screening where matter_id = of_report
          order by at desc limit 1) last,
         jsonb_each(last.matches) m
    where m.value ->> 'person_id' is not null
      and exists (
        select from jsonb_array_elements(m.value -> 'candidates') c,
             jsonb_array_elements(c -> 'reasons') r
        where c ->> 'person_id' = m.value ->> 'person_id'
          and r ->> 'comparison' = 'national_id' and r ->> 'level' = 'same')
$$;

create function cases.file_of(of_report uuid) returns uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    -- Only who holds the report's offer may ask, and only about his own county's families.
    select m.family_id
    from cases_familymember m
    join cases_familyfile f on f.id = m.family_id
    join triage_matter t on t.report_id = of_report
        and t.offered_team = any(array(select access.my_teams()))
    where m.person_id in (select cases.sure_persons(of_report)) and m.until is null
      and f.id <> all(array(select access.closed_to_me()))
      and f.county is not distinct from t.county
    group by m.family_id, f.opened_at
    order by count(*) desc, f.opened_at, m.family_id limit 1
$$;

create function cases.relate_family(family uuid, of_report uuid) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    taking text;
begin
    select o.team_id into taking from triage_offer o
    where o.matter_id = of_report and o.answer = 'accepted'
      and o.team_id = any(array(select access.my_teams()));
    if not found or (exists (select from cases_familyfile f where f.id = family)
                     and family is distinct from cases.file_of(of_report)) then
        raise exception 'only a team that accepted the report opens a family file, and only its own';
    end if;
    insert into access_relation (id, team_id, object_kind, object_id, ground, through)
    values (gen_random_uuid(), taking, 'family', family, 'case', of_report)
    on conflict do nothing;
end
$$;
"""
SIGNATURES = {
    "cases.sure_persons(uuid)": (),
    "cases.file_of(uuid)": ("app", "worker"),
    "cases.relate_family(uuid, uuid)": ("app", "worker"),
}


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_who_looked"), ("triage", "0006_only_who_is_entitled")]
    operations = [VaultFunction(FUNCTIONS, SIGNATURES)]
