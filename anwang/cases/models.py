"""Family files, their judged members, and the cases that teams opened in them."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
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


class SignalHeld(models.Model):
    """That a risk signal held for a family's household, from the look that found it to the one that
    no longer did. What made it hold is read again, as known then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(FamilyFile, on_delete=models.PROTECT, related_name="signals")
    signal_id = models.CharField(max_length=60)
    about = models.CharField(
        max_length=200, help_text="The signal and the ids of whom it is about."
    )
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)
    warned = models.BooleanField(help_text="Found by something new; not there at the first look.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["family", "about"], condition=models.Q(until__isnull=True),
                name="a_signal_is_held_once",
            )
        ]  # fmt: skip


class SignalLook(models.Model):
    """When a family's signals were last looked at, whom its household had then, and which new records
    had been seen by then.
    """

    family = models.OneToOneField(FamilyFile, on_delete=models.PROTECT, primary_key=True)
    looked_at = models.DateTimeField(db_default=ClockNow())
    persons = ArrayField(models.UUIDField(), default=list)
    seen = ArrayField(models.UUIDField(), default=list)

    class Meta:
        indexes = [
            models.Index(fields=["looked_at"], name="signals_looked_at_longest_ago"),
            GinIndex(fields=["persons"], name="signals_looked_at_persons"),
        ]


class Correction(models.Model):
    """What a worker said of a member where the sources are silent or wrong: a record of our own source,
    which taking it back withdraws. Written by a function alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(FamilyFile, on_delete=models.PROTECT, related_name="corrections")
    person_id = models.UUIDField()
    other_id = models.UUIDField(null=True)
    what = models.CharField(max_length=40)
    told_on = models.DateField()
    record_id = models.UUIDField()
    reason = models.TextField()
    by = models.UUIDField()
    at = models.DateTimeField(db_default=ClockNow())
    undone_at = models.DateTimeField(null=True)
    undone_by = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["family", "-at"], name="corrections_of_family")]


class ConflictCheck(models.Model):
    """When an account's own people were last looked up in the registers."""

    account_id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    checked_at = models.DateTimeField(db_default=ClockNow())
