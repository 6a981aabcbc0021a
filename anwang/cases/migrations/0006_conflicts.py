"""Conflicts of interest from what registers and reports say (R5), found by the database itself.

Triggers follow every row that can make one: a new account, a report, its screening, a judged link,
a family file. So there is no code path that could forget to look, and no instant after a
screening's commit in which somebody close to the family can read it.
"""

import uuid

from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

CLOSE = """
-- Ties of kin in both directions, in every version of a record that was ever delivered: who was
-- married is a former spouse, whatever the register says today.
create function cases.kin_of(persons uuid[])
    returns table (relative uuid, tie text, ended boolean)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select j.person_id, f.kind,
        i.superseded or (f.valid_to is not null and f.valid_to <= clock.now()::date)
    from people_identity i
    join registries_fact f on f.record_id = i.record_id
        and f.kind in ('kin-father', 'kin-mother', 'kin-spouse') and f.key ~ '^[0-9a-f]{64}$'
    join people_identity j on j.id_token = decode(f.key, 'hex')
    where i.person_id = any(persons) and j.person_id is not null
    union
    select j.person_id, f.kind,
        j.superseded or (f.valid_to is not null and f.valid_to <= clock.now()::date)
    from people_identity i
    join registries_fact f on f.key = encode(i.id_token, 'hex')
        and f.kind in ('kin-father', 'kin-mother', 'kin-spouse')
    join people_identity j on j.record_id = f.record_id
    where i.person_id = any(persons) and i.id_token is not null and j.person_id is not null
$$;

-- Registered together now or in the last two years, or living behind the same door down to the
-- floor. More than 60 people are an institution.
create function cases.household_of(persons uuid[]) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select unnest(people) from (
        select array_agg(distinct j.person_id) as people
        from people_identity i
        join registries_fact f on f.record_id = i.record_id and f.kind = 'registered-household'
            and f.key is not null and coalesce(f.valid_to, 'infinity') > clock.now()::date - 730
        join registries_fact g on g.key = f.key and g.kind = f.kind
            and coalesce(g.valid_to, 'infinity') > clock.now()::date - 730
        join people_identity j on j.record_id = g.record_id
        where i.person_id = any(persons) and j.person_id is not null
        group by f.key
        union all
        select array_agg(distinct j.person_id)
        from people_identity i join people_identity j on j.full_key = i.full_key
        where i.person_id = any(persons) and not i.superseded and not j.superseded
          and i.full_key is not null and j.person_id is not null
        group by i.full_key
    ) doors where cardinality(people) <= 60
$$;

-- Whom a human is close to: himself, kin within two steps, spouses of any time, the household.
create function cases.close_persons(of_human bytea) returns table (person uuid, ground text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    with self as (
        select array_agg(distinct person_id) as ids from people_identity
        where id_token = of_human and person_id is not null
    ),
    first as (select k.* from self, cases.kin_of(self.ids) k),
    second as (select k.* from cases.kin_of(array(select relative from first)) k),
    found (person, ground, place) as (
        select unnest(ids), 'self', 1 from self
        union all
        select relative, case when bool_and(ended) then 'former-spouse' else 'spouse' end, 2
        from first where tie = 'kin-spouse' group by relative
        union all select relative, 'relative', 3 from first where tie <> 'kin-spouse'
        union all select relative, 'relative', 4 from second
        union all select h, 'household-member', 5 from self, cases.household_of(self.ids) h
    )
    select distinct on (person) person, ground from found order by person, place
$$;
"""
DERIVED = """
-- What is closed to an account because of the persons and files it is in conflict with.
create function cases.conflicts_of(who uuid) returns table (kind text, object uuid, ground text)
    language sql stable security definer set search_path = public, pg_temp
as $$
    with live as materialized (
        select c.object_kind, c.object_id, c.ground, c.source from access_conflict c
        where c.account_id = who and c.source <> 'derived' and c.since <= clock.now()
          and (c.until is null or c.until > clock.now())
    ),
    own as (
        select object_id as person, ground from live where object_kind = 'person'
    ),
    told (report, ground) as materialized (
        select p.matter_id, own.ground from own join cases_pictured p on p.person_id = own.person
        union select object_id, ground from live where object_kind = 'report'
        union select c.matter_id, l.ground from live l join cases_case c on c.id = l.object_id
              where l.object_kind = 'case'
    ),
    -- One event told twice is one event: its other report would betray the first.
    paired (report, ground) as materialized (
        select report, ground from told
        union select j.earlier_id, t.ground from told t
              join triage_sameeventjudgement j on j.matter_id = t.report and j.same
        union select j.matter_id, t.ground from told t
              join triage_sameeventjudgement j on j.earlier_id = t.report and j.same
        union select m.same_event_as, t.ground from told t
              join triage_matter m on m.report_id = t.report where m.same_event_as is not null
        union select m.report_id, t.ground from told t
              join triage_matter m on m.same_event_as = t.report
    ),
    families (family, ground) as materialized (
        select r.object_id, p.ground from paired p join access_relation r on r.through = p.report
            and r.object_kind = 'family'
        union select c.family_id, p.ground from paired p join cases_case c on c.matter_id = p.report
        union select m.family_id, own.ground from own
              join cases_familymember m on m.person_id = own.person
        union select object_id, ground from live where object_kind = 'family'
    ),
    reports (report, ground) as materialized (
        select report, ground from paired
        union select c.matter_id, f.ground from families f join cases_case c on c.family_id = f.family
    ),
    found (kind, object, ground) as (
        select 'report', report, ground from reports
        union all select 'family', family, ground from families
        union all select 'case', c.id, r.ground from reports r join cases_case c on c.matter_id = r.report
        union all select 'person', x.object_id, r.ground from reports r
            join access_relation x on x.through = r.report and x.object_kind = 'person'
    )
    select distinct on (found.object) found.kind, found.object, found.ground from found
    order by found.object, array_position(
        array['self', 'declared', 'spouse', 'former-spouse', 'relative', 'household-member'],
        found.ground::text)
$$;

create function cases.derive_conflicts(who uuid) returns void
    language sql volatile security definer set search_path = public, pg_temp
as $$
    with found as materialized (select * from cases.conflicts_of(who)),
    ended as (
        update access_conflict c set until = greatest(clock.now(), c.since)
        where c.account_id = who and c.source = 'derived' and c.until is null
          and not exists (select from found f where f.object = c.object_id and f.ground = c.ground)
    )
    insert into access_conflict (id, account_id, object_kind, object_id, ground, source, since)
    select gen_random_uuid(), who, kind, object, ground, 'derived', clock.now() from found
    on conflict do nothing
$$;

-- One account anew. Nobody's screening runs meanwhile, or each would miss what the other adds.
create function cases.renew_conflicts(who uuid) returns void
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    number bytea;
begin
    perform pg_advisory_xact_lock(815041);
    select human into number from access_account where id = who;
    with found as materialized (select * from cases.close_persons(number)),
    ended as (
        update access_conflict c set until = greatest(clock.now(), c.since)
        where c.account_id = who and c.source = 'register' and c.until is null
          and not exists (select from found f where f.person = c.object_id and f.ground = c.ground)
    )
    insert into access_conflict (id, account_id, object_kind, object_id, ground, source, since)
    select gen_random_uuid(), who, 'person', person, ground, 'register', clock.now() from found
    on conflict do nothing;
    perform cases.derive_conflicts(who);
    insert into cases_conflictcheck (account_id, checked_at) values (who, clock.now())
    on conflict (account_id) do update set checked_at = excluded.checked_at;
end
$$;

-- Accounts that are in conflict with any of these objects, looked at again.
create function cases.follow_conflicts(objects uuid[]) returns void
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    who uuid;
begin
    perform pg_advisory_xact_lock_shared(815041);
    for who in select distinct account_id from access_conflict
               where object_id = any(objects) and until is null order by 1
    loop
        perform cases.derive_conflicts(who);
    end loop;
end
$$;

-- Accounts that were never looked at, or not since registers or judgements told something new.
create function cases.unchecked_accounts(most integer) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select a.id from access_account a left join cases_conflictcheck c on c.account_id = a.id
    where a.human is not null and (c.checked_at is null
        or c.checked_at < clock.now() - interval '1 day'
        or c.checked_at < (select max(known_at) + interval '1 min' from registries_delivery)
        or c.checked_at < (select max(judged_at) + interval '10 s' from people_link where by_person))
    order by c.checked_at nulls first limit most
$$;
"""
TRIGGERS = r"""
create function cases.watch_account() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.renew_conflicts(new.id);
    return null;
end
$$;

-- Before any screening: by the numbers a report gives (and their neighbours by one slip), and, for
-- who sits at its desk, by the exact names of his own people. What was only perhaps ends with the
-- screening. A report is stored whatever happens here.
create function cases.watch_told(report uuid, body jsonb) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform pg_advisory_xact_lock_shared(815041);
    with subject as (
        select s from jsonb_array_elements(
            case jsonb_typeof(body -> 'subjects') when 'array' then body -> 'subjects' else '[]' end) s
        where jsonb_typeof(s) = 'object'
    ),
    number (token, exact) as (
        select decode(s #>> '{id,token}', 'hex'), true from subject
        where s #>> '{id,token}' ~ '^[0-9a-f]{64}$'
        union
        select decode(near, 'hex'), false from subject cross join lateral jsonb_array_elements_text(
            case jsonb_typeof(s #> '{id,near}') when 'array' then s #> '{id,near}' else '[]' end) near
        where near ~ '^[0-9a-f]{64}$'
    ),
    named (name) as (
        select regexp_replace(normalize(s ->> 'name', NFKC), '\s', '', 'g') from subject
        where s ->> 'name' is not null
    ),
    hit (account, ground, exact) as (
        select a.id, 'self', n.exact from number n join access_account a on a.human = n.token
        union all
        select c.account_id, c.ground, n.exact from number n
        join people_identity i on i.id_token = n.token
        join access_conflict c on c.object_id = i.person_id and c.object_kind = 'person'
            and c.source in ('register', 'declared') and c.until is null
        union all
        select c.account_id, c.ground, false from triage_matter t
        join access_membership m on m.team_id = t.desk_team and m.until is null
        join access_conflict c on c.account_id = m.account_id and c.object_kind = 'person'
            and c.source in ('register', 'declared') and c.until is null
        join people_identity i on i.person_id = c.object_id and not i.superseded
        join named on named.name = regexp_replace(normalize(i.forms ->> 'n', NFKC), '\s', '', 'g')
        where t.report_id = report
    )
    insert into access_conflict (id, account_id, object_kind, object_id, ground, source, since)
    select gen_random_uuid(), account, 'report', report, min(ground),
        case when bool_or(exact) then 'told' else 'perhaps' end, clock.now()
    from hit group by account
    on conflict do nothing;
    perform cases.follow_conflicts(array[report]);
exception when others then
    raise warning 'conflicts of a report could not be looked up: %', sqlstate;
end
$$;

create function cases.watch_report() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.watch_told(new.id, new.body);
    return null;
end
$$;

create function cases.watch_addition() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.watch_told(new.report_id, new.body);
    return null;
end
$$;

-- Everybody in the picture, and everybody whom a subject is more likely than not.
create function cases.watch_screening() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform pg_advisory_xact_lock_shared(815041);
    if jsonb_array_length(coalesce(new.picture -> 'members', '[]')) > 0 then
        delete from cases_pictured where matter_id = new.matter_id and not judged;
    end if;
    insert into cases_pictured (matter_id, person_id, judged)
    select distinct new.matter_id, found.person::uuid, false from (
        select m ->> 'person_id' as person
        from jsonb_array_elements(coalesce(new.picture -> 'members', '[]')) m
        union
        select v ->> 'person_id' from jsonb_each(new.matches) k (i, v)
        union
        select c ->> 'person_id' from jsonb_each(new.matches) k (i, v)
        cross join lateral jsonb_array_elements(coalesce(v -> 'candidates', '[]')) c
        where (c ->> 'probability')::float8 >= 0.5
    ) found
    where found.person ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
    on conflict do nothing;
    if new.failed_steps = '[]' then
        update access_conflict set until = greatest(clock.now(), since)
        where object_id = new.matter_id and source = 'perhaps' and until is null;
    end if;
    perform cases.follow_conflicts(array(
        select person_id from cases_pictured where matter_id = new.matter_id
        union select new.matter_id
        union select object_id from access_conflict where object_id = new.matter_id));
    return null;
end
$$;

-- A person at the desk said whom a report's own record means.
create function cases.watch_link() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if new.judgement = 'same' then
        insert into cases_pictured (matter_id, person_id, judged)
        select r.id, new.person_id, true from people_identity i
        join intake_report r on r.receipt = split_part(i.record_key, '/', 1)
        where i.record_id = new.record_id and i.source_id = 'anwang'
        on conflict do nothing;
    end if;
    perform cases.follow_conflicts(array[new.person_id]);
    return null;
end
$$;

create function cases.watch_matter() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.follow_conflicts(array[new.report_id, new.same_event_as, old.same_event_as]);
    return null;
end
$$;

create function cases.watch_same_event() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.follow_conflicts(array[new.matter_id, new.earlier_id]);
    return null;
end
$$;

create function cases.watch_relation() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.follow_conflicts(array[new.through, new.object_id]);
    return null;
end
$$;

create function cases.watch_case() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.follow_conflicts(array[new.matter_id, new.family_id]);
    return null;
end
$$;

create function cases.watch_member() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    perform cases.follow_conflicts(array[new.person_id, new.family_id]);
    return null;
end
$$;
"""
HUNG = """
create index accounts_of_human on access_account (human) where human is not null;
create index conflicts_of_account on access_conflict (account_id) where until is null;
create trigger watch_new_account after insert on access_account
    for each row when (new.human is not null) execute function cases.watch_account();
create trigger watch_human after update of human on access_account
    for each row when (new.human is distinct from old.human) execute function cases.watch_account();
-- After open_matter, whose desk it asks for: triggers fire in the order of their names.
create trigger watch_report after insert on intake_report
    for each row execute function cases.watch_report();
create trigger watch_addition after insert on intake_reportaddition
    for each row execute function cases.watch_addition();
create trigger watch_screening after insert on triage_screening
    for each row execute function cases.watch_screening();
create trigger watch_link after insert on people_link
    for each row when (new.by_person) execute function cases.watch_link();
create trigger watch_same_event after update of same_event_as on triage_matter
    for each row when (new.same_event_as is distinct from old.same_event_as)
    execute function cases.watch_matter();
create trigger watch_judgement after insert on triage_sameeventjudgement
    for each row execute function cases.watch_same_event();
create trigger watch_relation after insert on access_relation
    for each row when (new.object_kind in ('family', 'person')) execute function cases.watch_relation();
create trigger watch_case after insert on cases_case
    for each row execute function cases.watch_case();
create trigger watch_member after insert on cases_familymember
    for each row when (new.person_id is not null) execute function cases.watch_member();
"""
WATCHES = ("account", "report", "addition", "screening", "link", "matter", "same_event", "relation",
           "case", "member")  # fmt: skip
SIGNATURES = {
    "cases.kin_of(uuid[])": (),
    "cases.household_of(uuid[])": (),
    "cases.close_persons(bytea)": (),
    "cases.conflicts_of(uuid)": (),
    "cases.derive_conflicts(uuid)": ("worker",),
    "cases.renew_conflicts(uuid)": ("worker",),
    "cases.follow_conflicts(uuid[])": (),
    "cases.unchecked_accounts(integer)": ("worker",),
    "cases.watch_told(uuid, jsonb)": (),
} | {f"cases.watch_{one}()": () for one in WATCHES}


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0004_closing_a_case"),
        ("intake", "0002_rules"),
        ("people", "0001_initial"),
        ("triage", "0004_index_what_the_desk_polls"),
        ("registries", "0002_rules"),
    ]
    operations = [
        migrations.CreateModel(
            name="Pictured",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("matter_id", models.UUIDField()),
                ("person_id", models.UUIDField()),
                (
                    "judged",
                    models.BooleanField(
                        default=False, help_text="A person said so, not a screening."
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["matter_id", "person_id"], name="pictured_once")
                ],
                "indexes": [models.Index(fields=["person_id"], name="pictures_of_person")],
            },
        ),
        migrations.CreateModel(
            name="ConflictCheck",
            fields=[
                ("account_id", models.UUIDField(primary_key=True, default=uuid.uuid4, serialize=False)),
                ("checked_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
            ],
        ),
        VaultFunction(CLOSE + DERIVED + TRIGGERS, SIGNATURES),
        migrations.RunSQL(HUNG, reverse_sql=migrations.RunSQL.noop),
    ]  # fmt: skip
