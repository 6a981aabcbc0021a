"""Which policies there are and which is in force; their content is what the files say."""

from __future__ import annotations

from django.db import models

from anwang.common.clock import ClockNow


class PolicyVersion(models.Model):
    """One version of one policy. Loaded from a file, never changed; the database says its state."""

    class State(models.TextChoices):
        DRAFT = "draft"
        SHADOW = "shadow"
        IN_FORCE = "in force"
        RETIRED = "retired"

    policy_id = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    layer = models.CharField(max_length=10, default="national")
    county = models.CharField(max_length=5, null=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    valid_from = models.DateField()
    rows = models.PositiveIntegerField()
    body = models.JSONField()
    sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField(db_default=ClockNow())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["policy_id", "county", "version"], nulls_distinct=False, name="one_version"
            ),
            models.UniqueConstraint(
                fields=["policy_id", "county"], nulls_distinct=False,
                condition=models.Q(state="in force"), name="one_version_in_force",
            ),
        ]  # fmt: skip


class ClockDefinition(models.Model):
    """A duty's clock as the database needs it to start one by itself; from the policy in force."""

    id = models.CharField(max_length=60, primary_key=True)
    hours = models.PositiveIntegerField(null=True)
    days = models.PositiveIntegerField(null=True)
    citation = models.TextField()
    starts_with_report = models.BooleanField(default=False)
