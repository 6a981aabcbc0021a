"""A person's answer to *same event?*: kept as a judgement, never hiding a report, always undoable."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.intake.models import Report
from anwang.triage.actions.clocks import drop_clocks, next_due, resume_clocks
from anwang.triage.actions.decisions import NotNow
from anwang.triage.models import TRANSITIONS, Matter, SameEventJudgement, Screening, State


class NotThisPair(AnwangError):
    """A report is joined to another one that was accepted earlier, never to itself."""


@transaction.atomic
def judge_same_event(
    matter_id: uuid.UUID, earlier_id: uuid.UUID, *, same: bool | None, permit: Permit,
    reason: str = "", seen: dt.datetime | None = None,
) -> SameEventJudgement:  # fmt: skip
    """Say that two reports tell one event, that they do not, or (None) take an answer back.

    Joined, the later report is worked with the earlier one; it keeps its receipt, reporter and
    text. Raises NotNow, NotThisPair.
    """
    matter = Matter.objects.select_for_update(of=("self",)).filter(pk=matter_id).first()
    if matter is None or (seen is not None and matter.changed_at != seen):
        raise NotNow(_("這件通報的狀態已經改變，請重新看過再決定。"))
    _check_pair(matter_id, earlier_id)
    joined_to = latest_join(matter)
    if same and (joined_to or State.LINKED not in TRANSITIONS[State(matter.state)]):
        raise NotNow(_("這件通報的狀態已經改變，請重新看過再決定。"))
    judged = SameEventJudgement.objects.create(
        matter=matter, earlier_id=earlier_id, same=same, by=permit.actor.id, reason=reason.strip(),
        at=clock_now(),
    )  # fmt: skip
    if same:
        _join(matter, judged)
    elif joined_to == earlier_id:
        _separate(matter, judged)
    _propose(matter, judged)
    record_event(Act.SAME_EVENT_JUDGED, actor=permit.actor, object_kind="report",
                 object_ids=[matter.pk, earlier_id], purpose=permit.purpose,
                 result={True: "same", False: "not-same", None: "taken-back"}[same])  # fmt: skip
    return judged


def latest_join(matter: Matter) -> uuid.UUID | None:
    """The earlier report that a joined matter is worked with."""
    return matter.same_event_as if matter.state == State.LINKED else None


def _check_pair(later_id: uuid.UUID, earlier_id: uuid.UUID) -> None:
    """One direction only, or two reports could be joined to each other and both leave the queue."""
    found = Report.objects.filter(pk__in=[later_id, earlier_id]).values_list(
        "pk", "accepted_at", "receipt"
    )
    at = {pk: (accepted_at, receipt) for pk, accepted_at, receipt in found}
    if later_id == earlier_id or len(at) < 2 or at[earlier_id] >= at[later_id]:
        raise NotThisPair(_("只能併入較早受理的另一件通報。"))


def _join(matter: Matter, judged: SameEventJudgement) -> None:
    drop_clocks(matter, judged.at, judged.pk)
    matter.state, matter.changed_at = State.LINKED, judged.at
    matter.same_event_as, matter.due_at = judged.earlier_id, None
    matter.save(update_fields=["state", "changed_at", "due_at", "same_event_as"])


def _separate(matter: Matter, judged: SameEventJudgement) -> None:
    resume_clocks(matter)
    matter.state, matter.changed_at = State.AWAITING_DECISION, judged.at
    matter.due_at = next_due(matter, judged.at)
    matter.save(update_fields=["state", "changed_at", "due_at"])


def _propose(matter: Matter, judged: SameEventJudgement) -> None:
    """What is shown as proposed: nothing that was denied, again what a taken-back answer denied."""
    if judged.same is False and matter.same_event_as == judged.earlier_id:
        matter.same_event_as, matter.same_event_probability = None, None
    elif judged.same is None and matter.same_event_as is None:
        latest = Screening.objects.filter(matter=matter).order_by("-at").first()
        found = {one["report"]: one for one in (latest.same_event if latest else [])}
        if proposed := found.get(str(judged.earlier_id)):
            matter.same_event_as = judged.earlier_id
            matter.same_event_probability = proposed["probability"]
    matter.changed_at = judged.at
    matter.save(update_fields=["same_event_as", "same_event_probability", "changed_at"])
