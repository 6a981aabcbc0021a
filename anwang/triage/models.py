"""What is made of a report: its matter, who is accountable, clocks, screenings, decisions, offers.

A matter is opened by the database itself in the transaction that stores the report (ADR 0007), so
that a report has an accountable team and a running clock at every instant (V2).
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

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


class Clock(models.Model):
    """A duty in law or policy with its start, end and proof."""

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        MET = "met"
        MISSED = "missed"
        DROPPED = "dropped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="clocks")
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
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="escalations")
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


class Screening(models.Model):
    """What one run over a report found: matches, same event, picture, proposal, with versions (V6)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="screenings")
    at = models.DateTimeField(db_default=ClockNow())
    matches = models.JSONField(default=dict)
    same_event = models.JSONField(default=list)
    picture = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    proposal = models.JSONField(default=dict)
    versions = models.JSONField(default=dict)
    failed_steps = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["matter", "-at"], name="screenings_of_matter"),
            # Trials read them by time, a portion after the other; they are stored in that order.
            BrinIndex(fields=["at"], name="screenings_by_time", autosummarize=True),
        ]


class Decision(models.Model):
    """What a person at the desk decided on a proposal, and why when it differs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="decisions")
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
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="disputes")
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


class SameEventJudgement(models.Model):
    """A person's answer to *same event?* between two reports; the latest one holds, all are kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="same_event_answers")
    earlier = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="later_same_events")
    same = models.BooleanField(null=True, help_text="Null: an earlier answer is taken back.")
    by = models.UUIDField()
    at = models.DateTimeField(db_default=ClockNow())
    reason = models.TextField(blank=True)


class ReportTrace(models.Model):
    """What *same event?* compares of a report, and the keys that find it."""

    matter = models.OneToOneField(Matter, on_delete=models.PROTECT, primary_key=True)
    received_at = models.DateTimeField()
    digest = models.JSONField()


class TraceKey(models.Model):
    """A key that two reports on one event are likely to share."""

    pk = models.CompositePrimaryKey("key", "matter_id")
    key = models.BigIntegerField()
    matter_id = models.UUIDField()


class Inquiry(models.Model):
    """Somebody's wish that the sources be asked now about the family of a report."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="inquiries")
    by = models.UUIDField()
    role = models.CharField(max_length=40)
    purpose = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=ClockNow())
    began_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["at"], condition=Q(done_at=None), name="inquiries_waiting"),
            models.Index(fields=["matter", "-at"], name="inquiries_of_matter"),
        ]


class LookUp(models.Model):
    """One question of an inquiry to one source about one person, and its answer.

    `request` and `receipt` are the signed records of both. `told` is a copy of what the answer says,
    for the desk; it ends with the report. `kept_from` names the look-up whose answer is shown again.
    """

    class State(models.TextChoices):
        ASKING = "asking"
        VALUE = "value"
        NONE = "none"
        NOT_ASKED = "not-asked"
        LATE = "late"
        FAILED = "failed"
        WITHHELD = "withheld"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    inquiry = models.ForeignKey(Inquiry, on_delete=models.PROTECT, related_name="lookups")
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="+")
    source_id = models.CharField(max_length=40)
    person = models.UUIDField()
    state = models.CharField(max_length=10, choices=State, default=State.ASKING)
    why = models.CharField(max_length=30, default="", db_default="")
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)
    told = models.JSONField(default=list)
    delivery = models.UUIDField(null=True)
    kept_from = models.UUIDField(null=True)
    request = models.TextField(default="", db_default="")
    receipt = models.TextField(default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inquiry", "source_id", "person"], name="asked_once")
        ]
        indexes = [
            models.Index(fields=["person", "source_id", "-answered_at"], name="kept_answers")
        ]


# The tables of trials name those above; Django looks for them here.
from anwang.triage.trials.models import (  # noqa: E402
    Backtest,  # noqa: F401
    BacktestDifference,  # noqa: F401
    FamilyWalk,  # noqa: F401
    QualityFigures,  # noqa: F401
    ShadowOutcome,  # noqa: F401
    StepSwitch,  # noqa: F401
)
