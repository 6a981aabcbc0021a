"""Notices to an office, attempts on what is absent, and which accounts are one human."""

import uuid

from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
create function access.notify(
    of_kind text, for_team text, for_account uuid, about_kind text, about uuid, with_detail jsonb
) returns uuid
    language sql volatile security definer set search_path = public, pg_temp
as $$
    insert into access_notice (id, kind, to_team, to_account, object_kind, object_id, detail)
    values (gen_random_uuid(), of_kind, for_team, for_account, about_kind, about, with_detail)
    returning id
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0003_relations_that_end")]
    operations = [
        migrations.AddField("account", "human", models.BinaryField(max_length=32, null=True, help_text="Token of the person's number: two accounts, one human.")),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, serialize=False)),
                ("at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("kind", models.CharField(max_length=40)),
                ("to_team", models.CharField(max_length=64, null=True)),
                ("to_account", models.UUIDField(null=True)),
                ("object_kind", models.CharField(max_length=20)),
                ("object_id", models.UUIDField(null=True)),
                ("detail", models.JSONField(default=dict)),
                ("seen_at", models.DateTimeField(null=True)),
                ("seen_by", models.UUIDField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["to_team", "seen_at"], name="notices_of_team"),
                    models.Index(fields=["to_account", "seen_at"], name="notices_of_account"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(to_team__isnull=False) | models.Q(to_account__isnull=False),
                        name="notice_has_a_reader",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("actor", models.UUIDField()),
                ("route", models.CharField(max_length=80)),
                ("named", models.CharField(max_length=64)),
            ],
        ),
        VaultFunction(
            FUNCTIONS,
            {"access.notify(text, text, uuid, text, uuid, jsonb)": ("app", "worker")},
        ),
    ]
