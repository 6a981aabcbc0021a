"""What a person should look at: records and persons whom the machine leaves to people."""

import uuid

import django.contrib.postgres.fields
from django.db import migrations, models

import anwang.common.clock


class Migration(migrations.Migration):
    dependencies = [("people", "0004_packed_columns")]
    operations = [
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("two-numbers", "Two Numbers"), ("one-number", "One Number"), ("merge", "Merge")], max_length=20)),
                ("matter", models.UUIDField(help_text="Made of kind and records: the same question is one row.", unique=True)),
                ("records", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ("persons", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ("reasons", models.JSONField(default=list)),
                ("margin", models.FloatField(help_text="Bits between the best and the next; small is doubtful.")),
                ("author", models.CharField(help_text="Model version.", max_length=64)),
                ("since", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("state", models.CharField(choices=[("open", "Open"), ("decided", "Decided"), ("gone", "Gone")], default="open", max_length=10)),
                ("until", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(condition=models.Q(("state", "open")), fields=["kind", "since"], name="open_reviews")],
            },
        ),
    ]
