"""Rows of second looks: asked for afterwards, given, lapsed. Who may give one is the database's to say."""

from __future__ import annotations

import datetime as dt

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.triage.models import Decision, Matter, SecondLook
from anwang.triage.rules.second_looks import WantedLook


def settle_look(
    matter: Matter, decision: Decision, permit: Permit, agreed: SecondLook | None
) -> None:
    """The second look that the decision was made with is given; any other question lapses."""
    if agreed is None:
        lapse_looks(matter, permit, decision.at)
    else:
        agreed.decision = decision
        end_look(agreed, SecondLook.Verdict.AGREED, permit)


def ask_afterwards(matter: Matter, decision: Decision, look: WantedLook, permit: Permit) -> None:
    """It has gone, since nobody may wait for a colleague; somebody looks at it afterwards."""
    SecondLook.objects.create(
        matter=matter, kind=look.kind, reasons=list(look.reasons), seen=decision.at,
        asked_by=permit.actor.id, asked_at=decision.at, decision=decision,
    )  # fmt: skip
    record_asked(matter, look, permit)


def record_asked(matter: Matter, look: WantedLook, permit: Permit) -> None:
    """The audit entry of a question."""
    record_event(
        Act.SECOND_LOOK_ASKED, actor=permit.actor, object_kind="report", object_ids=[matter.pk],
        purpose=permit.purpose, result=str(look.kind),
    )  # fmt: skip


def lapse_looks(matter: Matter, permit: Permit, at: dt.datetime) -> None:
    """A decision was made otherwise, or the question was put anew: nobody answers the open one."""
    lapsed = SecondLook.objects.filter(matter=matter, verdict="").update(
        verdict=SecondLook.Verdict.LAPSED, looked_by=permit.actor.id, looked_at=at
    )
    if lapsed:
        record_event(
            Act.SECOND_LOOK_GIVEN, actor=permit.actor, object_kind="report",
            object_ids=[matter.pk], purpose=permit.purpose, result="lapsed",
        )  # fmt: skip


def end_look(look: SecondLook, verdict: SecondLook.Verdict, permit: Permit, said: str = "") -> None:
    """Write what the second person said, and who it was; the database refuses the first person."""
    look.verdict, look.said = verdict, said.strip()
    look.looked_by, look.looked_at = permit.actor.id, clock_now()
    look.save(update_fields=["verdict", "said", "looked_by", "looked_at", "decision"])
    record_event(
        Act.SECOND_LOOK_GIVEN, actor=permit.actor, object_kind="report",
        object_ids=[look.matter_id], purpose=permit.purpose, result=str(verdict),
    )  # fmt: skip
