"""What a role must have learnt and accepted before it opens anything, and who has, until when."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from anwang.access.models.accounts import Account
from anwang.common.clock import ClockNow


class Requirement(models.Model):
    """A training, or rules to accept, that some roles need; from policies/training.yaml."""

    id = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=10, help_text="training or rules")
    version = models.CharField(max_length=20, help_text="A new one must be fulfilled anew.")
    roles = ArrayField(models.CharField(max_length=40))
    valid_days = models.PositiveSmallIntegerField()
    warn_days = models.PositiveSmallIntegerField()
    text = models.JSONField(help_text="title {zh, en} and points [{zh, en}]")
    citation = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=("training", "rules")), name="requirement_of_a_kind"
            ),
            models.CheckConstraint(
                condition=Q(warn_days__lt=F("valid_days")), name="requirement_warns_before_its_end"
            ),
        ]


class Fulfilment(models.Model):
    """That an account passed a training or accepted rules, on a day. Withdrawn, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="fulfilments", db_index=False
    )
    requirement_id = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    passed_on = models.DateField()
    until = models.DateTimeField()
    proof = models.CharField(max_length=200, blank=True, help_text="Which certificate or course.")
    noted_by = models.UUIDField()
    noted_at = models.DateTimeField(db_default=ClockNow())
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.UUIDField(null=True)
    warned_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "requirement_id"], name="fulfilments_of_account")
        ]
