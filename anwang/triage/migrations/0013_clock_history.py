"""The proof log of clocks, their warnings and pauses.

The database itself writes what happened to a clock, so that no path can act on one and leave no
trace, and none can change what was written (S9). A pause is given by functions that look who asks.
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

HISTORY = """
create function triage.note_clock() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    happened text[];
    why text := '';
    one text;
begin
    if tg_op = 'INSERT' then
        happened := array['started'];
    elsif new.state = 'paused' and old.state <> 'paused' then
        happened := array['paused'];
        why := new.pause_reason;
    elsif new.state = 'met' and old.state <> 'met' then
        happened := array['met'];
    elsif new.state = 'dropped' and old.state <> 'dropped' then
        happened := array['dropped'];
    elsif new.state = 'missed' then
        if old.state <> 'missed' then
            happened := array['missed'];
        end if;
        if new.stopped_at is not null and old.stopped_at is null then
            happened := happened || 'done-late'::text;
        end if;
    elsif new.state = 'running' and old.state = 'paused' then
        happened := array['resumed'];
        why := old.pause_reason;
    elsif new.state = 'running' and (old.state <> 'running' or old.stopped_at is not null) then
        happened := array['reopened'];
    elsif new.warned > old.warned then
        happened := array['warned'];
    elsif new.due_at <> old.due_at or new.started_at <> old.started_at then
        happened := array['moved'];
    end if;
    foreach one in array coalesce(happened, '{}') loop
        insert into triage_clockevent (clock_id, matter_id, what, at, due_at, reason, by, proof)
        values (new.id, new.matter_id, one, clock.now(), new.due_at, why, access.actor(),
            case when one in ('met', 'done-late', 'dropped') then new.proof end);
    end loop;
    return null;
end
$$;

create function triage.history_stays() returns trigger
    language plpgsql set search_path = pg_catalog
as $$
begin
    raise exception 'what happened to a clock is neither changed nor deleted'
        using errcode = 'insufficient_privilege';
end
$$;
"""
# A clock stands still only while there is time left, for a while, and by who answers for it. The
# reason itself, and who may give it, is looked up in the policy by the caller.
PAUSES = """
create function triage.pause_clock(which uuid, why text, until_at timestamptz) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    paused triage_clock;
    now timestamptz := clock.now();
begin
    select k.* into paused from triage_clock k join triage_matter m on m.report_id = k.matter_id
    where k.id = which and triage.reaches(k.matter_id)
      and (access.actor_kind() = 'program'
           or m.accountable_team = any(array(select access.my_teams())))
    for update of m, k;
    if not found then
        raise exception 'no such clock' using errcode = 'no_data_found';
    end if;
    if paused.state <> 'running' or paused.stopped_at is not null or paused.due_at <= now then
        raise exception 'clock: not-running';
    end if;
    if until_at <= now or until_at > now + interval '31 days' or why = '' then
        raise exception 'clock: no-such-pause';
    end if;
    update triage_clock set state = 'paused', paused_at = now, paused_until = until_at,
        pause_reason = why where id = which;
end
$$;

-- The new due instant is counted by the caller (holidays move it); here is held that a pause gives
-- no more time than it lasted, but for days of rest at its end.
create function triage.resume_clock(which uuid, new_due timestamptz, days integer, next_warn timestamptz)
    returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    paused triage_clock;
    now timestamptz := clock.now();
begin
    select k.* into paused from triage_clock k join triage_matter m on m.report_id = k.matter_id
    where k.id = which and triage.reaches(k.matter_id)
      and (access.actor_kind() = 'program'
           or m.accountable_team = any(array(select access.my_teams())))
    for update of m, k;
    if not found then
        raise exception 'no such clock' using errcode = 'no_data_found';
    end if;
    if paused.state <> 'paused' then
        raise exception 'clock: not-paused';
    end if;
    if new_due < paused.due_at or days < 0
       or new_due > paused.due_at + greatest(now - paused.paused_at, interval '0') + interval '16 days'
    then
        raise exception 'clock: a pause gives no more time than it lasted';
    end if;
    update triage_clock set state = 'running', due_at = new_due, paused_days = paused_days + days,
        warn_at = next_warn, paused_at = null, paused_until = null, pause_reason = ''
    where id = which;
end
$$;

-- The next round of a cycle: only of a clock that is over, and from now on.
create function triage.begin_again(which uuid, new_due timestamptz, next_warn timestamptz) returns void
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    now timestamptz := clock.now();
begin
    perform from triage_clock k join triage_matter m on m.report_id = k.matter_id
    where k.id = which and k.state in ('met', 'missed') and k.stopped_at is not null
      and triage.reaches(k.matter_id)
      and (access.actor_kind() = 'program'
           or m.accountable_team = any(array(select access.my_teams())))
    for update of m, k;
    if not found or new_due <= now then
        raise exception 'no such clock' using errcode = 'no_data_found';
    end if;
    update triage_clock set state = 'running', started_at = now, due_at = new_due, stopped_at = null,
        proof = null, warned = 0, warn_at = next_warn, paused_days = 0, paused_at = null,
        paused_until = null, pause_reason = ''
    where id = which;
end
$$;

-- When no other clock runs, the review clock does, from now on (decision 19). An account may start it
-- anew without being able to move any other clock.
create function triage.review_from_now(of_matter uuid, days integer) returns timestamptz
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    now timestamptz := clock.now();
    due timestamptz := now + make_interval(days => days);
begin
    perform from triage_matter where report_id = of_matter and triage.reaches(of_matter) for update;
    if not found or days not between 1 and 31 or exists (
        select from triage_clock where matter_id = of_matter and definition_id <> 'review-30d'
            and state in ('running', 'missed') and stopped_at is null)
    then
        raise exception 'no such report, or another clock runs' using errcode = 'no_data_found';
    end if;
    insert into triage_clock (id, matter_id, definition_id, legal, started_at, due_at, state)
    values (gen_random_uuid(), of_matter, 'review-30d', false, now, due, 'running')
    on conflict (matter_id, definition_id) do update
        set state = 'running', started_at = excluded.started_at, due_at = excluded.due_at,
            stopped_at = null, proof = null, warned = 0, warn_at = null;
    return due;
end
$$;
"""
SIGNATURES = {
    "triage.note_clock()": (),
    "triage.history_stays()": (),
    "triage.pause_clock(uuid, text, timestamptz)": ("app", "worker"),
    "triage.resume_clock(uuid, timestamptz, integer, timestamptz)": ("app", "worker"),
    "triage.begin_again(uuid, timestamptz, timestamptz)": ("app", "worker"),
    "triage.review_from_now(uuid, integer)": ("app", "worker"),
}
TRIGGERS = """
create trigger note_clock after insert or update on triage_clock
    for each row execute function triage.note_clock();
create trigger history_stays before update or delete or truncate on triage_clockevent
    for each statement execute function triage.history_stays();
"""
uuid_key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, serialize=False)
instant = models.DateTimeField(db_default=anwang.common.clock.ClockNow())
WHATS = ["started", "warned", "paused", "resumed", "moved", "met", "missed", "done-late", "dropped", "reopened"]


class Migration(migrations.Migration):
    dependencies = [
        ("triage", "0012_trials"),
        ("access", "0022_sessions_begin_vouched"),
    ]
    operations = [
        migrations.AlterField("clock", "state", models.CharField(max_length=10, default="running", choices=[
            ("running", "Running"), ("paused", "Paused"), ("met", "Met"), ("missed", "Missed"), ("dropped", "Dropped"),
        ])),
        migrations.AddField("clock", "warn_at", models.DateTimeField(null=True, help_text="When its owner is to be warned next.")),
        migrations.AddField("clock", "warned", models.PositiveSmallIntegerField(default=0, db_default=0)),
        migrations.AddField("clock", "paused_at", models.DateTimeField(null=True)),
        migrations.AddField("clock", "paused_until", models.DateTimeField(null=True, help_text="When it runs on by itself.")),
        migrations.AddField("clock", "pause_reason", models.CharField(max_length=40, blank=True, default="", db_default="")),
        migrations.AddField("clock", "paused_days", models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Days that it stood still, which its term is longer by.")),
        migrations.AddIndex("clock", models.Index(fields=["due_at"], name="running_clocks", condition=Q(state="running"))),
        migrations.AddIndex("clock", models.Index(fields=["warn_at"], name="clocks_to_warn", condition=Q(state="running"))),
        migrations.AddIndex("clock", models.Index(fields=["paused_until"], name="paused_clocks", condition=Q(state="paused"))),
        migrations.AddConstraint("clock", models.CheckConstraint(
            condition=~Q(state="paused") | (Q(paused_at__isnull=False, paused_until__isnull=False) & ~Q(pause_reason="")),
            name="a_pause_has_a_reason_and_an_end",
        )),
        migrations.CreateModel(
            name="ClockEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("clock", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="events", to="triage.clock")),
                ("matter_id", models.UUIDField()),
                ("what", models.CharField(max_length=10, choices=[(one, one.replace("-", " ").title()) for one in WHATS])),
                ("at", instant),
                ("due_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=40, blank=True)),
                ("by", models.UUIDField(null=True, help_text="The account or program that acted.")),
                ("proof", models.UUIDField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["matter_id", "id"], name="clock_events_of_matter")]},
        ),
        migrations.CreateModel(
            name="Happening",
            fields=[
                ("id", uuid_key),
                ("matter", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="happenings", to="triage.matter")),
                ("event", models.CharField(max_length=40)),
                ("happened_at", models.DateTimeField()),
                ("noted_at", instant.clone()),
                ("by", models.UUIDField()),
            ],
        ),
        VaultFunction(HISTORY + PAUSES, SIGNATURES),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
    ]  # fmt: skip
