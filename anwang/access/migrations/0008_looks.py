"""Rules of what a person sees of who looked, and the adults who are safe for a child (D4, R13)."""

import uuid

from django.db import migrations, models

import anwang.common.clock

ENDS = models.Q(until__isnull=True) | models.Q(until__gte=models.F("since"))


class Migration(migrations.Migration):
    dependencies = [("access", "0007_sessions_and_guesses")]
    operations = [
        migrations.CreateModel(
            name="LookRule",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20, help_text="act, role-in-report, office-role, ...")),
                ("value", models.CharField(max_length=40)),
                ("treatment", models.CharField(max_length=10, help_text="shown, withheld or delayed")),
                ("days", models.PositiveSmallIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["kind", "value"], name="one_treatment_a_look"),
                    models.CheckConstraint(
                        condition=models.Q(treatment="delayed", days__gt=0)
                        | (~models.Q(treatment="delayed") & models.Q(days__isnull=True)),
                        name="a_delay_has_an_end",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SafeAdult",
            fields=[
                ("id", models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, serialize=False)),
                ("child", models.BinaryField(max_length=32)),
                ("adult", models.BinaryField(max_length=32)),
                ("ground", models.CharField(max_length=40)),
                ("judged_by", models.UUIDField()),
                ("since", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=ENDS, name="safe_adult_ends_after_it_begins"),
                    models.CheckConstraint(
                        condition=~models.Q(child=models.F("adult")), name="nobody_is_his_own_safe_adult"
                    ),
                ],
                "indexes": [models.Index(fields=["child"], name="safe_adults_of_child")],
            },
        ),
        migrations.RunSQL(
            "create index audit_entries_of_objects on access_auditentry using gin (object_ids);",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
