"""Who looked at me (D4): what is shown of the audit record, and which adults are safe for a child."""

from __future__ import annotations

import uuid

from django.db import models

from anwang.common.clock import ClockNow


class LookRule(models.Model):
    """One value of a class of looks; from policies/looked_at_me.yaml."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20, help_text="act, role-in-report, office-role, ...")
    value = models.CharField(max_length=40)
    treatment = models.CharField(max_length=10, help_text="shown, withheld or delayed")
    days = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="one_treatment_a_look"),
            models.CheckConstraint(
                condition=models.Q(treatment="delayed", days__gt=0)
                | (~models.Q(treatment="delayed") & models.Q(days__isnull=True)),
                name="a_delay_has_an_end",
            ),
        ]


class SafeAdult(models.Model):
    """A worker's judgement that an adult may use a child's rights (R13). By tokens of their numbers.

    `case_id` is where it was judged; without one a program of ours wrote it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.BinaryField(max_length=32)
    adult = models.BinaryField(max_length=32)
    ground = models.CharField(max_length=40)
    judged_by = models.UUIDField()
    case_id = models.UUIDField(null=True)
    since = models.DateTimeField(db_default=ClockNow())
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="safe_adult_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=~models.Q(child=models.F("adult")), name="nobody_is_his_own_safe_adult"
            ),
        ]
        indexes = [
            models.Index(fields=["child"], name="safe_adults_of_child"),
            models.Index(
                fields=["case_id"], name="safe_adults_of_case",
                condition=models.Q(case_id__isnull=False),
            ),
        ]  # fmt: skip
