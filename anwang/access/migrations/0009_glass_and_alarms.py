"""Broken glass, alarms about odd access, and what becomes of an attempt."""

import uuid

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import F, Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

# While the database's own clock lets it, and never what a conflict or a seal closes (G1, G4).
MY_GLASS = """
create or replace function access.my_glass() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select unnest(g.object_ids) from access_glass g
    where g.account_id = access.actor() and g.opened_at <= clock.now() and clock.now() < g.ends_at
      and (g.ended_at is null or clock.now() < g.ended_at)
      and not g.object_ids && array(select access.closed_to_me())
$$;
"""
uuid_key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("access", "0008_looks")]
    operations = [
        migrations.AddField("attempt", "resolved_at", models.DateTimeField(null=True)),
        migrations.AddField("conflict", "reason", models.TextField(blank=True, db_default="")),
        migrations.AddField("conflict", "ended_by", models.UUIDField(null=True)),
        migrations.AddField("conflict", "ended_reason", models.TextField(blank=True, db_default="")),
        migrations.AddIndex(
            "attempt",
            models.Index(fields=["id"], name="unresolved_attempts", condition=Q(resolved_at__isnull=True)),
        ),
        migrations.CreateModel(
            name="Glass",
            fields=[
                ("id", uuid_key),
                ("account_id", models.UUIDField()),
                ("team_id", models.CharField(max_length=64, help_text="The office of the account.")),
                ("object_kind", models.CharField(max_length=20, help_text="report or family")),
                ("object_id", models.UUIDField()),
                ("object_ids", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), help_text="The rows that it opens.", size=None)),
                ("fields", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ("reason", models.TextField()),
                ("opened_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("review_team", models.CharField(max_length=64)),
                ("review_level", models.PositiveSmallIntegerField(default=0)),
                ("review_due_at", models.DateTimeField()),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("reviewed_by", models.UUIDField(null=True)),
                ("verdict", models.CharField(blank=True, default="", max_length=20)),
                ("verdict_text", models.TextField(blank=True, default="")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(ends_at__gt=F("opened_at")), name="glass_ends_after_it_breaks"),
                    models.CheckConstraint(condition=Q(verdict__in=["", "justified", "not-justified", "unclear"]), name="glass_has_a_known_verdict"),
                    models.CheckConstraint(condition=Q(reviewed_at__isnull=True) | ~Q(verdict=""), name="a_review_has_a_verdict"),
                    models.CheckConstraint(condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("account_id")), name="nobody_reviews_his_own_glass"),
                ],
                "indexes": [
                    models.Index(fields=["account_id", "ends_at"], name="glass_of_account"),
                    models.Index(condition=Q(reviewed_at__isnull=True), fields=["review_team", "review_due_at"], name="glass_to_review"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Alarm",
            fields=[
                ("id", uuid_key.clone()),
                ("at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("rule", models.CharField(max_length=40)),
                ("account_id", models.UUIDField()),
                ("team_id", models.CharField(max_length=64)),
                ("day", models.DateField(help_text="One alarm a rule, account, object and day.")),
                ("object_kind", models.CharField(blank=True, default="", max_length=20)),
                ("object_id", models.UUIDField(null=True)),
                ("counted", models.PositiveIntegerField(default=1)),
                ("review_team", models.CharField(max_length=64)),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("reviewed_by", models.UUIDField(null=True)),
                ("verdict", models.CharField(blank=True, default="", max_length=20)),
                ("verdict_text", models.TextField(blank=True, default="")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["rule", "account_id", "day", "object_id"], name="one_alarm_a_day", nulls_distinct=False),
                    models.CheckConstraint(condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("account_id")), name="nobody_reviews_his_own_alarm"),
                ],
                "indexes": [
                    models.Index(condition=Q(reviewed_at__isnull=True), fields=["review_team", "-at"], name="alarms_to_review"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AlarmMark",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, default=1, serialize=False)),
                ("until_no", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RunSQL(
            "alter table access_glass add constraint glass_lasts_an_hour"
            " check (ends_at <= opened_at + interval '60 minutes');"
            "alter table access_glass add constraint glass_has_a_reason"
            " check (length(btrim(reason)) >= 20);"
            "create index notices_by_time_team on access_notice (to_team, at desc, id desc);"
            "create index notices_by_time_account on access_notice (to_account, at desc, id desc);",
            reverse_sql=migrations.RunSQL.noop,
        ),
        VaultFunction(
            MY_GLASS, {"access.my_glass()": ("app", "door", "worker", "vault", "auditor")}
        ),
    ]  # fmt: skip
