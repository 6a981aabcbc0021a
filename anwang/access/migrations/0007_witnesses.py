"""Signed checkpoints, the witnesses that saw them, and tombstones of what a law deletes (D3)."""

from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import RowRules, VaultFunction

# One subquery: asked once a statement, not once a row.
READS_THE_LOG = (
    "(select access.i_am('auditor') or access.i_am('privacy-officer')"
    " or access.i_am('security-officer'))"
)
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
STATE = ("access_cosignature", "access_witness", "access_verification", "access_tombstone")


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
        RowRules(
            "access_tombstone",
            {
                "app": {"select": READS_THE_LOG},
                "worker": {"select": "true"},
                "auditor": {"select": "true"},
                "vault": {"select": "true", "insert": "true"},
            },
        ),
        RowRules(
            "access_witness",
            {
                "app": {"select": READS_THE_LOG},
                "worker": {"select": "true", "insert": "true", "update": "true"},
                "auditor": {"select": "true"},
            },
        ),
        *[
            RowRules(
                table,
                {
                    "app": {"select": READS_THE_LOG},
                    "worker": {"select": "true", "insert": "true"},
                    "auditor": {"select": "true"},
                },
            )
            for table in ("access_cosignature", "access_verification")
        ],
        migrations.RunSQL(
            "\n".join(
                [
                    "grant usage on sequence access_cosignature_id_seq, access_verification_id_seq"
                    " to anwang_worker;",
                    # Only what bury_entry does; the vault's role signs in nowhere.
                    "grant select, delete on access_auditentry to anwang_vault;",
                    "create policy vault_select on access_auditentry for select to anwang_vault"
                    " using (true);",
                    "create policy vault_delete on access_auditentry for delete to anwang_vault"
                    " using (exists (select from access_tombstone t join access_auditleaf l"
                    " on l.position = t.position where l.entry_no = access_auditentry.no"
                    " and l.entry_id = access_auditentry.id));",
                    "grant select on access_auditleaf to anwang_vault;",
                    "create policy vault_select on access_auditleaf for select to anwang_vault"
                    " using (true);",
                    *[
                        f"drop policy app_select on {table};"
                        f"create policy app_select on {table} for select to anwang_app"
                        f" using ({READS_THE_LOG});"
                        for table in ("access_auditleaf", "access_auditcheckpoint")
                    ],
                    # Not even an auditor sees who handled the case that is closed to him.
                    "drop policy app_select on access_auditentry;",
                    "create policy app_select on access_auditentry for select to anwang_app"
                    f" using ({READS_THE_LOG} and not object_ids &&"
                    " array(select closed::text from access.closed_to_me() closed));",
                    "create index audit_entries_of_object on access_auditentry"
                    " using gin (object_ids);",
                ]
            ),
            reverse_sql=migrations.RunSQL.noop,
        ),
        VaultFunction(BURY, {"access.bury_entry(bigint, text, uuid, text)": ("app",)}),
    ]
