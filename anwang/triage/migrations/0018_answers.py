"""Answers to instruments, one row each."""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import anwang.common.clock


class Migration(migrations.Migration):
    dependencies = [("triage", "0017_report_before_dispute")]
    operations = [
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("instrument", models.CharField(max_length=60)),
                ("version", models.CharField(max_length=40)),
                ("question", models.CharField(max_length=60)),
                ("value", models.JSONField(help_text="A code, several codes, or a text.", null=True)),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField(db_default=anwang.common.clock.ClockNow())),
                ("matter", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="answers", to="triage.matter")),
            ],
            options={
                "indexes": [models.Index(fields=["matter", "instrument", "at"], name="answers_of_matter")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("instrument", ""), _negated=True) & Q(("version", ""), _negated=True) & Q(("question", ""), _negated=True),
                        name="an_answer_names_its_question",
                    )
                ],
            },
        ),
    ]
