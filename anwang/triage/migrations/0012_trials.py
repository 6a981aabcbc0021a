"""Trials: back-tests, walks, shadows, switches, quality; and the counts of shadows for an office."""

import anwang.common.clock
import django.contrib.postgres.indexes
import django.db.models.deletion
import uuid
from django.db import migrations, models

from anwang.common.row_rules import VaultFunction



FUNCTION = """
-- Counties whose reports the actor may have counted: a desk's, a supervisor's, a manager's; of the
-- ministry's the nation, as 00000.
create function triage.counties_counted() returns text[]
    language plpgsql stable parallel restricted security definer set search_path = public, pg_temp
as $$
declare
    me uuid := access.actor();
begin
    return array(select coalesce(m.county, '00000') from access_membership m
        where m.account_id = me and m.role in ('desk', 'supervisor', 'county-manager', 'ministry')
          and (m.since <= clock_timestamp() or m.since <= clock.now())
          and (m.until is null or m.until > clock.now())
          and (m.holds_until is null or m.holds_until > clock.now()));
end
$$;

create function triage.shadow_counts(since timestamptz)
    returns table (county text, field text, compared bigint, differing bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    -- Counts over reports that the caller may not reach, so 1 to 4 of them are not told.
    with mine as (
        select o.county, o.fields from triage_shadowoutcome o
        where o.screened_at >= since
          and (coalesce(o.county, '00000') = any(triage.counties_counted())
               or '00000' = any(triage.counties_counted()))
    ),
    counted as (
        select m.county, named.field, count(*) as compared,
            count(*) filter (where case when named.field = 'any' then m.fields <> '[]'
                else m.fields ? named.field end) as differing
        from mine m cross join unnest(array['any', 'grade', 'grade_class', 'stream', 'agency_kind',
            'joint_with', 'passed_to', 'clocks']) named (field)
        group by m.county, named.field
    )
    select c.county, c.field,
        case when c.compared between 1 and 4 then null else c.compared end,
        case when c.differing between 1 and 4 or c.compared - c.differing between 1 and 4
             then null else c.differing end
    from counted c order by c.county nulls first, c.field <> 'any', c.field
$$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("triage", "0011_look_ups"),
    ]

    operations = [
        migrations.CreateModel(
            name='Backtest',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('asked_by', models.UUIDField()),
                ('asked_at', models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('cancelled', 'Cancelled'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('portions', models.PositiveIntegerField(default=0)),
                ('portions_done', models.PositiveIntegerField(default=0)),
                ('stop_asked', models.BooleanField(default=False)),
                ('alive_at', models.DateTimeField(help_text='When its worker last told.', null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('result', models.JSONField(null=True)),
                ('county', models.CharField(help_text="Whose reports; null: the nation's.", max_length=5, null=True)),
                ('label', models.CharField(max_length=200)),
                ('version_no', models.BigIntegerField(help_text='The policy version it was asked from.', null=True)),
                ('tried', models.JSONField()),
                ('since', models.DateField(null=True)),
                ('until', models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='BacktestDifference',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('fields', models.JSONField()),
                ('before', models.JSONField()),
                ('after', models.JSONField()),
                ('rows_before', models.JSONField(default=dict)),
                ('rows_after', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='FamilyWalk',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('asked_by', models.UUIDField()),
                ('asked_at', models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('cancelled', 'Cancelled'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('portions', models.PositiveIntegerField(default=0)),
                ('portions_done', models.PositiveIntegerField(default=0)),
                ('stop_asked', models.BooleanField(default=False)),
                ('alive_at', models.DateTimeField(help_text='When its worker last told.', null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('result', models.JSONField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='QualityFigures',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('county', models.CharField(max_length=5, null=True)),
                ('since', models.DateField()),
                ('until', models.DateField()),
                ('counted_at', models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ('result', models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name='ShadowOutcome',
            fields=[
                ('screening', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='shadow', serialize=False, to='triage.screening')),
                ('county', models.CharField(max_length=5, null=True)),
                ('screened_at', models.DateTimeField()),
                ('shadowed_at', models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ('versions', models.JSONField(help_text='Policy id -> version tried, as of then.')),
                ('fields', models.JSONField(help_text='Fields that differ; empty where both agree.')),
                ('before', models.JSONField()),
                ('after', models.JSONField()),
                ('rows_after', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='StepSwitch',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('step', models.CharField(max_length=30)),
                ('county', models.CharField(help_text='Null: everywhere.', max_length=5, null=True)),
                ('runs', models.BooleanField()),
                ('reason', models.TextField(blank=True)),
                ('by', models.UUIDField()),
                ('at', models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
            ],
        ),
        migrations.AddIndex(
            model_name='screening',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['at'], name='screenings_by_time'),
        ),
        migrations.AddIndex(
            model_name='backtest',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['asked_at'], name='backtests_to_do'),
        ),
        migrations.AddIndex(
            model_name='backtest',
            index=models.Index(fields=['version_no', '-asked_at'], name='backtests_of_version'),
        ),
        migrations.AddConstraint(
            model_name='backtest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('result__isnull', False), _connector='OR'), name='a_done_test_has_a_result'),
        ),
        migrations.AddField(
            model_name='backtestdifference',
            name='matter',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='triage.matter'),
        ),
        migrations.AddField(
            model_name='backtestdifference',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='differences', to='triage.backtest'),
        ),
        migrations.AddField(
            model_name='familywalk',
            name='matter',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='walks', to='triage.matter'),
        ),
        migrations.AddIndex(
            model_name='qualityfigures',
            index=models.Index(fields=['county', '-counted_at'], name='figures_by_county'),
        ),
        migrations.AddField(
            model_name='shadowoutcome',
            name='matter',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='triage.matter'),
        ),
        migrations.AddIndex(
            model_name='stepswitch',
            index=models.Index(fields=['step', 'county', '-at'], name='switches_by_step'),
        ),
        migrations.AddConstraint(
            model_name='stepswitch',
            constraint=models.CheckConstraint(condition=models.Q(('runs', False), models.Q(('reason', ''), _negated=True), _connector='OR'), name='letting_it_run_needs_a_reason'),
        ),
        migrations.AddIndex(
            model_name='backtestdifference',
            index=models.Index(fields=['run', 'id'], name='differences_of_run'),
        ),
        migrations.AddIndex(
            model_name='familywalk',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['asked_at'], name='walks_to_do'),
        ),
        migrations.AddIndex(
            model_name='familywalk',
            index=models.Index(fields=['matter', '-asked_at'], name='walks_of_matter'),
        ),
        migrations.AddConstraint(
            model_name='familywalk',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('result__isnull', False), _connector='OR'), name='a_done_walk_has_a_result'),
        ),
        migrations.AddIndex(
            model_name='shadowoutcome',
            index=models.Index(fields=['-screened_at'], name='shadows_by_time'),
        ),
        VaultFunction(FUNCTION, {
            "triage.counties_counted()": ("app", "worker", "vault"),
            "triage.shadow_counts(timestamptz)": ("app", "worker"),
        }),
    ]
