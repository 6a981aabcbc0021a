"""Second looks by another human, and no end of a report behind their back.

Who looks is held here: the one who acts, at the report's desk, and no account of the human who asked.
A report whose last screening wants a second look is not ended without one that was agreed for just this
decision, whoever writes it in the application's name.
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
create function triage.may_look_again(of_look uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp
as $$
    select exists (select from triage_secondlook l join triage_matter m on m.report_id = l.matter_id
        where l.id = of_look and l.verdict = '' and m.desk_team = any(array(select access.my_teams()))
          and m.report_id <> all(array(select access.closed_to_me()))
          and access.actor() not in (select access.accounts_of_human(l.asked_by))
          and not ((select kind from clock.instance) = 'production' and exists (
              select from access_account a where a.id in (access.actor(), l.asked_by)
                and a.human is null)))
$$;

create function triage.second_look_stays() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        if new.verdict <> '' then raise exception 'second-look: answered-before-it-was-asked'; end if;
        return new;
    end if;
    if old.verdict <> '' or (new.id, new.matter_id, new.kind, new.wanted, new.reason, new.reasons,
            new.seen, new.asked_by, new.asked_at)
        is distinct from (old.id, old.matter_id, old.kind, old.wanted, old.reason, old.reasons,
            old.seen, old.asked_by, old.asked_at)
       or (old.decision_id is not null and new.decision_id is distinct from old.decision_id) then
        raise exception 'second-look: kept-for-ever';
    end if;
    if new.verdict = '' then raise exception 'second-look: no-answer'; end if;
    if access.actor_kind() is distinct from 'program' then
        if new.looked_by is distinct from access.actor() then
            raise exception 'second-look: in-anothers-name';
        end if;
        if new.verdict in ('agreed', 'declined') and not triage.may_look_again(old.id) then
            raise exception 'second-look: same-human';
        end if;
    elsif new.verdict <> 'lapsed' then
        raise exception 'second-look: a-person-looks';
    end if;
    return new;
end
$$;

create function triage.closing_was_looked_at() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if exists (
        select from (select proposal from triage_screening where matter_id = new.report_id
                     order by at desc limit 1) last
        where last.proposal -> 'tasks'
            ?| array['second-look', 'second-look-to-close', 'second-look-first']
    ) and not exists (
        select from triage_secondlook l
        where l.matter_id = new.report_id and l.kind = 'closing' and l.verdict = 'agreed'
          and l.decision_id = (select d.id from triage_decision d where d.matter_id = new.report_id
                               order by d.at desc limit 1)
    ) then
        raise exception 'a second person looks before this report is ended'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;
"""
TRIGGERS = """
create trigger second_look_stays before insert or update on triage_secondlook
    for each row execute function triage.second_look_stays();
create trigger closing_was_looked_at before update on triage_matter
    for each row when (current_user = 'anwang_app' and new.state in ('answered', 'error')
        and old.state is distinct from new.state)
    execute function triage.closing_was_looked_at();
"""
KINDS = [("closing", "CLOSING"), ("dispatch", "DISPATCH"), ("afterwards", "AFTERWARDS")]
VERDICTS = [("agreed", "Agreed"), ("declined", "Declined"), ("lapsed", "Lapsed")]


class Migration(migrations.Migration):
    dependencies = [("triage", "0021_late_duties")]
    operations = [
        migrations.CreateModel(
            name="SecondLook",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=KINDS, max_length=12)),
                ("wanted", models.JSONField(default=dict)),
                ("reason", models.TextField(blank=True)),
                ("reasons", models.JSONField(default=list, help_text="The rows of policy that want it.")),
                ("seen", models.DateTimeField()),
                ("asked_by", models.UUIDField()),
                ("asked_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("verdict", models.CharField(blank=True, choices=VERDICTS, default="", max_length=10)),
                ("looked_by", models.UUIDField(null=True)),
                ("looked_at", models.DateTimeField(null=True)),
                ("said", models.TextField(blank=True)),
                ("decision", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="second_looks", to="triage.decision")),
                ("matter", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="second_looks", to="triage.matter")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(("looked_at", None), ("looked_by", None), ("verdict", "")) | (~Q(verdict="") & Q(looked_at__isnull=False, looked_by__isnull=False)), name="a_second_look_is_open_or_answered"),
                    models.CheckConstraint(condition=~Q(verdict__in=["agreed", "declined"]) | ~Q(looked_by=F("asked_by")), name="a_second_look_is_anothers"),
                    models.CheckConstraint(condition=~Q(verdict="declined") | ~Q(said=""), name="declining_needs_a_reason"),
                    models.CheckConstraint(condition=~Q(verdict="agreed") | Q(decision__isnull=False), name="what_was_agreed_was_decided"),
                    models.UniqueConstraint(condition=Q(verdict=""), fields=("matter",), name="one_open_second_look"),
                ],
            },
        ),
        VaultFunction(FUNCTIONS, {
            "triage.may_look_again(uuid)": ("app", "worker"),
            "triage.second_look_stays()": (),
            "triage.closing_was_looked_at()": (),
        }),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
    ]
