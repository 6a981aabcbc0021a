"""Acts of two persons: which there are, on which rank a role stands, and the requests themselves."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from anwang.common.clock import ClockNow


class Rank(models.Model):
    """The rank of a role; from policies/ranks.yaml."""

    role = models.CharField(max_length=40, primary_key=True)
    rank = models.PositiveSmallIntegerField()
    given = models.CharField(
        max_length=20, db_default="command", help_text="By whom: administrators, or on the machine."
    )


class TwofoldAct(models.Model):
    """An act that needs two persons; from policies/two_person_acts.yaml."""

    act = models.CharField(max_length=40, primary_key=True)
    ask_roles = ArrayField(models.CharField(max_length=40))
    approve_roles = ArrayField(models.CharField(max_length=40))
    minimum_text = models.PositiveSmallIntegerField()
    open_hours = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField()
    single_use = models.BooleanField()
    grounds = models.JSONField()
    text = models.JSONField()
    citation = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=30), name="an_act_lasts_half_an_hour"
            )
        ]


class Twofold(models.Model):
    """One request for an act of two persons. Written by the database's functions alone.

    What was asked never changes; an approval is given once, for the asker, and ends by itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    act = models.CharField(max_length=40)
    object_kind = models.CharField(max_length=20)
    object_id = models.UUIDField(null=True)
    ground = models.CharField(max_length=40)
    text = models.TextField()
    payload = models.JSONField(default=dict)
    digest = models.BinaryField(max_length=32, help_text="Of all that was asked, and by whom.")
    county = models.CharField(max_length=5, null=True)
    asked_by = models.UUIDField()
    asked_role = models.CharField(max_length=40)
    asked_team = models.CharField(max_length=64)
    asked_at = models.DateTimeField(db_default=ClockNow())
    expires_at = models.DateTimeField()
    single_use = models.BooleanField()
    approved_by = models.UUIDField(null=True)
    approved_role = models.CharField(max_length=40, null=True)
    approved_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    declined_by = models.UUIDField(null=True)
    declined_at = models.DateTimeField(null=True)
    decline_reason = models.TextField(blank=True, default="")
    used_at = models.DateTimeField(null=True)
    uses = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("asked_by")),
                name="nobody_approves_himself",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | Q(declined_by__isnull=True),
                name="approved_or_declined",
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(approved_at__lte=F("used_at")),
                name="used_after_approval",
            ),
        ]
        indexes = [
            models.Index(
                fields=["act", "expires_at"], name="open_requests",
                condition=Q(approved_by__isnull=True, declined_by__isnull=True),
            ),
            models.Index(fields=["asked_by", "-asked_at"], name="requests_of_asker"),
            models.Index(fields=["object_id"], name="twofolds_on_object"),
        ]  # fmt: skip
