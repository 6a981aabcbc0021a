"""Second looks: another person of the desk agrees to a decision, before it or after."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from anwang.common.clock import ClockNow
from anwang.triage.models.matters import Decision, Matter
from anwang.triage.rules.second_looks import Kind


class SecondLook(models.Model):
    """That policy wants a second person for a decision, and what that person said.

    `wanted` holds the decision as the first person would make it; it is made when the second agrees,
    and is `decision` then. Of a dispatch that has gone `decision` stands from the start. `seen`: the
    matter's `changed_at` that the question is about.
    """

    class Verdict(models.TextChoices):
        AGREED = "agreed"
        DECLINED = "declined"
        LAPSED = "lapsed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="second_looks")
    kind = models.CharField(max_length=12, choices=[(str(one), one.name) for one in Kind])
    wanted = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    reasons = models.JSONField(default=list, help_text="The rows of policy that want it.")
    seen = models.DateTimeField()
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField(db_default=ClockNow())
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, null=True, related_name="second_looks"
    )
    verdict = models.CharField(max_length=10, choices=Verdict, blank=True, default="")
    looked_by = models.UUIDField(null=True)
    looked_at = models.DateTimeField(null=True)
    said = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="", looked_by=None, looked_at=None)
                | (~Q(verdict="") & Q(looked_by__isnull=False, looked_at__isnull=False)),
                name="a_second_look_is_open_or_answered",
            ),
            models.CheckConstraint(
                condition=~Q(verdict__in=["agreed", "declined"]) | ~Q(looked_by=F("asked_by")),
                name="a_second_look_is_anothers",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="declined") | ~Q(said=""), name="declining_needs_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(verdict="agreed") | Q(decision__isnull=False),
                name="what_was_agreed_was_decided",
            ),
            models.UniqueConstraint(
                fields=["matter"], condition=Q(verdict=""), name="one_open_second_look"
            ),
        ]
