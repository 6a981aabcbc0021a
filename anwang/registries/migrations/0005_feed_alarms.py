"""What a delivery's columns held, and alarms about feeds."""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import anwang.common.clock


class Migration(migrations.Migration):
    dependencies = [("registries", "0004_retries")]
    operations = [
        migrations.AddField(
            "delivery", "profile",
            models.JSONField(help_text="What its columns held, as counts.", null=True),
        ),
        migrations.CreateModel(
            name="FeedAlarm",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True,
                                        serialize=False)),
                ("kind", models.CharField(choices=[
                    ("late", "Late"), ("shrunk", "Shrunk"), ("doubled", "Doubled"),
                    ("drifting", "Drifting"), ("held", "Held"), ("failed", "Failed")],
                    max_length=10)),
                ("detail", models.JSONField(default=dict)),
                ("since", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("until", models.DateTimeField(null=True)),
                ("delivery", models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.PROTECT,
                    to="registries.delivery")),
                ("source", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="alarms",
                    to="registries.source")),
            ],
            options={
                "indexes": [models.Index(fields=["source", "-since"], name="alarms_of_source")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(("until", None)), fields=("source", "kind"),
                        name="one_open_alarm_a_kind"),
                    models.CheckConstraint(
                        condition=Q(("until__isnull", True), ("until__gte", F("since")),
                                    _connector="OR"),
                        name="feed_alarm_ends_after_it_begins"),
                ],
            },
        ),
    ]  # fmt: skip
