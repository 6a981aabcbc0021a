"""What local systems are told: deliveries of ours by number, and what each was told last."""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import anwang.common.clock


class Migration(migrations.Migration):
    dependencies = [("registries", "0007_index_newest_deliveries")]
    operations = [
        migrations.CreateModel(
            name="Outgoing",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True,
                                        serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("made_at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("upto", models.DateTimeField(
                    help_text="High-water mark: changes until then are in it.")),
                ("rows", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("sealed_body", models.BinaryField(null=True)),
                ("tries", models.PositiveIntegerField(db_default=0, default=0)),
                ("tried_at", models.DateTimeField(null=True)),
                ("trouble", models.CharField(db_default="", default="", max_length=30)),
                ("sent_at", models.DateTimeField(null=True)),
                ("source", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="outgoing",
                    to="registries.source")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "number"), name="one_outgoing_a_number"),
                    models.UniqueConstraint(
                        fields=("source",), condition=Q(sent_at=None),
                        name="one_waiting_outgoing_a_system"),
                    models.CheckConstraint(
                        condition=Q(sent_at__isnull=True, sealed_body__isnull=False)
                        | Q(sent_at__isnull=False, sealed_body__isnull=True),
                        name="what_was_sent_is_not_kept"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutgoingRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.UUIDField()),
                ("digest", models.BigIntegerField()),
                ("source", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="outgoing_rows",
                    to="registries.source")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "key"), name="told_last_once_a_report"),
                ],
            },
        ),
    ]  # fmt: skip
