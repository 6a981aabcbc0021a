"""Findings across sources, told to who works with the person, and counted for everybody who asks."""

import uuid

from django.db import migrations, models
from django.db.models import Q

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
-- Both sides of findings, for who has a relation to the person and from whom she is not closed.
create function people.sides_of(wanted uuid[])
    returns table (finding uuid, side text, source_id text, record_key text, kind text, key text,
        value jsonb, valid_from date, valid_to date, told jsonb)
    language sql stable security definer set search_path = public, pg_temp
as $$
    with mine as (
        select f.* from people_finding f
        where f.id = any(wanted)
          and exists (select from access_relation r where r.object_id = f.person_id
              and r.until is null and r.team_id = any(access.teams()))
          and f.person_id <> all(array(select access.closed_to_me()))
    ), sides as (
        select id, 'left' as side, left_source as source_id, left_key as record_key,
            left_record as record_id, left_fact as fact_id from mine
        union all
        select id, 'right', right_source, right_key, right_record, right_fact from mine
    )
    select s.id, s.side, s.source_id, s.record_key, f.kind::text, f.key::text, f.value, f.valid_from,
        f.valid_to, jsonb_build_object('name', r.values -> 'name',
            'birth_date', r.values -> 'birth_date', 'sex', r.values -> 'sex')
    from sides s
    left join registries_fact f on f.id = s.fact_id and f.source_id = s.source_id
    left join registries_record r on r.id = s.record_id and r.source_id = s.source_id
    where not exists (select from access_seal x where x.object_id = s.record_id and x.until is null)
$$;

-- How many findings a rule has between two sources, in the nation: numbers by rule and source, without
-- person, place or day. Only for who holds one of FINDING_ROLES of permissions.py now.
create function people.finding_counts()
    returns table (rule text, left_source text, right_source text, open bigint, withdrawn bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select f.rule::text, f.left_source::text, f.right_source::text,
        count(*) filter (where f.until is null), count(*) filter (where f.until is not null)
    from people_finding f
    where exists (select from access.seats_of(access.actor()) s
        where s.role in ('desk', 'operator', 'team-worker', 'lead', 'supervisor'))
    group by 1, 2, 3
$$;
"""
SCHEMA = """
create schema if not exists people;
grant usage, create on schema people to anwang_vault;
grant usage on schema people to anwang_app, anwang_worker;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0006_judgements"),
        ("access", "0019_teams_asked_once"),
        ("registries", "0002_rules"),
    ]
    operations = [
        migrations.CreateModel(
            name="Comparison",
            fields=[
                ("delivery_id", models.UUIDField(primary_key=True, serialize=False)),
                ("asked_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("done_at", models.DateTimeField(null=True)),
                ("persons", models.PositiveIntegerField(default=0)),
                ("found", models.PositiveIntegerField(default=0)),
                ("withdrawn", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(condition=Q(("done_at", None)), fields=["asked_at"],
                                 name="comparisons_waiting")
                ],
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True,
                                        serialize=False)),
                ("rule", models.CharField(max_length=40)),
                ("person_id", models.UUIDField()),
                ("left_source", models.CharField(max_length=40)),
                ("left_key", models.CharField(max_length=100)),
                ("left_record", models.UUIDField()),
                ("left_fact", models.BigIntegerField(null=True)),
                ("right_source", models.CharField(max_length=40)),
                ("right_key", models.CharField(max_length=100)),
                ("right_record", models.UUIDField()),
                ("right_fact", models.BigIntegerField(null=True)),
                ("digest", models.CharField(max_length=32)),
                ("since", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["person_id"], name="findings_of_person"),
                    models.Index(condition=Q(("until", None)), fields=["rule", "since"],
                                 name="open_findings"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(("until", None)),
                        fields=("rule", "person_id", "left_source", "left_key", "right_source",
                                "right_key", "digest"),
                        name="one_open_finding_a_pair")
                ],
            },
        ),
        migrations.RunSQL(SCHEMA, reverse_sql=migrations.RunSQL.noop),
        VaultFunction(FUNCTIONS, {
            "people.sides_of(uuid[])": ("app",),
            "people.finding_counts()": ("app",),
        }),
    ]  # fmt: skip
