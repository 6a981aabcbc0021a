"""What is closed to an account, whatever its role: conflicts of interest (R5) and seals (R8)."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

import anwang.common.clock
from anwang.common.row_rules import VaultFunction

FUNCTIONS = """
create function access.closed_to_me() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$
    select object_id from access_conflict
    where account_id = access.actor() and since <= clock.now()
      and (until is null or until > clock.now())
    union
    select s.object_id from access_seal s
    where s.since <= clock.now() and (s.until is null or s.until > clock.now())
      and not exists (select from access_sealmember m
          where m.seal_id = s.id and m.account_id = access.actor() and m.since <= clock.now()
            and (m.until is null or m.until > clock.now()))
$$;

-- What the actor's broken glass opens now: nothing, until there is glass to break.
create function access.my_glass() returns setof uuid
    language sql stable security definer set search_path = public, pg_temp
as $$ select null::uuid where false $$;
"""
READERS = ("app", "door", "worker", "vault", "auditor")
ENDS = models.Q(until__isnull=True) | models.Q(until__gte=models.F("since"))


class Migration(migrations.Migration):
    dependencies = [("access", "0004_notices_and_attempts")]
    operations = [
        migrations.CreateModel(
            name="Conflict",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        primary_key=True, default=uuid.uuid4, editable=False, serialize=False
                    ),
                ),
                ("account_id", models.UUIDField()),
                (
                    "object_kind",
                    models.CharField(max_length=20, help_text="report, family, case or person"),
                ),
                ("object_id", models.UUIDField()),
                ("ground", models.CharField(max_length=40)),
                ("source", models.CharField(max_length=40, help_text="Where it is known from.")),
                ("since", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("until", models.DateTimeField(null=True)),
                ("declared_by", models.UUIDField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["object_id"], name="conflicts_on_object")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["account_id", "object_id", "ground", "source"],
                        condition=models.Q(until__isnull=True),
                        name="one_conflict_a_ground",
                    ),
                    models.CheckConstraint(condition=ENDS, name="conflict_ends_after_it_begins"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        primary_key=True, default=uuid.uuid4, editable=False, serialize=False
                    ),
                ),
                (
                    "object_kind",
                    models.CharField(max_length=20, help_text="report, family, case, person or record"),
                ),
                ("object_id", models.UUIDField()),
                ("ground", models.CharField(max_length=40)),
                ("since", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["object_id"],
                        condition=models.Q(until__isnull=True),
                        name="one_seal_an_object",
                    ),
                    models.CheckConstraint(condition=ENDS, name="seal_ends_after_it_begins"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SealMember",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        primary_key=True, default=uuid.uuid4, editable=False, serialize=False
                    ),
                ),
                (
                    "seal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="access.seal",
                    ),
                ),
                ("account_id", models.UUIDField()),
                ("since", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["account_id", "seal"],
                        condition=models.Q(until__isnull=True),
                        name="named_once_in_a_seal",
                    ),
                    models.CheckConstraint(condition=ENDS, name="seal_member_ends_after_it_begins"),
                ],
            },
        ),
        # Nobody reads a conflict through the application: whose it is must not learn that there is
        # something to be in conflict with.
        VaultFunction(FUNCTIONS, {"access.closed_to_me()": READERS, "access.my_glass()": READERS}),
    ]
