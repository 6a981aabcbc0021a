"""Disputes: raised, answered and ruled by functions that look who asks; somebody answers meanwhile.

The team that cares while a dispute is open is the matter's accountable team: a deferred trigger on
both tables holds it, so that a dispute can never stand over nobody. Whose it is becomes so only by the
ruling's own step, in one transaction, without an instant between (V2).
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

HELD = """
create function triage.check_care() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    subject uuid := coalesce(to_jsonb(new) ->> 'matter_id', to_jsonb(new) ->> 'report_id')::uuid;
begin
    if exists (select from triage_dispute d join triage_matter m on m.report_id = d.matter_id
               where d.matter_id = subject and d.state = 'open'
                 and (d.care_team is distinct from m.accountable_team or m.state <> 'disputed'))
       or exists (select from triage_matter m where m.report_id = subject and m.state = 'disputed'
                  and not exists (select from triage_dispute d
                                  where d.matter_id = subject and d.state = 'open')) then
        raise exception 'a disputed report is cared for by its accountable team, in an open dispute'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

-- The desk that decides a disputed report by itself ends the dispute with it.
create function triage.lapse_dispute() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update triage_dispute set state = 'lapsed', settled_at = clock.now(), settled_by = access.actor(),
        to_team = coalesce(new.offered_team, '')
    where matter_id = new.report_id and state = 'open';
    return null;
end
$$;
"""
RULERS = """
-- Who rules: a county's manager between its teams, the ministry between counties and after silence.
create function triage.rulers_of(of_dispute uuid) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select distinct m.account_id from triage_dispute d
    join access_membership m on (d.level = 'county' and m.role = 'county-manager'
            and m.county is not distinct from d.county)
        or (d.level = 'ministry' and m.role = 'ministry')
    join access_account a on a.id = m.account_id and a.is_active
    where d.id = of_dispute and m.since <= clock.now()
      and (m.until is null or m.until > clock.now())
      and (m.holds_until is null or m.holds_until > clock.now())
      and not access.is_conflicted(m.account_id, d.matter_id)
$$;

create function triage.disputes_i_rule() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    with mine as materialized (
        select distinct m.role, m.county from access_membership m
        where m.account_id = access.actor() and m.role in ('county-manager', 'ministry')
          and m.since <= clock.now() and (m.until is null or m.until > clock.now())
          and (m.holds_until is null or m.holds_until > clock.now())
    )
    select d.id from mine join triage_dispute d on (d.level = 'county'
            and mine.role = 'county-manager' and mine.county is not distinct from d.county)
        or (d.level = 'ministry' and mine.role = 'ministry')
    where d.matter_id <> all(array(select access.closed_to_me()))
$$;

create function triage.tell_of_dispute(of_dispute uuid, of_kind text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    d triage_dispute;
    one uuid;
    team text;
begin
    select * into strict d from triage_dispute where id = of_dispute;
    if of_kind = 'dispute-raised' then
        for one in select triage.rulers_of(of_dispute) loop
            perform access.notify(of_kind, null, one, 'report', d.matter_id, '{}');
        end loop;
    end if;
    for team in select distinct t from unnest(array[d.care_team::text,
            case when of_kind = 'dispute-settled' then d.raised_by_team::text end,
            nullif(d.wanted_team, ''), nullif(d.to_team, '')]) t
        where t is not null and exists (select from directory_team x where x.id = t)
    loop
        perform access.notify(of_kind, team, null, 'report', d.matter_id, '{}');
    end loop;
end
$$;
"""
MOVED = """
-- Another county's desk answers from this instant; the one before reaches the report no more.
create function triage.pass_to_desk(of_report uuid, to_desk text, on_ground text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    at timestamptz;
    held triage_duty;
    where_to text;
begin
    perform from triage_matter where report_id = of_report for update;
    select county_id into strict where_to from directory_team where id = to_desk and is_desk;
    select * into strict held from triage_duty where matter_id = of_report and upper_inf(during);
    if held.accountable_team <> to_desk then
        at := greatest(clock.now(), lower(held.during) + interval '1 microsecond');
        update triage_duty set during = tstzrange(lower(during), at, '[)') where id = held.id;
        insert into triage_duty (id, matter_id, accountable_team, during, ground)
        values (gen_random_uuid(), of_report, to_desk, tstzrange(at, null, '[)'), on_ground);
    end if;
    insert into access_relation (id, team_id, object_kind, object_id, ground, through)
    select gen_random_uuid(), to_desk, object_kind, object_id, ground, through from access_relation
    where through = of_report and team_id = held.accountable_team and until is null
      and ground in ('duty-desk', 'subject')
    on conflict do nothing;
    update access_relation set until = clock.now()
    where through = of_report and team_id = held.accountable_team and team_id <> to_desk
      and until is null and ground in ('duty-desk', 'subject');
    update triage_matter set county = where_to, desk_team = to_desk, accountable_team = to_desk
    where report_id = of_report;
end
$$;
"""
ACTS = """
create function triage.raise_dispute(
    of_report uuid, of_offer uuid, on_ground text, said text, wanted text, at_level text,
    hours numeric, told jsonb, proposed jsonb
) returns uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    m triage_matter;
    o triage_offer;
    made uuid := gen_random_uuid();
    mine text[] := array(select access.my_teams());
    raised text;
begin
    select * into m from triage_matter where report_id = of_report and triage.reaches(report_id)
        for update;
    if not found then
        raise exception 'no such report' using errcode = 'no_data_found';
    end if;
    if of_offer is not null then
        -- A team that was offered it, and has just refused for this ground.
        select * into o from triage_offer where id = of_offer and matter_id = of_report
            and team_id = any(mine) and answer = 'refused' and answered_by = access.actor();
        if not found or m.state <> 'offered' or m.offered_team <> o.team_id then
            raise exception 'disputes: not-now';
        end if;
        raised := o.team_id;
        perform triage.return_to_desk(of_offer);
    elsif m.state = 'awaiting-decision' and m.desk_team = any(mine) then
        raised := m.desk_team;
    else
        raise exception 'disputes: not-now';
    end if;
    if wanted <> '' and not exists (select from directory_team t where t.id = wanted
            and t.id <> raised and (t.is_desk = (of_offer is null))
            and (of_offer is null or t.county_id is not distinct from m.county)) then
        raise exception 'disputes: no-such-team';
    end if;
    insert into triage_dispute (id, matter_id, ground, statement, raised_at, raised_by,
        raised_by_team, county, wanted_team, level, care_team, answer_due, stream, digest, proposal,
        answer, state, to_team, reason)
    values (made, of_report, on_ground, said, clock.now(), access.actor(), raised, m.county, wanted,
        case when of_offer is null then 'ministry' else at_level end, m.accountable_team,
        clock.now() + make_interval(secs => least(greatest(hours, 0.25), 72) * 3600),
        coalesce(m.stream, ''), told, proposed, '', 'open', '', '');
    update triage_matter set state = 'disputed',
        changed_at = greatest(clock.now(), changed_at + interval '1 microsecond')
    where report_id = of_report;
    perform triage.tell_of_dispute(made, 'dispute-raised');
    return made;
end
$$;

create function triage.settle_dispute(
    d triage_dispute, as_state text, whose text, because text
) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update triage_dispute set state = as_state, to_team = whose, reason = because,
        settled_at = clock.now(), settled_by = access.actor()
    where id = d.id;
    if exists (select from directory_team where id = whose and is_desk) then
        perform triage.pass_to_desk(d.matter_id, whose, 'dispute-' || as_state);
    end if;
    update triage_matter set state = 'awaiting-decision',
        changed_at = greatest(clock.now(), changed_at + interval '1 microsecond')
    where report_id = d.matter_id;
    perform triage.tell_of_dispute(d.id, 'dispute-settled');
end
$$;

-- The desk that is named agrees and answers from then on, or says why not: then the level rules.
create function triage.answer_dispute(of_dispute uuid, agrees boolean, said text) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    d triage_dispute;
begin
    select * into d from triage_dispute where id = of_dispute and state = 'open'
        and wanted_team = any(array(select access.my_teams()))
        and matter_id <> all(array(select access.closed_to_me())) for update;
    if not found then
        raise exception 'no such dispute' using errcode = 'no_data_found';
    end if;
    if d.answered_at is not null then
        raise exception 'disputes: not-now';
    end if;
    perform from triage_matter where report_id = d.matter_id for update;
    update triage_dispute set answer = said, answered_at = clock.now(), answered_by = access.actor()
    where id = d.id;
    -- Of a service team: its desk offers it the report next. Of a desk: it answers from now on.
    if agrees then
        perform triage.settle_dispute(d, 'agreed', d.wanted_team, said);
    end if;
end
$$;

create function triage.rule_dispute(
    of_dispute uuid, whose text, because text, of_law text, for_later text
) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    d triage_dispute;
    m triage_matter;
begin
    select * into d from triage_dispute where id = of_dispute
        and id = any(array(select triage.disputes_i_rule())) for update;
    if not found then
        raise exception 'no such dispute' using errcode = 'no_data_found';
    end if;
    select * into m from triage_matter where report_id = d.matter_id for update;
    if d.state <> 'open' then
        raise exception 'disputes: not-now';
    end if;
    if not exists (select from directory_team t where t.id = whose
            and (t.is_desk and d.level = 'ministry' or t.county_id is not distinct from m.county)) then
        raise exception 'disputes: no-such-team';
    end if;
    perform triage.settle_dispute(d, 'ruled', whose, because);
    insert into triage_precedent (dispute_id, matter_id, at, level, ground, stream, agency_kind, law,
        principle)
    select d.id, d.matter_id, clock.now(), d.level, d.ground, d.stream,
        coalesce(t.agency_kind, ''), of_law, for_later
    from directory_team t where t.id = whose;
end
$$;

-- Nobody answered in time: the next level rules, and is told.
create function triage.raise_level(hours numeric) returns setof uuid
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    one record;
begin
    for one in select d.id, d.level, d.county, d.matter_id from triage_dispute d
        where d.state = 'open' and d.answer_due <= clock.now()
        order by d.answer_due limit 50 for update skip locked
    loop
        update triage_dispute set level = 'ministry',
            answer_due = clock.now() + make_interval(secs => hours * 3600)
        where id = one.id;
        perform triage.tell_of_dispute(one.id, 'dispute-raised');
        return next one.id;
    end loop;
end
$$;
"""
SIGNATURES: dict[str, tuple[str, ...]] = {
    "triage.check_care()": (),
    "triage.lapse_dispute()": (),
    "triage.rulers_of(uuid)": (),
    "triage.disputes_i_rule()": ("app", "worker"),
    "triage.tell_of_dispute(uuid, text)": (),
    "triage.pass_to_desk(uuid, text, text)": (),
    "triage.raise_dispute(uuid, uuid, text, text, text, text, numeric, jsonb, jsonb)": ("app",),
    "triage.settle_dispute(triage_dispute, text, text, text)": (),
    "triage.answer_dispute(uuid, boolean, text)": ("app",),
    "triage.rule_dispute(uuid, text, text, text, text)": ("app",),
    "triage.raise_level(numeric)": ("worker",),
}
TRIGGERS = """
create constraint trigger dispute_is_cared_for after insert or update on triage_dispute
    deferrable initially deferred for each row execute function triage.check_care();
create constraint trigger matter_disputed_is_cared_for
    after insert or update of accountable_team, state on triage_matter
    deferrable initially deferred for each row execute function triage.check_care();
create trigger lapse_dispute after update of state on triage_matter
    for each row when (old.state = 'disputed' and new.state <> 'disputed')
    execute function triage.lapse_dispute();
"""
NOW = anwang.common.clock.ClockNow


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0015_loads_of_teams"),
        ("directory", "0002_what_ranking_reads"),
        ("access", "0019_teams_asked_once"),
    ]
    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("ground", models.CharField(max_length=30)),
                ("statement", models.TextField()),
                ("raised_at", models.DateTimeField(db_default=NOW())),
                ("raised_by", models.UUIDField()),
                ("raised_by_team", models.CharField(max_length=64)),
                ("county", models.CharField(max_length=5, null=True)),
                ("wanted_team", models.CharField(blank=True, help_text="Whom the objector names.", max_length=64)),
                ("level", models.CharField(choices=[("county", "County"), ("ministry", "Ministry")], max_length=10)),
                ("care_team", models.CharField(max_length=64)),
                ("answer_due", models.DateTimeField()),
                ("stream", models.CharField(blank=True, max_length=30)),
                ("digest", models.JSONField(default=dict)),
                ("proposal", models.JSONField(default=dict)),
                ("answer", models.TextField(blank=True)),
                ("answered_by", models.UUIDField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("state", models.CharField(choices=[("open", "Open"), ("agreed", "Agreed"), ("ruled", "Ruled"), ("lapsed", "Lapsed")], default="open", max_length=10)),
                ("to_team", models.CharField(blank=True, help_text="Whose it is, as settled.", max_length=64)),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_by", models.UUIDField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("matter", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="triage.matter")),
            ],
            options={
                "indexes": [
                    models.Index(condition=Q(("state", "open")), fields=["answer_due"], name="open_disputes_by_due"),
                    models.Index(fields=["matter"], name="disputes_of_matter"),
                ],
                "constraints": [
                    models.UniqueConstraint(condition=Q(("state", "open")), fields=("matter",), name="one_open_dispute_a_matter"),
                    models.CheckConstraint(condition=Q(("care_team", ""), _negated=True) & Q(("statement", ""), _negated=True), name="a_dispute_names_who_cares"),
                    models.CheckConstraint(
                        condition=Q(("state", "ruled"), _negated=True) | (Q(("to_team", ""), _negated=True) & Q(("reason", ""), _negated=True)),
                        name="a_ruling_names_whose_it_is_and_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Precedent",
            fields=[
                ("dispute", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to="triage.dispute")),
                ("matter_id", models.UUIDField()),
                ("at", models.DateTimeField(db_default=NOW())),
                ("level", models.CharField(max_length=10)),
                ("ground", models.CharField(max_length=30)),
                ("stream", models.CharField(blank=True, max_length=30)),
                ("agency_kind", models.CharField(blank=True, max_length=30)),
                ("law", models.CharField(max_length=200)),
                ("principle", models.TextField()),
            ],
            options={"indexes": [models.Index(fields=["ground", "stream", "-at"], name="precedents_alike")]},
        ),
        VaultFunction(HELD + RULERS + MOVED + ACTS, SIGNATURES),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
    ]
