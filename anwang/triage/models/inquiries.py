"""Questions to the sources about the family of a report, and their answers."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from anwang.common.clock import ClockNow
from anwang.triage.models.matters import Matter


class Inquiry(models.Model):
    """Somebody's wish that the sources be asked now about the family of a report."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(
        Matter, on_delete=models.PROTECT, related_name="inquiries", db_index=False
    )
    by = models.UUIDField()
    role = models.CharField(max_length=40)
    purpose = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=ClockNow())
    began_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["at"], condition=Q(done_at=None), name="inquiries_waiting"),
            models.Index(fields=["matter", "-at"], name="inquiries_of_matter"),
        ]


class LookUp(models.Model):
    """One question of an inquiry to one source about one person, and its answer.

    `request` and `receipt` are the signed records of both. `told` is a copy of what the answer says,
    for the desk; it ends with the report. `kept_from` names the look-up whose answer is shown again.
    """

    class State(models.TextChoices):
        ASKING = "asking"
        VALUE = "value"
        NONE = "none"
        NOT_ASKED = "not-asked"
        LATE = "late"
        FAILED = "failed"
        WITHHELD = "withheld"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    inquiry = models.ForeignKey(
        Inquiry, on_delete=models.PROTECT, related_name="lookups", db_index=False
    )
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="+")
    source_id = models.CharField(max_length=40)
    person = models.UUIDField()
    state = models.CharField(max_length=10, choices=State, default=State.ASKING)
    why = models.CharField(max_length=30, default="", db_default="")
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)
    told = models.JSONField(default=list)
    delivery = models.UUIDField(null=True)
    kept_from = models.UUIDField(null=True)
    request = models.TextField(default="", db_default="")
    receipt = models.TextField(default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inquiry", "source_id", "person"], name="asked_once")
        ]
        indexes = [
            models.Index(fields=["person", "source_id", "-answered_at"], name="kept_answers")
        ]
