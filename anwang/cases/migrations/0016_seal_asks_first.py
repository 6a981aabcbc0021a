"""Who may not use a request is told the same whether it exists or not (R8).

The seal looked at the request's kind before it asked whether the request is the caller's, so that its two
refusals told which requests there are.
"""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

SEAL = """
create or replace function cases.seal(request uuid, spare_number text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    asked access_twofold;
    payload jsonb;
    reports uuid[];
    named uuid[];
    leads uuid;
    one record;
begin
    select * into asked from access_twofold where id = request;
    payload := access.two_use(request, 'seal', asked.object_id);
    if asked.object_kind is distinct from 'report' then raise exception 'seals: no-such-request'; end if;
    perform from triage_matter where report_id = asked.object_id for update;
    reports := array(select cases.worked_together(asked.object_id));
    -- Who asked and who approved know of it; they stay named, and may end it together.
    named := array(select cases.named_by(payload) union select asked.asked_by union select asked.approved_by);
    leads := (payload ->> 'lead')::uuid;
    if leads is null or not cases.answers_for(leads, asked.object_id) then
        raise exception 'seals: no-lead';
    end if;
    if exists (select from unnest(named) who, unnest(reports) about where access.is_conflicted(who, about))
    then
        raise exception 'seals: conflicted';
    end if;
    for one in select distinct c.family_id as family from cases_case c where c.matter_id = any(reports)
    loop
        perform cases.close_off('family', cases.apart(one.family, reports, spare_number),
            asked.object_id, request, asked.ground, named, leads);
    end loop;
    perform cases.close_off('case', c.id, asked.object_id, request, asked.ground, named, leads)
        from cases_case c where c.matter_id = any(reports);
    perform cases.close_off('record', (taken.value ->> 'record')::uuid, asked.object_id, request,
            asked.ground, named, leads)
        from triage_screening s, jsonb_each(s.matches) taken
        where s.matter_id = any(reports) and taken.value ->> 'record' is not null;
    perform cases.close_off('report', about, asked.object_id, request, asked.ground, named, leads)
        from unnest(reports) about;
    perform cases.forget_elsewhere(reports);
    return asked.object_id;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0015_people_judge")]
    operations = [VaultFunction(SEAL, {"cases.seal(uuid, text)": ("app",)})]
