"""Broken glass with its review, and alarms about odd access: what offices look at each week (D5)."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from anwang.common.clock import ClockNow

MOST_MINUTES = 60


class Glass(models.Model):
    """One breaking of the glass: who opened what, why, until when, and how it was judged (G1-G5).

    Written by definer functions alone; the database ends it by its own clock.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account_id = models.UUIDField()
    team_id = models.CharField(max_length=64, help_text="The office of the account.")
    object_kind = models.CharField(max_length=20, help_text="report or family")
    object_id = models.UUIDField()
    object_ids = ArrayField(models.UUIDField(), help_text="The rows that it opens.")
    fields = ArrayField(models.CharField(max_length=40))
    reason = models.TextField()
    opened_at = models.DateTimeField(db_default=ClockNow())
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    review_team = models.CharField(max_length=64)
    review_level = models.PositiveSmallIntegerField(default=0)
    review_due_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.UUIDField(null=True)
    verdict = models.CharField(max_length=20, blank=True, default="")
    verdict_text = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("opened_at")), name="glass_ends_after_it_breaks"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["", "justified", "not-justified", "unclear"]),
                name="glass_has_a_known_verdict",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True) | ~Q(verdict=""),
                name="a_review_has_a_verdict",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("account_id")),
                name="nobody_reviews_his_own_glass",
            ),
        ]
        indexes = [
            models.Index(fields=["account_id", "ends_at"], name="glass_of_account"),
            models.Index(
                fields=["review_team", "review_due_at"], name="glass_to_review",
                condition=Q(reviewed_at__isnull=True),
            ),
            models.Index(fields=["object_id"], name="glasses_on_object"),
        ]  # fmt: skip


class Alarm(models.Model):
    """Something odd about one account's reading; a weekly review explains it or not (D5)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_default=ClockNow())
    rule = models.CharField(max_length=40)
    account_id = models.UUIDField()
    team_id = models.CharField(max_length=64)
    day = models.DateField(help_text="One alarm a rule, account, object and day.")
    object_kind = models.CharField(max_length=20, blank=True, default="")
    object_id = models.UUIDField(null=True)
    counted = models.PositiveIntegerField(default=1)
    review_team = models.CharField(max_length=64)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.UUIDField(null=True)
    verdict = models.CharField(max_length=20, blank=True, default="")
    verdict_text = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "account_id", "day", "object_id"], name="one_alarm_a_day",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("account_id")),
                name="nobody_reviews_his_own_alarm",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["review_team", "-at"], name="alarms_to_review",
                condition=Q(reviewed_at__isnull=True),
            ),
            models.Index(fields=["object_id"], name="alarms_on_object"),
        ]  # fmt: skip


class AlarmMark(models.Model):
    """Up to which audit entry the alarms have been evaluated."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    until_no = models.BigIntegerField(default=0)
