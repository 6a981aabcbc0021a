"""What is made of a report, by noun; the tables of instruments and trials stand in their rooms, named
here for Django."""

from anwang.triage.instruments.models import Answer
from anwang.triage.models.clocks import (
    Clock,
    ClockEvent,
    Escalation,
    Happening,
    OfficeClosure,
    Sweep,
    Watch,
)
from anwang.triage.models.dispatch import Dispute, Offer, Precedent
from anwang.triage.models.inquiries import Inquiry, LookUp
from anwang.triage.models.matters import (
    ASKED_ABOUT,
    CLOSED,
    OPEN,
    TRANSITIONS,
    Decision,
    Duty,
    Matter,
    Screening,
    State,
)
from anwang.triage.models.same_event import ReportTrace, SameEventJudgement, TraceKey
from anwang.triage.models.second_looks import SecondLook
from anwang.triage.trials.models import (
    Backtest,
    BacktestDifference,
    FamilyWalk,
    QualityFigures,
    ShadowOutcome,
    StepSwitch,
)

__all__ = [
    "ASKED_ABOUT",
    "CLOSED",
    "OPEN",
    "TRANSITIONS",
    "Answer",
    "Backtest",
    "BacktestDifference",
    "Clock",
    "ClockEvent",
    "Decision",
    "Dispute",
    "Duty",
    "Escalation",
    "FamilyWalk",
    "Happening",
    "Inquiry",
    "LookUp",
    "Matter",
    "Offer",
    "OfficeClosure",
    "Precedent",
    "QualityFigures",
    "ReportTrace",
    "SameEventJudgement",
    "Screening",
    "SecondLook",
    "ShadowOutcome",
    "State",
    "StepSwitch",
    "Sweep",
    "TraceKey",
    "Watch",
]
