"""Reports as they came: kept as written, numbered by a receipt, never changed afterwards.

The reporter's identity and the body as delivered lie in the vault's schema, reachable only through
definer functions; they have no model here on purpose.
"""

from __future__ import annotations

import uuid

from django.db import models

from anwang.common.clock import ClockNow


class Report(models.Model):
    """One report. Written by `intake.deliver` alone; the application can neither add nor change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    receipt = models.CharField(max_length=11, unique=True)
    sender = models.CharField(max_length=64)
    sender_said = models.CharField(max_length=64, blank=True)
    report_id = models.CharField(max_length=64)
    digest = models.BinaryField(max_length=32)
    county = models.CharField(max_length=5, null=True)
    channel = models.CharField(max_length=20)
    received_at = models.DateTimeField()
    accepted_at = models.DateTimeField()
    clock_started_at = models.DateTimeField()
    historic = models.BooleanField(default=False)
    body = models.JSONField(help_text="The open copy: no reporter's identity, IDs as tokens.")
    marks = models.JSONField(default=list, help_text="What was odd, by code; shown to the desk.")
    author = models.UUIDField(null=True, help_text="The account that took or wrote it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "report_id"], name="one_report_a_delivery")
        ]
        indexes = [models.Index(fields=["author", "-accepted_at"], name="reports_of_author")]


class ReportAddition(models.Model):
    """Other content that came under a report's key: kept beside it and shown to the desk (V1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, related_name="additions", db_index=False
    )
    digest = models.BinaryField(max_length=32)
    body = models.JSONField()
    added_at = models.DateTimeField(db_default=ClockNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "digest"], name="one_addition_a_content")
        ]


class Attachment(models.Model):
    """A picture or document of a report: a cleaned copy to look at, the original sealed (S21)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, related_name="attachments", db_index=False
    )
    media_type = models.CharField(max_length=60)
    size_bytes = models.PositiveIntegerField()
    digest = models.BinaryField(max_length=32)
    sealed_copy = models.BinaryField(null=True)
    sealed_original = models.BinaryField()
    state = models.CharField(max_length=12, default="clean")
    added_at = models.DateTimeField(db_default=ClockNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "digest"], name="one_attachment_a_content")
        ]


class Draft(models.Model):
    """A form not yet sent: sealed, its author's alone, gone after seven days."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    author = models.UUIDField()
    form = models.CharField(max_length=20)
    sealed_body = models.BinaryField()
    saved_at = models.DateTimeField(db_default=ClockNow())
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "form"], name="one_draft_a_form")]


class HelpCall(models.Model):
    """That a unit was sent to a safe address; it holds no address (R7). Open for two hours at most."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="help_calls")
    to_team = models.CharField(max_length=64)
    asked_by = models.UUIDField()
    reason = models.CharField(max_length=200)
    opened_at = models.DateTimeField(db_default=ClockNow())
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["to_team", "-opened_at"], name="help_calls_of_team")]
