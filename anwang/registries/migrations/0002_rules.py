"""Records and facts, partitioned by source (decision 23), and who may read them (decision 6)."""

from django.db import migrations


TABLES = """
create table registries_record (
    id uuid not null,
    source_id text not null,
    record_key text not null,
    delivery_id uuid not null,
    values jsonb not null,
    id_cipher bytea,
    withdrawn boolean not null default false,
    primary key (id, source_id)
) partition by list (source_id);
create index records_by_key on registries_record (source_id, record_key);
create table registries_record_other partition of registries_record default;

create table registries_fact (
    id bigint generated always as identity,
    source_id text not null,
    record_id uuid not null,
    delivery_id uuid not null,
    kind text not null,
    key text,
    value jsonb not null,
    valid_from date,
    valid_to date,
    primary key (id, source_id)
) partition by list (source_id);
create index facts_of_record on registries_fact (record_id);
create index facts_by_key on registries_fact (key, kind) where key is not null;
create table registries_fact_other partition of registries_fact default;
"""


class Migration(migrations.Migration):
    dependencies = [("registries", "0001_initial"), ("access", "0002_rules")]
    operations = [
        migrations.RunSQL(TABLES, reverse_sql=migrations.RunSQL.noop),
    ]
