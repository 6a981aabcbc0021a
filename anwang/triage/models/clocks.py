"""Clocks of a matter, the log that proves them, and the calls to people when one runs out."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from anwang.common.clock import ClockNow
from anwang.triage.models.matters import Matter


class Clock(models.Model):
    """A duty in law or policy with its start, end and proof."""

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        MET = "met"
        MISSED = "missed"
        DROPPED = "dropped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(
        Matter, on_delete=models.PROTECT, related_name="clocks", db_index=False
    )
    definition_id = models.CharField(max_length=60)
    legal = models.BooleanField(default=True, help_text="A law names the term, not only a policy.")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    stopped_at = models.DateTimeField(null=True)
    proof = models.UUIDField(null=True, help_text="The decision, offer or case that stopped it.")
    warn_at = models.DateTimeField(null=True, help_text="When its owner is to be warned next.")
    warned = models.PositiveSmallIntegerField(default=0, db_default=0)
    paused_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True, help_text="When it runs on by itself.")
    pause_reason = models.CharField(max_length=40, blank=True, default="", db_default="")
    paused_days = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Days that it stood still, which its term is longer by."
    )
    calls = models.PositiveSmallIntegerField(
        default=0, db_default=0,
        help_text="How many times people above the team were called since it ran out.",
    )  # fmt: skip
    call_at = models.DateTimeField(null=True, help_text="When to look whom to call next.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["matter", "definition_id"], name="one_clock_a_kind"),
            models.CheckConstraint(
                condition=~Q(state="paused")
                | (Q(paused_at__isnull=False, paused_until__isnull=False) & ~Q(pause_reason="")),
                name="a_pause_has_a_reason_and_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="running_clocks", condition=Q(state="running")),
            models.Index(fields=["warn_at"], name="clocks_to_warn", condition=Q(state="running")),
            models.Index(
                fields=["paused_until"], name="paused_clocks", condition=Q(state="paused")
            ),
            models.Index(
                fields=["call_at"],
                name="clocks_to_call_for",
                condition=Q(state="missed", call_at__isnull=False),
            ),
        ]


class ClockEvent(models.Model):
    """The proof log: one row for each thing that happened to a clock, written by the database alone.

    Nobody changes or deletes one (S9). `at` is database time, `due_at` what it was from then on.
    """

    class What(models.TextChoices):
        STARTED = "started"
        WARNED = "warned"
        PAUSED = "paused"
        RESUMED = "resumed"
        MOVED = "moved"
        MET = "met"
        MISSED = "missed"
        DONE_LATE = "done-late"
        DROPPED = "dropped"
        REOPENED = "reopened"

    id = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="events")
    matter_id = models.UUIDField()
    what = models.CharField(max_length=10, choices=What)
    at = models.DateTimeField(db_default=ClockNow())
    due_at = models.DateTimeField()
    reason = models.CharField(max_length=40, blank=True)
    by = models.UUIDField(null=True, help_text="The account or program that acted.")
    proof = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["matter_id", "id"], name="clock_events_of_matter")]


class Happening(models.Model):
    """That something happened which starts clocks, as somebody told it; kept as told."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="happenings")
    event = models.CharField(max_length=40)
    happened_at = models.DateTimeField()
    noted_at = models.DateTimeField(db_default=ClockNow())
    by = models.UUIDField()


class Watch(models.Model):
    """How far up the ladder a report that nobody has accepted has come; made by the database.

    `since` is when the ladder began: receipt, or when the report was opened again. `rung` counts what
    was reached so far; `next_at` is when to look again, null while somebody has it.
    """

    matter = models.OneToOneField(Matter, on_delete=models.PROTECT, primary_key=True)
    since = models.DateTimeField()
    arrived_at = models.DateTimeField()
    ladder = models.CharField(max_length=40, blank=True, default="")
    rung = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"], name="watches_by_next", condition=Q(next_at__isnull=False)
            )
        ]


class Escalation(models.Model):
    """One rung of the ladder that a report reached: when, and which people were called (P4)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(
        Matter, on_delete=models.PROTECT, related_name="escalations", db_index=False
    )
    since = models.DateTimeField()
    ladder = models.CharField(max_length=40)
    rung = models.PositiveIntegerField()
    rung_id = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    raised_at = models.DateTimeField(db_default=ClockNow())
    told = ArrayField(models.UUIDField(), help_text="Accounts of the people who were called.")
    passed = ArrayField(
        models.CharField(max_length=40),
        help_text="Rungs that nobody stood on, or whose office was closed.",
    )
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["matter", "since", "ladder", "rung"], name="a_rung_once"
            )
        ]


class OfficeClosure(models.Model):
    """That an office is closed for a while (a storm): whom it would call, the next rung is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team_id = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=200)
    by = models.UUIDField()
    at = models.DateTimeField(db_default=ClockNow())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gt=F("since")), name="a_closure_ends_after_it_begins"
            )
        ]
        indexes = [models.Index(fields=["team_id", "until"], name="closures_of_office")]


class Sweep(models.Model):
    """When a look that time alone calls for was last done: what raises alarms is watched itself."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField(db_default=ClockNow())
