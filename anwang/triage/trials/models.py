"""Trials kept: back-tests, walks through a family's history, what shadows would have done, switches."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from anwang.common.clock import ClockNow


class Run(models.Model):
    """Something that the worker does for somebody: how far it is, and what came out."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        CANCELLED = "cancelled"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField(db_default=ClockNow())
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    portions = models.PositiveIntegerField(default=0)
    portions_done = models.PositiveIntegerField(default=0)
    stop_asked = models.BooleanField(default=False)
    alive_at = models.DateTimeField(null=True, help_text="When its worker last told.")
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state not in (self.State.WAITING, self.State.RUNNING)

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100."""
        return self.portions_done * 100 // self.portions if self.portions else 0


class Backtest(Run):
    """A run over past reports. `result` has counts that may be shown and no report.

    `tried` holds the policies as they were when it was asked for, so that a draft may be edited
    meanwhile.
    """

    county = models.CharField(
        max_length=5, null=True, help_text="Whose reports; null: the nation's."
    )
    label = models.CharField(max_length=200)
    version_no = models.BigIntegerField(
        null=True, help_text="The policy version it was asked from."
    )
    tried = models.JSONField()
    since = models.DateField(null=True)
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(result__isnull=False),
                name="a_done_test_has_a_result",
            )
        ]
        indexes = [
            models.Index(
                fields=["asked_at"], name="backtests_to_do",
                condition=Q(state__in=["waiting", "running"]),
            ),
            models.Index(fields=["version_no", "-asked_at"], name="backtests_of_version"),
        ]  # fmt: skip


class FamilyWalk(Run):
    """A run over the history of a report's people: on which day which version would have acted.

    It belongs to its report: who reaches the one reaches the other.
    """

    matter = models.ForeignKey(
        "triage.Matter", on_delete=models.PROTECT, related_name="walks", db_index=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(result__isnull=False),
                name="a_done_walk_has_a_result",
            )
        ]
        indexes = [
            models.Index(
                fields=["asked_at"], name="walks_to_do",
                condition=Q(state__in=["waiting", "running"]),
            ),
            models.Index(fields=["matter", "-asked_at"], name="walks_of_matter"),
        ]  # fmt: skip


class BacktestDifference(models.Model):
    """A past report that the version tried decides otherwise; read through the report alone."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(
        Backtest, on_delete=models.CASCADE, related_name="differences", db_index=False
    )
    matter = models.ForeignKey("triage.Matter", on_delete=models.PROTECT, related_name="+")
    fields = models.JSONField()
    before = models.JSONField()
    after = models.JSONField()
    rows_before = models.JSONField(default=dict)
    rows_after = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["run", "id"], name="differences_of_run")]


class ShadowOutcome(models.Model):
    """What the versions in shadow would have proposed for a screening. Nothing acts on it."""

    screening = models.OneToOneField(
        "triage.Screening", on_delete=models.CASCADE, primary_key=True, related_name="shadow"
    )
    matter = models.ForeignKey("triage.Matter", on_delete=models.PROTECT, related_name="+")
    county = models.CharField(max_length=5, null=True)
    screened_at = models.DateTimeField()
    shadowed_at = models.DateTimeField(db_default=ClockNow())
    versions = models.JSONField(help_text="Policy id -> version tried, as of then.")
    fields = models.JSONField(help_text="Fields that differ; empty where both agree.")
    before = models.JSONField()
    after = models.JSONField()
    rows_after = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["-screened_at"], name="shadows_by_time")]


class StepSwitch(models.Model):
    """Somebody let an automatic step run in a county, or stopped it; the latest word holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    step = models.CharField(max_length=30)
    county = models.CharField(max_length=5, null=True, help_text="Null: everywhere.")
    runs = models.BooleanField()
    reason = models.TextField(blank=True)
    by = models.UUIDField()
    at = models.DateTimeField(db_default=ClockNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(runs=False) | ~Q(reason=""), name="letting_it_run_needs_a_reason"
            )
        ]
        indexes = [models.Index(fields=["step", "county", "-at"], name="switches_by_step")]


class QualityFigures(models.Model):
    """What became of a year's reports: counts that may be shown, of a county or (null) the nation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    county = models.CharField(max_length=5, null=True)
    since = models.DateField()
    until = models.DateField()
    counted_at = models.DateTimeField(db_default=ClockNow())
    result = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["county", "-counted_at"], name="figures_by_county")]
