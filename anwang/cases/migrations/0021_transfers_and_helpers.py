"""An open case changes teams only by acceptance; helpers reach what the rules allow and no more.

The team of an open case is the matter's accountable team, and it is the one that accepted: the offer
first, then the last transfer. Deferred triggers hold it on all three tables, whoever writes them, so
that a case never has two leading teams, never none, and no accepted transfer is lost (S11, V2).
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

HELD = """
create function cases.check_team() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    wanted uuid;
    c cases_case;
begin
    if tg_table_name = 'cases_case' then wanted := new.id;
    elsif tg_table_name = 'cases_transfer' then wanted := new.case_id;
    else select id into wanted from cases_case where matter_id = new.report_id; end if;
    select * into c from cases_case where id = wanted and closed_at is null;
    if found and (
        not exists (select from triage_matter m where m.report_id = c.matter_id
                    and m.accountable_team = c.team_id)
        or c.team_id is distinct from coalesce(
            (select t.to_team from cases_transfer t where t.case_id = c.id and t.answer = 'accepted'
             order by t.answered_at desc limit 1),
            (select o.team_id from triage_offer o where o.id = c.offer_id and o.answer = 'accepted')))
    then
        raise exception 'case % is led by the team that accepted it last, which answers for it', c.id
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

-- A case that is closed is on its way nowhere.
create function cases.lapse_transfer() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    t cases_transfer;
begin
    update cases_transfer set answer = 'withdrawn', answered_at = clock.now(),
        answered_by = access.actor()
    where case_id = new.id and answer = 'open' returning * into t;
    if found then
        perform cases.end_offering(new.matter_id, t.to_team, new.team_id);
    end if;
    update cases_helper set status = 'done', status_at = clock.now()
    where case_id = new.id and status in ('accepted', 'working');
    update cases_helper set status = 'withdrawn', status_at = clock.now()
    where case_id = new.id and status = 'invited';
    update access_relation set until = clock.now()
    where through = new.matter_id and ground = 'joint' and until is null;
    return null;
end
$$;

-- What was opened to a team that did not take it over is closed to it again.
create function cases.end_offering(of_matter uuid, to_team text, back_to text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update triage_matter set offered_team = back_to,
        changed_at = greatest(clock.now(), changed_at + interval '1 microsecond')
    where report_id = of_matter;
    update access_relation set until = clock.now()
    where through = of_matter and team_id = to_team and ground = 'offer' and until is null;
end
$$;
"""
TRANSFERS = """
create function cases.offer_transfer(of_case uuid, to_team text, because text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c cases_case;
    m triage_matter;
    made uuid := gen_random_uuid();
    at timestamptz := clock.now();
begin
    select * into m from triage_matter where report_id =
        (select matter_id from cases_case where id = of_case) for update;
    select * into c from cases_case where id = of_case and team_id = any(array(select access.my_teams()))
        and not array[id, family_id, matter_id] && array(select access.closed_to_me()) for update;
    if not found then
        raise exception 'no such case' using errcode = 'no_data_found';
    end if;
    if c.closed_at is not null or m.accountable_team <> c.team_id
       or exists (select from cases_transfer where case_id = c.id and answer = 'open') then
        raise exception 'transfers: not-now';
    end if;
    if exists (select from access_seal s where s.object_id in (c.id, c.family_id, c.matter_id)
               and (s.until is null or s.until > at)) then
        raise exception 'transfers: sealed';
    end if;
    if to_team = c.team_id or not exists (select from directory_team t
            where t.id = to_team and not t.is_desk and t.county_id is not distinct from m.county) then
        raise exception 'transfers: no-such-team';
    end if;
    insert into cases_transfer (id, case_id, matter_id, from_team, to_team, reason, same_day,
        offered_at, offered_by, answer, refusal, refusal_text)
    values (made, c.id, c.matter_id, c.team_id, to_team, because,
        (at at time zone 'Asia/Taipei')::date = (c.opened_at at time zone 'Asia/Taipei')::date,
        at, access.actor(), 'open', '', '');
    -- Asked, it may read the report and look at the persons in it, as with an offer of the desk.
    insert into access_relation (id, team_id, object_kind, object_id, ground, through)
    select gen_random_uuid(), to_team, r.object_kind, r.object_id, 'offer', c.matter_id
    from access_relation r where r.through = c.matter_id and r.team_id = c.team_id
      and r.object_kind in ('report', 'person') and r.until is null
    on conflict do nothing;
    update triage_matter set offered_team = to_team,
        changed_at = greatest(at, changed_at + interval '1 microsecond')
    where report_id = c.matter_id;
    perform access.notify('transfer-offered', to_team, null, 'case', c.id, '{}');
    return made;
end
$$;

create function cases.answer_transfer(of_transfer uuid, said text, code text, words text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    t cases_transfer;
    c cases_case;
    m triage_matter;
    held triage_duty;
    at timestamptz;
    mine text[] := array(select access.my_teams());
begin
    select * into m from triage_matter where report_id = (select k.matter_id from cases_transfer x
        join cases_case k on k.id = x.case_id where x.id = of_transfer) for update;
    select * into c from cases_case where matter_id = m.report_id for update;
    select * into t from cases_transfer where id = of_transfer
        and (case when said = 'withdrawn' then from_team else to_team end) = any(mine) for update;
    if not found or array[c.id, c.family_id, c.matter_id] && array(select access.closed_to_me()) then
        raise exception 'no such transfer' using errcode = 'no_data_found';
    end if;
    if t.answer <> 'open' or c.closed_at is not null or said not in ('accepted', 'refused', 'withdrawn')
    then
        raise exception 'transfers: not-now';
    end if;
    select * into strict held from triage_duty where matter_id = m.report_id and upper_inf(during);
    at := greatest(clock.now(), lower(held.during) + interval '1 microsecond');
    update cases_transfer set answer = said, answered_at = at, answered_by = access.actor(),
        refusal = code, refusal_text = words
    where id = t.id;
    if said <> 'accepted' then
        perform cases.end_offering(c.matter_id, t.to_team, t.from_team);
        perform access.notify('transfer-answered', case when said = 'withdrawn' then t.to_team
            else t.from_team end, null, 'case', c.id, jsonb_build_object('answer', said));
        return c.id;
    end if;
    update triage_duty set during = tstzrange(lower(during), at, '[)') where id = held.id;
    insert into triage_duty (id, matter_id, accountable_team, during, ground)
    values (gen_random_uuid(), m.report_id, t.to_team, tstzrange(at, null, '[)'), 'transfer-accepted');
    update triage_matter set accountable_team = t.to_team, offered_team = t.to_team,
        changed_at = greatest(at, changed_at + interval '1 microsecond')
    where report_id = m.report_id;
    update cases_case set team_id = t.to_team, lead = access.actor() where id = c.id;
    -- Who leads is no helper in the same case besides.
    update cases_helper set status = 'done', status_at = at
    where case_id = c.id and team_id = t.to_team and status in ('invited', 'accepted', 'working');
    insert into access_relation (id, team_id, object_kind, object_id, ground, through)
    values (gen_random_uuid(), t.to_team, 'family', c.family_id, 'case', c.matter_id)
    on conflict do nothing;
    -- One service line: the clocks, duties and records go on; the sender's own reach ends here.
    update access_relation set until = at
    where through = c.matter_id and team_id = t.from_team and ground in ('offer', 'case', 'joint')
      and until is null;
    perform access.notify('transfer-answered', t.from_team, null, 'case', c.id, '{"answer": "accepted"}');
    return c.id;
end
$$;
"""
HELPERS = """
create function cases.invite_helper(of_case uuid, helping text, what text) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    c cases_case;
    m triage_matter;
    made uuid := gen_random_uuid();
begin
    select * into m from triage_matter where report_id =
        (select matter_id from cases_case where id = of_case) for update;
    select * into c from cases_case where id = of_case and team_id = any(array(select access.my_teams()))
        and not array[id, family_id, matter_id] && array(select access.closed_to_me()) for update;
    if not found then
        raise exception 'no such case' using errcode = 'no_data_found';
    end if;
    if c.closed_at is not null then
        raise exception 'transfers: not-now';
    end if;
    if exists (select from access_seal s where s.object_id in (c.id, c.family_id, c.matter_id)
               and (s.until is null or s.until > clock.now())) then
        raise exception 'transfers: sealed';
    end if;
    if helping = c.team_id or not exists (select from directory_team t
            where t.id = helping and not t.is_desk and t.county_id is not distinct from m.county) then
        raise exception 'transfers: no-such-team';
    end if;
    if exists (select from cases_helper h where h.case_id = c.id and h.team_id = helping
               and h.status in ('invited', 'accepted', 'working')) then
        raise exception 'transfers: helps-already';
    end if;
    insert into cases_helper (id, case_id, team_id, task, stream, grade, district, lead_team,
        invited_at, invited_by, status, status_at, said)
    values (made, c.id, helping, what, c.stream, coalesce(m.grade, ''),
        coalesce(m.headline ->> 'district', ''), c.team_id, clock.now(), access.actor(), 'invited',
        clock.now(), '');
    perform access.notify('help-asked', helping, null, 'case', c.id, '{}');
    return made;
end
$$;

create function cases.step_helper(of_helper uuid, to_status text, words text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    h cases_helper;
    c cases_case;
    mine text[] := array(select access.my_teams());
    live boolean := to_status in ('accepted', 'working');
begin
    select k.* into c from cases_helper x join cases_case k on k.id = x.case_id
        where x.id = of_helper for update of k;
    select * into h from cases_helper where id = of_helper and (case when to_status = 'withdrawn'
        then c.team_id else team_id end) = any(mine) for update;
    if not found or array[c.id, c.family_id, c.matter_id] && array(select access.closed_to_me()) then
        raise exception 'no such help' using errcode = 'no_data_found';
    end if;
    if c.closed_at is not null or not (case h.status
            when 'invited' then to_status in ('accepted', 'declined', 'withdrawn')
            when 'accepted' then to_status in ('working', 'done', 'withdrawn')
            when 'working' then to_status in ('done', 'withdrawn') else false end) then
        raise exception 'transfers: not-now';
    end if;
    update cases_helper set status = to_status, status_at = clock.now(), said = words,
        worker = case when to_status = 'withdrawn' then worker else access.actor() end
    where id = h.id;
    if live then
        insert into access_relation (id, team_id, object_kind, object_id, ground, through)
        values (gen_random_uuid(), h.team_id, 'family', c.family_id, 'joint', c.matter_id)
        on conflict do nothing;
    else
        update access_relation set until = clock.now()
        where through = c.matter_id and team_id = h.team_id and ground = 'joint' and until is null;
    end if;
    perform access.notify('help-answered', case when to_status = 'withdrawn' then h.team_id
        else c.team_id end, null, 'case', c.id, jsonb_build_object('status', to_status));
end
$$;

-- Families of the county in which a protective and a mental-health team have a case open at the same
-- time, and of these, how many are worked jointly: one of the two is a named helper of the other who
-- has accepted. Figures alone, for the offices of that county and of the nation.
create function cases.joint_coverage(of_county text) returns table (in_both bigint, jointly bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    with opened as (
        select c.id, c.family_id, c.team_id, t.agency_kind
        from cases_case c join directory_team t on t.id = c.team_id
        where c.closed_at is null and t.county_id is not distinct from of_county
          and t.agency_kind in ('prevention-centre', 'health-bureau')
          and not array[c.id, c.family_id, c.matter_id] && array(select access.closed_to_me())
    ),
    both_open as (
        select family_id from opened group by family_id
        having count(distinct agency_kind) = 2
    )
    select count(*), count(*) filter (where exists (
        select from opened o join cases_helper h on h.case_id = o.id
            and h.status in ('accepted', 'working', 'done')
        join opened p on p.family_id = o.family_id and p.team_id = h.team_id
            and p.agency_kind <> o.agency_kind
        where o.family_id = b.family_id))
    from both_open b
    where coalesce(access.actor_kind() = 'program', false)
       or array[coalesce(of_county, '00000'), '00000'] && array(select access.my_counties())
$$;
"""
APP = ("app",)
SIGNATURES: dict[str, tuple[str, ...]] = {
    "cases.check_team()": (),
    "cases.lapse_transfer()": (),
    "cases.end_offering(uuid, text, text)": (),
    "cases.offer_transfer(uuid, text, text)": APP,
    "cases.answer_transfer(uuid, text, text, text)": APP,
    "cases.invite_helper(uuid, text, text)": APP,
    "cases.step_helper(uuid, text, text)": APP,
    "cases.joint_coverage(text)": ("app", "worker"),
}
TRIGGERS = """
create constraint trigger case_team_answers after insert or update of team_id, closed_at on cases_case
    deferrable initially deferred for each row execute function cases.check_team();
create constraint trigger matter_team_leads after update of accountable_team on triage_matter
    deferrable initially deferred for each row execute function cases.check_team();
create constraint trigger transfer_reaches after insert or update of answer on cases_transfer
    deferrable initially deferred for each row execute function cases.check_team();
create trigger lapse_transfer after update of closed_at on cases_case
    for each row when (old.closed_at is null and new.closed_at is not null)
    execute function cases.lapse_transfer();
"""
NOW = anwang.common.clock.ClockNow
PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [("cases", "0020_teams_at_home"), ("triage", "0016_disputes")]
    operations = [
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("from_team", models.CharField(max_length=64)),
                ("to_team", models.CharField(max_length=64)),
                ("reason", models.TextField()),
                ("same_day", models.BooleanField(help_text="On the day on which the case was opened (S-039).")),
                ("offered_at", models.DateTimeField(db_default=NOW())),
                ("offered_by", models.UUIDField()),
                ("answer", models.CharField(choices=[("open", "Open"), ("accepted", "Accepted"), ("refused", "Refused"), ("withdrawn", "Withdrawn")], default="open", max_length=10)),
                ("answered_at", models.DateTimeField(null=True)),
                ("answered_by", models.UUIDField(null=True)),
                ("refusal", models.CharField(blank=True, max_length=30)),
                ("refusal_text", models.TextField(blank=True)),
                ("case", models.ForeignKey(on_delete=PROTECT, related_name="transfers", to="cases.case")),
                ("matter", models.ForeignKey(on_delete=PROTECT, related_name="transfers", to="triage.matter")),
            ],
            options={
                "indexes": [models.Index(condition=Q(("answer", "open")), fields=["to_team", "offered_at"], name="open_transfers_of_team")],
                "constraints": [
                    models.UniqueConstraint(condition=Q(("answer", "open")), fields=("case",), name="one_open_transfer_a_case"),
                    models.CheckConstraint(condition=Q(("from_team", F("to_team")), _negated=True) & Q(("reason", ""), _negated=True), name="a_transfer_goes_elsewhere_for_a_reason"),
                    models.CheckConstraint(condition=Q(("answer", "refused"), _negated=True) | Q(("refusal", ""), _negated=True), name="a_refused_transfer_has_a_code"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Helper",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("team_id", models.CharField(max_length=64)),
                ("task", models.TextField()),
                ("stream", models.CharField(max_length=30)),
                ("grade", models.CharField(blank=True, max_length=1)),
                ("district", models.CharField(blank=True, max_length=8)),
                ("lead_team", models.CharField(help_text="Who leads, as of the invitation.", max_length=64)),
                ("invited_at", models.DateTimeField(db_default=NOW())),
                ("invited_by", models.UUIDField()),
                ("status", models.CharField(choices=[("invited", "Invited"), ("accepted", "Accepted"), ("working", "Working"), ("done", "Done"), ("declined", "Declined"), ("withdrawn", "Withdrawn")], default="invited", max_length=10)),
                ("status_at", models.DateTimeField(db_default=NOW())),
                ("worker", models.UUIDField(null=True)),
                ("said", models.TextField(blank=True)),
                ("case", models.ForeignKey(on_delete=PROTECT, related_name="helpers", to="cases.case")),
            ],
            options={
                "indexes": [models.Index(fields=["team_id", "status"], name="helps_of_team")],
                "constraints": [
                    models.UniqueConstraint(condition=Q(("status__in", ["invited", "accepted", "working"])), fields=("case", "team_id"), name="a_team_helps_once_at_a_time"),
                    models.CheckConstraint(condition=Q(("task", ""), _negated=True), name="a_helper_has_a_task"),
                ],
            },
        ),
        VaultFunction(HELD + TRANSFERS + HELPERS, SIGNATURES),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
    ]
