"""Offers of a matter to teams, disputes about whose it is, and what past rulings teach."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from anwang.common.clock import ClockNow
from anwang.triage.models.matters import Decision, Matter


class Offer(models.Model):
    """A dispatch that a team may accept, or refuse with a coded reason."""

    class Answer(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="offers")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="offers")
    team_id = models.CharField(max_length=64)
    offered_at = models.DateTimeField(db_default=ClockNow())
    answer = models.CharField(max_length=10, choices=Answer, default=Answer.OPEN)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.UUIDField(null=True)
    refusal = models.CharField(max_length=30, blank=True)
    refusal_text = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["team_id", "offered_at"],
                condition=Q(answer="open"),
                name="open_offers_of_team",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["matter"], condition=Q(answer="open"), name="one_open_offer_a_matter"
            ),
            models.UniqueConstraint(
                fields=["matter"], condition=Q(answer="accepted"), name="one_accepted_offer"
            ),
            models.CheckConstraint(
                condition=~Q(answer="refused") | ~Q(refusal=""), name="a_refusal_has_a_code"
            ),
        ]


class Dispute(models.Model):
    """Whose case it is, is disputed: ground, who cares meanwhile, who rules, by when (S-031).

    While it is open somebody is named who answers for the family, and that is the matter's
    accountable team: the database holds it. It names no person; what is said of the report stands in
    `digest`, so that a level which may not see the report can rule all the same (R10).
    """

    class State(models.TextChoices):
        OPEN = "open"
        AGREED = "agreed"
        RULED = "ruled"
        LAPSED = "lapsed"

    class Level(models.TextChoices):
        COUNTY = "county"
        MINISTRY = "ministry"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(
        Matter, on_delete=models.PROTECT, related_name="disputes", db_index=False
    )
    ground = models.CharField(max_length=30)
    statement = models.TextField()
    raised_at = models.DateTimeField(db_default=ClockNow())
    raised_by = models.UUIDField()
    raised_by_team = models.CharField(max_length=64)
    county = models.CharField(max_length=5, null=True)
    wanted_team = models.CharField(max_length=64, blank=True, help_text="Whom the objector names.")
    level = models.CharField(max_length=10, choices=Level)
    care_team = models.CharField(max_length=64)
    answer_due = models.DateTimeField()
    stream = models.CharField(max_length=30, blank=True)
    digest = models.JSONField(default=dict)
    proposal = models.JSONField(default=dict)
    answer = models.TextField(blank=True)
    answered_by = models.UUIDField(null=True)
    answered_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    to_team = models.CharField(max_length=64, blank=True, help_text="Whose it is, as settled.")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.UUIDField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["matter"], condition=Q(state="open"), name="one_open_dispute_a_matter"
            ),
            models.CheckConstraint(
                condition=~Q(care_team="") & ~Q(statement=""), name="a_dispute_names_who_cares"
            ),
            models.CheckConstraint(
                condition=~Q(state="ruled") | (~Q(to_team="") & ~Q(reason="")),
                name="a_ruling_names_whose_it_is_and_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_due"], condition=Q(state="open"), name="open_disputes_by_due"
            ),
            models.Index(fields=["matter"], name="disputes_of_matter"),
        ]


class Precedent(models.Model):
    """What a ruling says for later cases, without the family: principle, ground, stream, law."""

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, primary_key=True)
    matter_id = models.UUIDField()
    at = models.DateTimeField(db_default=ClockNow())
    level = models.CharField(max_length=10)
    ground = models.CharField(max_length=30)
    stream = models.CharField(max_length=30, blank=True)
    agency_kind = models.CharField(max_length=30, blank=True)
    law = models.CharField(max_length=200)
    principle = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["ground", "stream", "-at"], name="precedents_alike")]
