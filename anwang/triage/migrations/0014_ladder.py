"""The ladder of escalation: who is called when nobody accepts a report, held by the database (P4).

Its climbing is one function with all its reasons, so that the worker, the desk's own page and a
command can each set it going: what raises the alarm has no single point of failure. It may be called
by any of them at any time and as often as one likes; a rung is called once.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction, WithForceLifted

# Every report is watched from its receipt on, whatever becomes of it and by whichever path: opening a
# watch, ending and renewing it are triggers. Old reports raise no alarm (decision 3).
WATCHING = """
create function triage.open_watch() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if not new.historic then
        insert into triage_watch (matter_id, since, arrived_at, ladder, rung, next_at)
        values (new.id, new.clock_started_at, new.accepted_at, '', 0, new.accepted_at);
    end if;
    return null;
end
$$;

create function triage.is_over(state text) returns boolean
    language sql immutable set search_path = pg_catalog
as $$ select state in ('accepted', 'answered', 'linked-same-event', 'error') $$;

create function triage.renew_watch() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    now timestamptz := clock.now();
begin
    if triage.is_over(new.state) then
        update triage_watch set next_at = null where matter_id = new.report_id;
    elsif triage.is_over(old.state) then
        -- Opened again: who should have acted on it before has done so, and the ladder begins anew.
        update triage_watch set since = now, arrived_at = now, rung = 0, next_at = now
        where matter_id = new.report_id;
    else
        update triage_watch set next_at = now where matter_id = new.report_id;
    end if;
    return null;
end
$$;
"""
LADDER = """
-- The ladder for a report: its county's where one is in force, else the nation's; the first that fits.
create function triage.ladder_for(county text, grade text) returns jsonb
    language sql stable security definer set search_path = public, pg_temp
as $$
    select said.ladder
    from rulebook_policyterm t join rulebook_policyversion v on v.id = t.version_id
        cross join lateral jsonb_array_elements(v.body -> 'ladders') with ordinality said (ladder, n)
    where t.policy_id = 'escalation' and t.since is distinct from t.until
      and (t.since <= clock.now() and (t.until is null or t.until > clock.now())
           or t.county is null and not exists (select from rulebook_policyterm e
               where e.policy_id = t.policy_id and e.county is null and e.since <= clock.now()))
      and (v.county is null or v.county = ladder_for.county)
      and (said.ladder -> 'when' -> 'grade' is null
           or said.ladder -> 'when' -> 'grade' ? coalesce(ladder_for.grade, ''))
    order by v.county is null, t.since, said.n limit 1
$$;

-- How long after its beginning a ladder reaches its nth rung; beyond the last, again and again.
create function triage.rung_after(ladder jsonb, n integer) returns interval
    language sql immutable set search_path = pg_catalog
as $$
    select make_interval(mins => (ladder -> 'rungs' -> (least(n, rungs.number) - 1)
            ->> 'after_minutes')::integer
        + greatest(n - rungs.number, 0) * (ladder ->> 'every_minutes')::integer)
    from (select jsonb_array_length(ladder -> 'rungs')) as rungs (number)
$$;

-- A report that arrives when its first rung is long past calls the desk at once, and gives each rung
-- the time that it would have had.
create function triage.rung_due(since timestamptz, arrived timestamptz, ladder jsonb, n integer)
    returns timestamptz
    language sql immutable set search_path = pg_catalog
as $$
    select greatest(since + triage.rung_after(ladder, n),
        arrived + triage.rung_after(ladder, n) - triage.rung_after(ladder, 1))
$$;

-- Who stands on a rung now: at work in that office, entitled to act, and not one of whom the report
-- must be kept (R5, R8).
create function triage.people_of_rung(matter triage_matter, rung jsonb) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct a.id
    from jsonb_array_elements(coalesce(
            rung -> 'tell' -> (case when matter.state = 'offered' then 'offered' else 'waiting' end),
            rung -> 'tell' -> 'any')) line
        join access_membership s on s.role = line ->> 'role'
            and case line ->> 'of'
                when 'desk' then s.team_id = matter.desk_team
                when 'team' then s.team_id = matter.offered_team
                when 'county' then s.county = matter.county
                when 'nation' then true
                else false end
        join access_account a on a.id = s.account_id and a.is_active
    where s.since <= clock.now() and (s.until is null or s.until > clock.now())
      and (s.holds_until is null or s.holds_until > clock.now())
      and not exists (select from triage_officeclosure c
          where c.team_id = s.team_id and c.since <= clock.now() and clock.now() < c.until)
      and not access.is_conflicted(a.id, matter.report_id)
      and not exists (select from access_seal sealed
          where sealed.object_id = matter.report_id and sealed.since <= clock.now()
            and (sealed.until is null or sealed.until > clock.now())
            and not exists (select from access_sealmember named
                where named.seal_id = sealed.id and named.account_id = a.id
                  and named.since <= clock.now()
                  and (named.until is null or named.until > clock.now())))
$$;
"""
CLIMB = """
-- Calls whom the ladder names for every report whose next rung is due; at most `most` reports. How
-- many rungs were called. Somebody with more than three at once gets one notice with their number.
create function triage.climb(most integer) returns integer
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    now timestamptz := clock.now();
    one record;
    steps jsonb;
    rungs integer;
    before integer;
    reached integer;
    last_call timestamptz;
    n integer;
    standing uuid[];
    told uuid[];
    passed text[];
    who uuid[] := '{}';
    about uuid[] := '{}';
    raised uuid[] := '{}';
    unheard integer := 0;
    called record;
    report uuid;
begin
    for one in
        select w as watch, m as matter
        from triage_watch w join triage_matter m on m.report_id = w.matter_id
        where w.next_at <= now order by w.next_at limit most
        for update of m, w skip locked
    loop
        if triage.is_over((one.matter).state) then
            update triage_watch set next_at = null where matter_id = (one.matter).report_id;
            continue;
        end if;
        steps := triage.ladder_for((one.matter).county, (one.matter).grade);
        if steps is null then
            raise exception 'no ladder of escalation is in force (triage/policies/escalation.yaml)';
        end if;
        rungs := jsonb_array_length(steps -> 'rungs');
        before := (one.watch).rung;
        if (one.watch).ladder <> steps ->> 'id' and before > 0 then
            -- Another ladder from now on (the grade has changed): nobody is called again for a rung
            -- that the last call stood for, and nobody is left out.
            select max(raised_at) into last_call from triage_escalation
            where matter_id = (one.matter).report_id and since = (one.watch).since;
            n := 0;
            while n < before and triage.rung_due(
                (one.watch).since, (one.watch).arrived_at, steps, n + 1) <= last_call
            loop
                n := n + 1;
            end loop;
            before := n;
        end if;
        reached := before;
        while triage.rung_due((one.watch).since, (one.watch).arrived_at, steps, reached + 1) <= now loop
            reached := reached + 1;
        end loop;
        if reached > before then
            told := '{}';
            passed := '{}';
            -- Rungs that were slept through are called together with the one reached: nobody is left
            -- out, and nobody called twice.
            for n in least(before + 1, rungs) .. least(reached, rungs) loop
                standing := array(select triage.people_of_rung(one.matter, steps -> 'rungs' -> (n - 1)));
                told := told || standing;
                if standing = '{}' then
                    passed := passed || (steps -> 'rungs' -> (n - 1) ->> 'id');
                end if;
            end loop;
            -- Nobody there, or the office is closed: the next rung is called at once.
            n := least(reached, rungs);
            while standing = '{}' and n < rungs loop
                n := n + 1;
                standing := array(select triage.people_of_rung(one.matter, steps -> 'rungs' -> (n - 1)));
                told := told || standing;
            end loop;
            -- Nobody further up either: those below are called again rather than nobody.
            n := least(reached, rungs);
            while told = '{}' and n > 1 loop
                n := n - 1;
                told := array(select triage.people_of_rung(one.matter, steps -> 'rungs' -> (n - 1)));
            end loop;
            told := array(select distinct unnest(told));
            insert into triage_escalation (id, matter_id, since, ladder, rung, rung_id, due_at, raised_at, told, passed)
            values (gen_random_uuid(), (one.matter).report_id, (one.watch).since, steps ->> 'id', reached,
                steps -> 'rungs' -> (least(reached, rungs) - 1) ->> 'id',
                triage.rung_due((one.watch).since, (one.watch).arrived_at, steps, reached),
                now, told, passed)
            on conflict do nothing;
            if found then
                raised := raised || (one.matter).report_id;
                who := who || told;
                about := about || array_fill((one.matter).report_id, array[cardinality(told)]);
                unheard := unheard + (told = '{}')::integer;
            end if;
        end if;
        update triage_watch set rung = reached, ladder = steps ->> 'id',
            next_at = triage.rung_due(since, arrived_at, steps, reached + 1)
        where matter_id = (one.matter).report_id;
    end loop;

    for called in
        select pair.account, array_agg(pair.report) as reports
        from unnest(who, about) as pair (account, report) group by pair.account
    loop
        if cardinality(called.reports) > 3 then
            perform access.notify('reports-waiting', null, called.account, '', null,
                jsonb_build_object('counted', cardinality(called.reports)));
        else
            foreach report in array called.reports loop
                perform access.notify('report-waiting', null, called.account, 'report', report, '{}');
            end loop;
        end if;
    end loop;
    if raised <> '{}' then
        insert into access_auditentry (id, at, actor, actor_kind, role, team_id, act, object_kind,
            object_ids, purpose, fields, result, request_id, detail)
        values (gen_random_uuid(), now, '00000000-0000-4000-8000-000000000002', 'program', 'sweeping',
            '', 'report-escalated', 'report', array(select unnest(raised)::text), 'sweeping', '{}',
            case when unheard > 0 then 'failed' else 'done' end, null,
            jsonb_build_object('told', cardinality(who), 'unheard', unheard));
    end if;
    perform triage.swept('ladder');
    return cardinality(raised);
end
$$;
"""
# A look is late when it is not done every minute; after a quarter of an hour the operators and the
# ministry are told, by whoever does it next.
SWEEPS = """
create function triage.swept(which text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    now timestamptz := clock.now();
    before timestamptz;
    other uuid;
begin
    select at into before from triage_sweep where name = which for update;
    insert into triage_sweep (name, at) values (which, now)
    on conflict (name) do update set at = excluded.at;
    if now - before > interval '15 minutes' then
        for other in
            select distinct s.account_id from access_membership s
            join access_account a on a.id = s.account_id and a.is_active
            where s.role in ('operator', 'ministry') and s.since <= now
              and (s.until is null or s.until > now)
        loop
            perform access.notify('sweeping-was-silent', null, other, '', null,
                jsonb_build_object('sweep', which,
                    'counted', floor(extract(epoch from now - before) / 60)::integer));
        end loop;
    end if;
end
$$;

-- For a page that is open anyway: climbs only where nobody else has for five minutes (or the clock was
-- set back behind the last look), and only one at a time.
create function triage.climb_if_silent(most integer) returns integer
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    last_look timestamptz;
begin
    select at into last_look from triage_sweep where name = 'ladder';
    if last_look between clock.now() - interval '5 minutes' and clock.now() + interval '1 minute'
       or not pg_try_advisory_xact_lock(815014) then
        return 0;
    end if;
    return triage.climb(most);
end
$$;
"""
READING = """
-- What waits for somebody to accept it, for whom it concerns: his own desk's and teams', a manager's
-- county, the ministry all. No name; the report's number only for who reaches it (R10).
create function triage.unaccepted() returns table (
    report uuid, receipt text, county text, desk_team text, offered_team text, state text, grade text,
    since timestamptz, rung integer, rung_id text, raised_at timestamptz, told integer,
    escalation uuid, acknowledged_at timestamptz, mine boolean, next_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$
    with me as (
        select coalesce(array_agg(s.county) filter (where s.role = 'county-manager'), '{}') as counties,
            coalesce(bool_or(s.role = 'ministry'), false) as nation
        from access_membership s
        where s.account_id = access.actor() and s.since <= clock.now()
          and (s.until is null or s.until > clock.now())
          and (s.holds_until is null or s.holds_until > clock.now())
    )
    select m.report_id, case when triage.reaches(m.report_id) then r.receipt end, m.county, m.desk_team,
        m.offered_team, m.state, m.grade, w.since, w.rung, e.rung_id, e.raised_at,
        cardinality(e.told), e.id, e.acknowledged_at, coalesce(access.actor() = any(e.told), false), w.next_at
    from triage_watch w
        join triage_matter m on m.report_id = w.matter_id
        join intake_report r on r.id = w.matter_id
        cross join me
        left join lateral (select * from triage_escalation x
            where x.matter_id = w.matter_id and x.since = w.since order by x.rung desc limit 1) e on true
    where w.next_at is not null and w.rung > 0
      and (access.actor_kind() = 'program' or me.nation or m.county = any(me.counties)
           or triage.reaches(m.report_id))
      and m.report_id <> all(array(select access.closed_to_me()))
    order by w.since limit 500
$$;

create function triage.acknowledge(which uuid) returns uuid
    language sql volatile security definer set search_path = public, pg_temp
as $$
    update triage_escalation set acknowledged_at = clock.now(), acknowledged_by = access.actor()
    where id = which and access.actor() = any(told) and acknowledged_at is null
      and matter_id <> all(array(select access.closed_to_me()))
    returning matter_id
$$;

-- A supervisor of the office, or the manager of its county, says that it is closed, for a week at most.
create function triage.close_office(office text, until_at timestamptz, why text) returns uuid
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    now timestamptz := clock.now();
    made uuid;
begin
    if access.actor_kind() is distinct from 'program' and not exists (
        select from access_membership s where s.account_id = access.actor() and s.since <= now
          and (s.until is null or s.until > now) and (s.holds_until is null or s.holds_until > now)
          and (s.role = 'supervisor' and s.team_id = office
               or s.role = 'county-manager' and s.county = (select county_id from directory_team where id = office)))
    then
        raise exception 'office: may-not';
    end if;
    if until_at <= now or until_at > now + interval '7 days' or btrim(why) = '' then
        raise exception 'office: no-such-closure';
    end if;
    insert into triage_officeclosure (id, team_id, since, until, reason, by, at)
    values (gen_random_uuid(), office, now, until_at, left(btrim(why), 200), access.actor(), now)
    returning id into made;
    return made;
end
$$;

create function triage.open_office(office text) returns integer
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    now timestamptz := clock.now();
    opened integer;
begin
    if access.actor_kind() is distinct from 'program' and not exists (
        select from access_membership s where s.account_id = access.actor() and s.since <= now
          and (s.until is null or s.until > now) and (s.holds_until is null or s.holds_until > now)
          and (s.role = 'supervisor' and s.team_id = office
               or s.role = 'county-manager' and s.county = (select county_id from directory_team where id = office)))
    then
        raise exception 'office: may-not';
    end if;
    update triage_officeclosure set until = greatest(now, since + interval '1 microsecond')
    where team_id = office and since <= now and until > now;
    get diagnostics opened = row_count;
    return opened;
end
$$;
"""
SIGNATURES = {
    "triage.open_watch()": (),
    "triage.is_over(text)": ("app", "worker"),
    "triage.renew_watch()": (),
    "triage.ladder_for(text, text)": (),
    "triage.rung_after(jsonb, integer)": (),
    "triage.rung_due(timestamptz, timestamptz, jsonb, integer)": (),
    "triage.people_of_rung(triage_matter, jsonb)": (),
    "triage.swept(text)": ("worker",),
    "triage.climb(integer)": ("worker",),
    "triage.climb_if_silent(integer)": ("app", "worker"),
    "triage.unaccepted()": ("app", "worker"),
    "triage.acknowledge(uuid)": ("app",),
    "triage.close_office(text, timestamptz, text)": ("app", "worker"),
    "triage.open_office(text)": ("app", "worker"),
}
TRIGGERS = """
-- By name after open_matter, whose row it points to.
create trigger open_watch after insert on intake_report
    for each row execute function triage.open_watch();
create trigger renew_watch after update on triage_matter
    for each row when (
        triage.is_over(new.state) is distinct from triage.is_over(old.state)
        or new.grade is distinct from old.grade or new.county is distinct from old.county)
    execute function triage.renew_watch();
"""
# What waits when this is deployed is watched from now on, as if it had just arrived.
NOW_WATCHED = """
insert into triage_watch (matter_id, since, arrived_at, ladder, rung, next_at)
select m.report_id, clock.now(), clock.now(), '', 0,
    case when m.state in ('accepted', 'answered', 'linked-same-event', 'error') then null else clock.now() end
from triage_matter m join intake_report r on r.id = m.report_id where not r.historic;
"""
uuid_key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, serialize=False)
instant = models.DateTimeField(db_default=anwang.common.clock.ClockNow())
of_matter = models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to="triage.matter")
codes = models.CharField(max_length=40)


class Migration(migrations.Migration):
    dependencies = [("triage", "0013_clock_history"), ("rulebook", "0002_terms")]
    operations = [
        migrations.CreateModel(
            name="Watch",
            fields=[
                ("matter", of_matter),
                ("since", models.DateTimeField()),
                ("arrived_at", models.DateTimeField()),
                ("ladder", models.CharField(max_length=40, blank=True, default="")),
                ("rung", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["next_at"], name="watches_by_next", condition=Q(next_at__isnull=False))]},
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                ("id", uuid_key),
                ("matter", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="escalations", to="triage.matter")),
                ("since", models.DateTimeField()),
                ("ladder", codes),
                ("rung", models.PositiveIntegerField()),
                ("rung_id", codes.clone()),
                ("due_at", models.DateTimeField()),
                ("raised_at", instant),
                ("told", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None, help_text="Accounts of the people who were called.")),
                ("passed", django.contrib.postgres.fields.ArrayField(base_field=codes.clone(), size=None, help_text="Rungs that nobody stood on, or whose office was closed.")),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("acknowledged_by", models.UUIDField(null=True)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=["matter", "since", "ladder", "rung"], name="a_rung_once")]},
        ),
        migrations.CreateModel(
            name="OfficeClosure",
            fields=[
                ("id", uuid_key.clone()),
                ("team_id", models.CharField(max_length=64)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("reason", models.CharField(max_length=200)),
                ("by", models.UUIDField()),
                ("at", instant.clone()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=Q(until__gt=F("since")), name="a_closure_ends_after_it_begins")],
                "indexes": [models.Index(fields=["team_id", "until"], name="closures_of_office")],
            },
        ),
        migrations.CreateModel(
            name="Sweep",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("at", instant.clone()),
            ],
        ),
        WithForceLifted(("triage_matter", "intake_report"), NOW_WATCHED),
        VaultFunction(WATCHING + LADDER + SWEEPS + CLIMB + READING, SIGNATURES),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
    ]  # fmt: skip
