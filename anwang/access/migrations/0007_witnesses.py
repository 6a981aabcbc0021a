"""Signed checkpoints, the witnesses that saw them, and tombstones of what a law deletes (D3)."""

from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

# Two persons agreed on the request; the one who asked carries it out. The hash stays in the tree.
BURY = """
create function access.bury_entry(at_position bigint, for_ground text, of_request uuid, stone text)
    returns bytea
    language plpgsql volatile security definer set search_path = public, pg_temp
as $$
declare
    leaf access_auditleaf;
begin
    select * into strict leaf from access_auditleaf where position = at_position;
    perform access.two_use(of_request, 'bury-entry', leaf.entry_id);
    insert into access_tombstone (position, leaf_sha256, ground, request, buried_at, signed)
    values (leaf.position, leaf.leaf_sha256, for_ground, of_request, clock.now(), stone);
    delete from access_auditentry
    where no = leaf.entry_no and at = leaf.entry_at and id = leaf.entry_id;
    if not found then raise exception 'no such entry'; end if;
    return leaf.leaf_sha256;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0006_two_persons"),
    ]
    operations = [
        migrations.AddField(
            "AuditCheckpoint",
            "signed",
            models.TextField(
                default="", db_default="", help_text="The checkpoint as signed note."
            ),
        ),
        migrations.CreateModel(
            name="Tombstone",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("leaf_sha256", models.BinaryField(max_length=32)),
                ("ground", models.CharField(max_length=40)),
                ("request", models.UUIDField(help_text="The request that two persons agreed on.")),
                ("buried_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("signed", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Witness",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("address", models.CharField(max_length=200)),
                ("held_size", models.BigIntegerField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("trouble", models.CharField(max_length=20, default="", db_default="")),
                ("trouble_since", models.DateTimeField(null=True)),
                ("told_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("witness", models.CharField(max_length=100)),
                ("size", models.BigIntegerField()),
                ("seen_at", models.DateTimeField(
                    help_text="The witness's own clock; part of what it signed.")),
                ("line", models.TextField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["witness", "size"], name="one_cosignature_a_size"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("entries", models.BigIntegerField()),
                ("ok", models.BooleanField()),
                ("first_bad", models.BigIntegerField(null=True)),
                ("last_bad", models.BigIntegerField(null=True)),
                ("why", models.CharField(max_length=20)),
                ("tombstones", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RunSQL(
            "create index audit_entries_of_object on access_auditentry using gin (object_ids);",
            reverse_sql=migrations.RunSQL.noop,
        ),
        VaultFunction(BURY, {"access.bury_entry(bigint, text, uuid, text)": ("app",)}),
    ]
