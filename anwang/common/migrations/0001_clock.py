"""The instance and its one clock (decisions 1, 5 and 10)."""

from django.db import migrations

SCHEMAS = """
create extension if not exists btree_gist;
create schema if not exists clock;
create schema if not exists access;
create schema if not exists vault;
create schema if not exists intake;
create schema if not exists triage;
revoke create on schema public from public;
grant usage on schema public, clock, access, intake
    to anwang_app, anwang_door, anwang_worker, anwang_vault, anwang_auditor;
grant usage on schema triage, vault to anwang_vault;
grant create on schema clock, access, vault, intake, triage to anwang_vault;
"""

INSTANCE = """
create table clock.instance (
    only_one boolean primary key default true check (only_one),
    kind text not null check (kind in ('demo', 'test', 'production')),
    ahead interval not null default interval '0',
    named uuid not null default gen_random_uuid(),
    check (kind <> 'production' or ahead = interval '0')
);
comment on table clock.instance is 'open: says what kind of instance this is; no personal data';
grant select on clock.instance to anwang_app, anwang_door, anwang_worker, anwang_vault, anwang_auditor;
"""

NOW = """
create function clock.now() returns timestamptz
    language sql volatile parallel safe
    set search_path = pg_catalog
as $$
    select case when instance.kind in ('demo', 'test')
        then clock_timestamp() + instance.ahead
             + coalesce(nullif(current_setting('clock.ahead', true), '')::interval, interval '0')
        else clock_timestamp() end
    from (select 1) as always
    left join clock.instance on true
$$;
comment on function clock.now() is
    'The one clock. Real time, unless the owner-only instance row says demo or test: then an offset '
    'applies, of the instance and of the session (a demo year runs in its filler''s session alone).';
grant execute on function clock.now()
    to anwang_app, anwang_door, anwang_worker, anwang_vault, anwang_auditor;
"""


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.RunSQL(SCHEMAS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(INSTANCE, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(NOW, reverse_sql=migrations.RunSQL.noop),
    ]
