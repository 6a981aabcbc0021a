"""Sealing a report with its case, family file and own records, by two persons (R8, R14)."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- The report itself, the earlier one it is worked with, and those that are worked with it.
create function cases.worked_together(report uuid) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    with recursive together (id) as (
        select report
        union
        select case when m.report_id = t.id then m.same_event_as else m.report_id end
        from together t join triage_matter m on m.state = 'linked-same-event'
            and (m.report_id = t.id or m.same_event_as = t.id)
    )
    select id from together where id is not null
$$;

-- Whether an account works now in the team that answers for a report: duty and clocks go on, so
-- somebody named must be there to do them.
create function cases.answers_for(who uuid, report uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_membership s join triage_matter m on m.report_id = report
        join access_account a on a.id = s.account_id and a.is_active
        where s.account_id = who and s.team_id = m.accountable_team
          and s.role in ('desk', 'team-worker', 'lead', 'supervisor')
          and s.since <= clock.now() and (s.until is null or s.until > clock.now()))
$$;

create function cases.named_by(payload jsonb) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct one::uuid from jsonb_array_elements_text(payload -> 'members') one
    union select (payload ->> 'lead')::uuid
$$;

create function cases.close_off(
    kind text, object uuid, root uuid, request uuid, ground text, named uuid[], lead uuid
) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    made uuid := gen_random_uuid();
    at timestamptz := clock.now();
begin
    if object is null or exists (select from access_seal s where s.object_id = object and s.until is null)
    then
        return;
    end if;
    insert into access_seal (id, object_kind, object_id, ground, since, root, request)
    values (made, kind, object, ground, at, root, request);
    -- A record is closed to everybody: no screen names one, and no program may take it into account.
    if kind <> 'record' then
        insert into access_sealmember (id, seal_id, account_id, since, lead)
        select gen_random_uuid(), made, one, at, one = lead from unnest(named) one;
    end if;
end
$$;

-- A family in which other reports have cases keeps its file; the sealed cases move to one of their own.
create function cases.apart(family uuid, reports uuid[], spare_number text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    made uuid := gen_random_uuid();
begin
    if not exists (select from cases_case c where c.family_id = family and c.matter_id <> all(reports)) then
        return family;
    end if;
    insert into cases_familyfile (id, number, county, name, opened_at)
    select made, spare_number, f.county, f.name, clock.now() from cases_familyfile f where f.id = family;
    insert into cases_familymember (id, family_id, person_id, name, born_on, role, since, until, judged_by)
    select gen_random_uuid(), made, person_id, name, born_on, role, since, until, judged_by
    from cases_familymember where family_id = family;
    insert into access_relation (id, team_id, object_kind, object_id, ground, through, since)
    select gen_random_uuid(), team_id, object_kind, made, ground, through, clock.now()
    from access_relation r where r.object_id = family and r.through = any(reports) and r.until is null;
    update access_relation set until = clock.now()
    where object_id = family and through = any(reports) and until is null;
    update cases_case set family_id = made where family_id = family and matter_id = any(reports);
    return made;
end
$$;

-- What other reports were shown of these: as if they had never been received.
create function cases.forget_elsewhere(reports uuid[]) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    receipts text[] := array(select receipt::text from intake_report where id = any(reports));
    names text[] := array(select one::text from unnest(reports) one);
begin
    update triage_matter m set headline = m.headline || jsonb_build_object('same_events',
        greatest(coalesce((m.headline ->> 'same_events')::int, 0) - told.number, 0))
    from (
        select other.report_id, count(distinct shown.id) as number
        from triage_matter other
        cross join lateral (
            select e ->> 'report' as id from triage_screening s,
                jsonb_array_elements(s.same_event) e
            where s.matter_id = other.report_id and e ->> 'report' = any(names)
            union select other.same_event_as::text where other.same_event_as = any(reports)
        ) shown
        where other.report_id <> all(reports)
        group by other.report_id
    ) told
    where m.report_id = told.report_id;
    update triage_matter set same_event_as = null, same_event_probability = null
    where same_event_as = any(reports) and report_id <> all(reports);
    update triage_screening s set
        same_event = coalesce((select jsonb_agg(e order by place) from jsonb_array_elements(s.same_event)
            with ordinality as one (e, place) where e ->> 'report' <> all(names)), '[]'),
        picture = case when s.picture ? 'facts' then jsonb_set(s.picture, '{facts}', coalesce(
            (select jsonb_agg(f order by place) from jsonb_array_elements(s.picture -> 'facts')
             with ordinality as one (f, place)
             where coalesce(f -> 'value' ->> 'report', '') <> all(receipts)), '[]')) else s.picture end
    where s.matter_id <> all(reports) and (
        exists (select from jsonb_array_elements(s.same_event) e where e ->> 'report' = any(names))
        or exists (select from jsonb_array_elements(coalesce(s.picture -> 'facts', '[]')) f
                   where f -> 'value' ->> 'report' = any(receipts)));
end
$$;

create function cases.seal(request uuid, spare_number text) returns uuid
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
    if asked.object_kind is distinct from 'report' then raise exception 'seals: no-such-request'; end if;
    payload := access.two_use(request, 'seal', asked.object_id);
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

create function cases.leads_seal(who uuid, about uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from access_seal s join access_sealmember m on m.seal_id = s.id
        where s.object_id = about and s.until is null and m.account_id = who and m.lead
          and m.until is null)
$$;

create function cases.unseal(request uuid) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    asked access_twofold;
    at timestamptz := clock.now();
begin
    select * into asked from access_twofold where id = request;
    perform access.two_use(request, 'unseal', asked.object_id);
    if not cases.leads_seal(asked.asked_by, asked.object_id) then raise exception 'seals: not-the-lead'; end if;
    update access_sealmember m set until = at from access_seal s
        where s.id = m.seal_id and s.root = asked.object_id and m.until is null;
    update access_seal set until = at where root = asked.object_id and until is null;
    return asked.object_id;
end
$$;

create function cases.rename_seal(request uuid) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    asked access_twofold;
    payload jsonb;
    named uuid[];
    leads uuid;
    at timestamptz := clock.now();
begin
    select * into asked from access_twofold where id = request;
    payload := access.two_use(request, 'name-in-seal', asked.object_id);
    if not cases.leads_seal(asked.asked_by, asked.object_id) then raise exception 'seals: not-the-lead'; end if;
    named := array(select cases.named_by(payload) union select asked.approved_by);
    leads := (payload ->> 'lead')::uuid;
    if leads is null or not cases.answers_for(leads, asked.object_id) then
        raise exception 'seals: no-lead';
    end if;
    if exists (select from unnest(named) who where access.is_conflicted(who, asked.object_id)) then
        raise exception 'seals: conflicted';
    end if;
    update access_sealmember m set until = at from access_seal s
        where s.id = m.seal_id and s.root = asked.object_id and s.until is null and m.until is null
          and (m.account_id <> all(named) or m.lead <> (m.account_id = leads));
    insert into access_sealmember (id, seal_id, account_id, since, lead)
    select gen_random_uuid(), s.id, who, at, who = leads
    from access_seal s cross join unnest(named) who
    where s.root = asked.object_id and s.until is null and s.object_kind <> 'record'
      and not exists (select from access_sealmember m
          where m.seal_id = s.id and m.account_id = who and m.until is null);
    return asked.object_id;
end
$$;

-- Who is named with whom: for the named alone.
create function cases.sealed_for_me() returns table (
    root uuid, ground text, since timestamptz, account uuid, named_since timestamptz, lead boolean
)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select s.root, s.ground::text, s.since, m.account_id, m.since, m.lead
    from access_seal s join access_sealmember m on m.seal_id = s.id and m.until is null
    where s.object_id = s.root and s.until is null
      and exists (select from access_sealmember me
          where me.seal_id = s.id and me.account_id = access.actor() and me.until is null)
    order by s.since desc, m.lead desc, m.since
$$;

create or replace function triage.load_of_team(team text) returns bigint
    language sql stable security definer set search_path = public, pg_temp
as $$
    select count(*) from triage_matter
    where accountable_team = team and state = 'accepted' and due_at is not null
      and report_id <> all(array(select access.closed_to_me()))
      and (coalesce(access.actor_kind() = 'program', false)
           or exists (select from directory_team t where t.id = team
                      and (coalesce(t.county_id, '00000') = any(array(select access.my_counties()))
                           or '00000' = any(array(select access.my_counties())))))
$$;
"""
APP = ("app",)
SIGNATURES = {
    "cases.worked_together(uuid)": (),
    "cases.answers_for(uuid, uuid)": (),
    "cases.named_by(jsonb)": (),
    "cases.close_off(text, uuid, uuid, uuid, text, uuid[], uuid)": (),
    "cases.apart(uuid, uuid[], text)": (),
    "cases.forget_elsewhere(uuid[])": (),
    "cases.leads_seal(uuid, uuid)": (),
    "cases.seal(uuid, text)": APP,
    "cases.unseal(uuid)": APP,
    "cases.rename_seal(uuid)": APP,
    "cases.sealed_for_me()": APP,
    "triage.load_of_team(text)": ("app", "worker"),
}


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0009_alarms"),
        ("access", "0011_sealed_together"),
        ("people", "0004_packed_columns"),
        ("triage", "0007_functions_ask_who_calls"),
    ]
    operations = [VaultFunction(FUNCTIONS, SIGNATURES)]
