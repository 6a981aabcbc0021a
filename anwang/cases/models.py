"""Family files, their judged members, and the cases that teams opened in them."""

from __future__ import annotations

import uuid

from django.db import models

from anwang.common.clock import ClockNow
from anwang.triage.models import Matter, Offer


class FamilyFile(models.Model):
    """All cases of one household: a stable thing of its own (decision 20)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=11, unique=True)
    county = models.CharField(max_length=5, null=True)
    name = models.CharField(max_length=100)
    opened_at = models.DateTimeField(db_default=ClockNow())


class FamilyMember(models.Model):
    """A judgement that a person belongs to a family file, dated; ended by a new row's end."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(FamilyFile, on_delete=models.PROTECT, related_name="members")
    person_id = models.UUIDField(null=True)
    name = models.CharField(max_length=100)
    born_on = models.CharField(max_length=20, blank=True)
    role = models.CharField(max_length=40, blank=True)
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)
    judged_by = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["person_id"], name="families_of_person")]


class Case(models.Model):
    """A team's work for a family after it accepted an offer. One a report, one accountable lead team."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(FamilyFile, on_delete=models.PROTECT, related_name="cases")
    matter = models.OneToOneField(Matter, on_delete=models.PROTECT, related_name="case")
    offer = models.OneToOneField(Offer, on_delete=models.PROTECT, related_name="case")
    team_id = models.CharField(max_length=64)
    lead = models.UUIDField()
    stream = models.CharField(max_length=30)
    opened_at = models.DateTimeField(db_default=ClockNow())
    opened_by = models.UUIDField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)
    closing_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True) | ~models.Q(closing_reason=""),
                name="closing_needs_a_reason",
            )
        ]
        indexes = [models.Index(fields=["team_id", "-opened_at"], name="cases_of_team")]


class Pictured(models.Model):
    """That a person stands in a report's picture: what conflicts of interest are found by (R5).

    A copy of the last screening's members; it goes when the report goes.
    """

    id = models.BigAutoField(primary_key=True)
    matter_id = models.UUIDField()
    person_id = models.UUIDField()
    judged = models.BooleanField(default=False, help_text="A person said so, not a screening.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["matter_id", "person_id"], name="pictured_once")
        ]
        indexes = [models.Index(fields=["person_id"], name="pictures_of_person")]


class ConflictCheck(models.Model):
    """When an account's own people were last looked up in the registers."""

    account_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    checked_at = models.DateTimeField(db_default=ClockNow())
