"""Duty without gap or overlap, held by the database (decision 19, ADR 0007), and the row rules."""

from django.db import migrations

from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
create function triage.open_matter() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    desk text;
    first_clock rulebook_clockdefinition;
    due timestamptz;
begin
    select id into desk from directory_team where is_desk and county_id = new.county;
    if desk is null then
        select id into strict desk from directory_team where is_desk and county_id is null;
    end if;
    select * into first_clock from rulebook_clockdefinition
        where starts_with_report and hours is not null order by hours limit 1;
    due := new.clock_started_at + make_interval(hours => coalesce(first_clock.hours, 24));
    insert into triage_matter (report_id, state, county, desk_team, accountable_team, joint_with,
        due_at, headline, failed_steps, attempts)
    values (new.id, 'received', new.county, desk, desk, '[]', due,
        jsonb_build_object('name', new.body -> 'subjects' -> 0 ->> 'name', 'channel', new.channel,
            'excerpt', left(new.body ->> 'narrative', 120)), '[]', 0);
    insert into triage_duty (id, matter_id, accountable_team, during, ground)
    values (gen_random_uuid(), new.id, desk, tstzrange(new.accepted_at, null, '[)'), 'report-accepted');
    insert into triage_clock (id, matter_id, definition_id, legal, started_at, due_at, state)
    values (gen_random_uuid(), new.id, coalesce(first_clock.id, 'dispatch'), true, new.clock_started_at,
        due, 'running');
    insert into access_relation (id, team_id, object_kind, object_id, ground, through)
    values (gen_random_uuid(), desk, 'report', new.id, 'duty-desk', new.id);
    return null;
end
$$;

create function triage.hand_over(matter uuid, to_team text, on_ground text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    at timestamptz := clock.now();
    held triage_duty;
begin
    perform from triage_matter where report_id = matter for update;
    if not exists (select from directory_team where id = to_team and is_desk)
       and not exists (select from triage_offer where matter_id = matter and team_id = to_team
                       and answer = 'accepted') then
        raise exception 'only a desk, or a team that accepted, can become accountable';
    end if;
    select * into strict held from triage_duty where matter_id = matter and upper_inf(during);
    if held.accountable_team = to_team then
        return;
    end if;
    at := greatest(at, lower(held.during) + interval '1 microsecond');
    update triage_duty set during = tstzrange(lower(during), at, '[)') where id = held.id;
    insert into triage_duty (id, matter_id, accountable_team, during, ground)
    values (gen_random_uuid(), matter, to_team, tstzrange(at, null, '[)'), on_ground);
    update triage_matter set accountable_team = to_team where report_id = matter;
end
$$;

-- A count and no rows: the desk may know how much a team carries, not what. A closed case is due
-- at no time.
create function triage.load_of_team(team text) returns bigint
    language sql stable security definer set search_path = public, pg_temp
as $$
    select count(*) from triage_matter
    where accountable_team = team and state = 'accepted' and due_at is not null
$$;

create function triage.check_duty() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    -- Two tables share this trigger, and a row has only its own table's column.
    subject uuid := coalesce(to_jsonb(new) ->> 'matter_id', to_jsonb(new) ->> 'report_id')::uuid;
    current_team text;
begin
    select accountable_team into current_team from triage_matter where report_id = subject;
    if (select count(*) from triage_duty where matter_id = subject and upper_inf(during)
            and accountable_team = current_team) <> 1 then
        raise exception 'matter % has no running duty of its accountable team', subject
            using errcode = 'integrity_constraint_violation';
    end if;
    if exists (select from (select lower(during) as begins,
                   lag(upper(during)) over (order by lower(during)) as ended
               from triage_duty where matter_id = subject) as steps
               where ended is not null and begins <> ended) then
        raise exception 'the duty of matter % has a gap', subject
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
"""
SIGNATURES = {
    "triage.open_matter()": (),
    "triage.hand_over(uuid, text, text)": ("app", "worker"),
    "triage.check_duty()": (),
    "triage.load_of_team(text)": ("app", "worker"),
}
TRIGGERS = """
create trigger open_matter after insert on intake_report
    for each row execute function triage.open_matter();
create constraint trigger duty_without_gap after insert or update on triage_duty
    deferrable initially deferred for each row execute function triage.check_duty();
create constraint trigger matter_has_duty after insert or update of accountable_team on triage_matter
    deferrable initially deferred for each row execute function triage.check_duty();
"""




class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0001_initial"),
        ("intake", "0002_rules"),
        ("directory", "0001_initial"),
        ("rulebook", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            "grant usage on schema triage to anwang_app, anwang_worker;",
            reverse_sql=migrations.RunSQL.noop,
        ),
        VaultFunction(FUNCTIONS, SIGNATURES),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
    ]
