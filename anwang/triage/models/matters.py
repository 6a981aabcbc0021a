"""The matter of a report: where it stands, who is accountable, what was proposed and decided.

A matter is opened by the database itself in the transaction that stores the report (ADR 0007), so
that a report has an accountable team and a running clock at every instant (V2).
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from anwang.common.clock import ClockNow
from anwang.intake.models import Report


class State(models.TextChoices):
    """State of a report (docs/formats/README.md)."""

    RECEIVED = "received"
    SCREENED = "screened"
    AWAITING_DECISION = "awaiting-decision"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    ANSWERED = "answered"
    LINKED = "linked-same-event"
    ERROR = "error"


CLOSED = (State.ACCEPTED, State.ANSWERED, State.LINKED, State.ERROR)
# Somebody works with the family: what the sources know now may matter (S15).
ASKED_ABOUT = (State.RECEIVED, State.SCREENED, State.AWAITING_DECISION, State.OFFERED,
               State.DISPUTED, State.ACCEPTED)  # fmt: skip
OPEN = tuple(state for state in State if state not in CLOSED)

TRANSITIONS: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.AWAITING_DECISION, State.ERROR}),
    State.SCREENED: frozenset({State.AWAITING_DECISION}),
    State.AWAITING_DECISION: frozenset(
        {
            State.OFFERED,
            State.ANSWERED,
            State.LINKED,
            State.ERROR,
            State.AWAITING_DECISION,
            State.DISPUTED,
        }
    ),
    State.OFFERED: frozenset({State.ACCEPTED, State.AWAITING_DECISION, State.DISPUTED}),
    State.DISPUTED: frozenset({State.AWAITING_DECISION, State.OFFERED}),
    State.ACCEPTED: frozenset(),
    State.ANSWERED: frozenset({State.AWAITING_DECISION}),
    State.LINKED: frozenset({State.AWAITING_DECISION}),
    State.ERROR: frozenset({State.AWAITING_DECISION}),
}


class Matter(models.Model):
    """Where a report stands now: one row a report, read by the queue. Its history stands beside it."""

    report = models.OneToOneField(Report, on_delete=models.PROTECT, primary_key=True)
    state = models.CharField(max_length=20, choices=State, default=State.RECEIVED)
    county = models.CharField(max_length=5, null=True)
    desk_team = models.CharField(max_length=64)
    accountable_team = models.CharField(max_length=64)
    offered_team = models.CharField(max_length=64, null=True)
    grade = models.CharField(max_length=1, null=True)
    grade_class = models.CharField(max_length=1, null=True)
    stream = models.CharField(max_length=30, null=True)
    agency_kind = models.CharField(max_length=30, null=True)
    joint_with = models.JSONField(default=list)
    passed_to = models.CharField(max_length=60, null=True)
    due_at = models.DateTimeField(null=True)
    headline = models.JSONField(default=dict, help_text="What the queue shows of the report.")
    same_event_as = models.UUIDField(null=True)
    same_event_probability = models.FloatField(null=True)
    failed_steps = models.JSONField(default=list)
    attempts = models.PositiveSmallIntegerField(default=0)
    changed_at = models.DateTimeField(db_default=ClockNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(due_at__isnull=False) | ~Q(state__in=[str(s) for s in OPEN]),
                name="an_open_matter_is_due",
            ),
            models.CheckConstraint(
                condition=Q(offered_team__isnull=False) | ~Q(state="offered"),
                name="an_offered_matter_names_its_team",
            ),
        ]
        indexes = [
            models.Index(
                fields=["desk_team", "due_at", "report"], name="open_matters_by_due",
                condition=Q(state__in=[str(s) for s in OPEN]),
            ),
            models.Index(
                fields=["offered_team", "due_at"], name="offered_matters",
                condition=Q(state="offered"),
            ),
            models.Index(
                fields=["changed_at"], name="waiting_matters", condition=Q(state="received")
            ),
            models.Index(fields=["accountable_team"], name="matters_of_team"),
            models.Index(fields=["desk_team", "-changed_at"], name="matters_by_change"),
            models.Index(
                fields=["desk_team"], name="urgent_matters",
                condition=Q(state__in=[str(s) for s in OPEN], grade="1"),
            ),
        ]  # fmt: skip


class Duty(models.Model):
    """Who was accountable for a matter, when. No overlap, no gap (decision 19)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="duties")
    accountable_team = models.CharField(max_length=64)
    during = DateTimeRangeField()
    ground = models.CharField(max_length=40)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_accountable_team_at_a_time",
                expressions=[
                    ("matter", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
            )
        ]


class Screening(models.Model):
    """What one run over a report found: matches, same event, picture, proposal, with versions (V6)."""

    class Automatic(models.TextChoices):
        NOT = ""
        WAITING = "waiting"
        DONE = "done"
        HELD = "held"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(
        Matter, on_delete=models.PROTECT, related_name="screenings", db_index=False
    )
    at = models.DateTimeField(db_default=ClockNow())
    matches = models.JSONField(default=dict)
    same_event = models.JSONField(default=list)
    picture = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    proposal = models.JSONField(default=dict)
    versions = models.JSONField(default=dict)
    failed_steps = models.JSONField(default=list)
    automatic = models.CharField(
        max_length=10, choices=Automatic, blank=True, default="", db_default="",
        help_text="What became of a proposal that policy lets go out by itself.",
    )  # fmt: skip
    held_because = models.JSONField(default=list, db_default=[], help_text="Codes.")

    class Meta:
        indexes = [
            models.Index(
                fields=["at"], name="waiting_for_dispatch", condition=Q(automatic="waiting")
            ),
            models.Index(fields=["matter", "-at"], name="screenings_of_matter"),
            # Trials read them by time, a portion after the other; they are stored in that order.
            BrinIndex(fields=["at"], name="screenings_by_time", autosummarize=True),
        ]


class Decision(models.Model):
    """What a person at the desk decided on a proposal, and why when it differs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(
        Matter, on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, null=True)
    at = models.DateTimeField(db_default=ClockNow())
    by = models.UUIDField()
    outcome = models.JSONField()
    changed = models.JSONField(default=list)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(changed=[]) | ~Q(reason=""), name="a_change_needs_a_reason"
            )
        ]
        indexes = [models.Index(fields=["matter", "-at"], name="decisions_of_matter")]
