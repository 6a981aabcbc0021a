"""Which policies there are, which is in force from when to when, and who put it there."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce

from anwang.common.clock import ClockNow


class TsTzRange(Func):
    """The instants from the first to before the second; without an end where it is null."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class PolicyVersion(models.Model):
    """One version of one policy, from a file or written in the studio.

    A draft may be written anew until it is proposed; from then on the content stays. What is in
    force when is said by `PolicyTerm`; `state` is where the version stands by the last act on it.
    """

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
    valid_to = models.DateField(
        null=True, help_text="The first day on which it is not meant to be."
    )
    rows = models.PositiveIntegerField()
    body = models.JSONField()
    sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField(db_default=ClockNow())
    base = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="made_from_it"
    )
    written_by = models.UUIDField(null=True, help_text="Null: shipped as a file.")
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["policy_id", "county", "version"], nulls_distinct=False, name="one_version"
            ),
            models.CheckConstraint(
                condition=Q(layer="national", county__isnull=True)
                | Q(layer="county", county__isnull=False),
                name="a_county_version_has_a_county",
            ),
        ]

    @property
    def name(self) -> Any:
        """What officials call it: as the version says, else as another version of the policy does,
        else its id."""
        if self.body.get("text"):
            return self.body["text"]
        named = PolicyVersion.objects.filter(policy_id=self.policy_id, body__has_key="text")
        other = named.order_by("-loaded_at", "-id").first()
        return other.body["text"] if other else self.policy_id


class PolicyTerm(models.Model):
    """From when to when a version is or was in force. Written by the database's functions alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="terms")
    policy_id = models.CharField(max_length=60)
    county = models.CharField(max_length=5, null=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_version_in_force_at_a_time",
                expressions=[
                    (F("policy_id"), RangeOperators.EQUAL),
                    (Coalesce(F("county"), Value("")), RangeOperators.EQUAL),
                    (TsTzRange(F("since"), F("until")), RangeOperators.OVERLAPS),
                ],
            )
        ]
        indexes = [models.Index(fields=["policy_id", "county", "since"], name="terms_of_policy")]


class PolicyAct(models.Model):
    """What somebody did with a version: the history that a reader of the studio sees.

    Written by the database's functions alone. A proposal waits for another person; `answers` names
    the proposal that an act answers.
    """

    class Kind(models.TextChoices):
        SHIPPED = "shipped"
        PROPOSED = "proposed"
        PUT_IN_FORCE = "put-in-force"
        DECLINED = "declined"
        SHADOWED = "shadowed"
        UNSHADOWED = "unshadowed"
        RETIREMENT_PROPOSED = "retirement-proposed"
        RETIRED = "retired"
        DISCARDED = "discarded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, related_name="acts", db_index=False
    )
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField(db_default=ClockNow())
    by = models.UUIDField(null=True, help_text="Null: loaded with the programme.")
    text = models.TextField(blank=True, default="")
    starts_at = models.DateTimeField(null=True, help_text="From when it is to be in force.")
    sha256 = models.CharField(max_length=64, help_text="Of the content that it is about.")
    answers = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="answer"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["put-in-force", "retired"]) | Q(answers__isnull=False),
                name="nobody_puts_in_force_alone",
            )
        ]
        indexes = [models.Index(fields=["version", "at"], name="acts_on_version")]


class ClockDefinition(models.Model):
    """A duty's clock as the database needs it to start one by itself; from the policy in force."""

    id = models.CharField(max_length=60, primary_key=True)
    hours = models.PositiveIntegerField(null=True)
    days = models.PositiveIntegerField(null=True)
    citation = models.TextField()
    starts_with_report = models.BooleanField(default=False)
