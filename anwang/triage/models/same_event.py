"""*Same event?* between two reports: what is compared of each, and what people answered."""

from __future__ import annotations

import uuid

from django.db import models

from anwang.common.clock import ClockNow
from anwang.triage.models.matters import Matter


class SameEventJudgement(models.Model):
    """A person's answer to *same event?* between two reports; the latest one holds, all are kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="same_event_answers")
    earlier = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="later_same_events")
    same = models.BooleanField(null=True, help_text="Null: an earlier answer is taken back.")
    by = models.UUIDField()
    at = models.DateTimeField(db_default=ClockNow())
    reason = models.TextField(blank=True)


class ReportTrace(models.Model):
    """What *same event?* compares of a report, and the keys that find it."""

    matter = models.OneToOneField(Matter, on_delete=models.PROTECT, primary_key=True)
    received_at = models.DateTimeField()
    digest = models.JSONField()


class TraceKey(models.Model):
    """A key that two reports on one event are likely to share."""

    pk = models.CompositePrimaryKey("key", "matter_id")
    key = models.BigIntegerField()
    matter_id = models.UUIDField()
