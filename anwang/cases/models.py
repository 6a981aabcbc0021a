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


class Transfer(models.Model):
    """An open case on its way to another team; its team answers for it until that one accepts (S11)."""

    class Answer(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="transfers")
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="transfers")
    from_team = models.CharField(max_length=64)
    to_team = models.CharField(max_length=64)
    reason = models.TextField()
    same_day = models.BooleanField(help_text="On the day on which the case was opened (S-039).")
    offered_at = models.DateTimeField(db_default=ClockNow())
    offered_by = models.UUIDField()
    answer = models.CharField(max_length=10, choices=Answer, default=Answer.OPEN)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.UUIDField(null=True)
    refusal = models.CharField(max_length=30, blank=True)
    refusal_text = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(answer="open"), name="one_open_transfer_a_case"
            ),
            models.CheckConstraint(
                condition=~models.Q(from_team=models.F("to_team")) & ~models.Q(reason=""),
                name="a_transfer_goes_elsewhere_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(answer="refused") | ~models.Q(refusal=""),
                name="a_refused_transfer_has_a_code",
            ),
        ]
        indexes = [
            models.Index(
                fields=["to_team", "offered_at"],
                condition=models.Q(answer="open"),
                name="open_transfers_of_team",
            )
        ]


class Helper(models.Model):
    """A team that helps in a case that another leads: what it was asked for, and where it stands.

    One lead, many helpers (S-030). A helper reaches the family file from accepting until it is done,
    and nothing of the report.
    """

    class Status(models.TextChoices):
        INVITED = "invited"
        ACCEPTED = "accepted"
        WORKING = "working"
        DONE = "done"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="helpers")
    team_id = models.CharField(max_length=64)
    task = models.TextField()
    stream = models.CharField(max_length=30)
    grade = models.CharField(max_length=1, blank=True)
    district = models.CharField(max_length=8, blank=True)
    lead_team = models.CharField(max_length=64, help_text="Who leads, as of the invitation.")
    invited_at = models.DateTimeField(db_default=ClockNow())
    invited_by = models.UUIDField()
    status = models.CharField(max_length=10, choices=Status, default=Status.INVITED)
    status_at = models.DateTimeField(db_default=ClockNow())
    worker = models.UUIDField(null=True)
    said = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "team_id"],
                condition=models.Q(status__in=["invited", "accepted", "working"]),
                name="a_team_helps_once_at_a_time",
            ),
            models.CheckConstraint(condition=~models.Q(task=""), name="a_helper_has_a_task"),
        ]
        indexes = [models.Index(fields=["team_id", "status"], name="helps_of_team")]


HELPER_STEPS: dict[str, frozenset[str]] = {
    Helper.Status.INVITED: frozenset({Helper.Status.ACCEPTED, Helper.Status.DECLINED,
                                      Helper.Status.WITHDRAWN}),
    Helper.Status.ACCEPTED: frozenset({Helper.Status.WORKING, Helper.Status.DONE,
                                       Helper.Status.WITHDRAWN}),
    Helper.Status.WORKING: frozenset({Helper.Status.DONE, Helper.Status.WITHDRAWN}),
    Helper.Status.DONE: frozenset(),
    Helper.Status.DECLINED: frozenset(),
    Helper.Status.WITHDRAWN: frozenset(),
}  # fmt: skip


class Waking(models.Model):
    """That a new report is about somebody of a family file: the file is awake, its last lead told.

    Of another county's report only that there is one, and when (B5).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(
        FamilyFile, on_delete=models.PROTECT, related_name="wakings", db_index=False
    )
    matter_id = models.UUIDField()
    at = models.DateTimeField(db_default=ClockNow())
    elsewhere = models.BooleanField(default=False, help_text="The report lies in another county.")
    told = models.PositiveSmallIntegerField(default=0, help_text="How many were told of it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["family", "matter_id"], name="woken_once_a_report")
        ]


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
    family = models.ForeignKey(
        FamilyFile, on_delete=models.PROTECT, related_name="corrections", db_index=False
    )
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
