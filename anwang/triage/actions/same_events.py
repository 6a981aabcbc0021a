"""A person's answer to *same event?*: kept as a judgement, never hiding a report, always undoable."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from anwang.access.actions import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.triage.actions.clocks import drop_clocks, next_due, run_again
from anwang.triage.actions.decisions import DISPATCH_CLOCK, NotNow, locked
from anwang.triage.models import Matter, SameEventJudgement, State


@transaction.atomic
def judge_same_event(
    matter_id: uuid.UUID, earlier_id: uuid.UUID, *, same: bool | None, permit: Permit,
    reason: str = "",
) -> SameEventJudgement:  # fmt: skip
    """Say that two reports tell one event, that they do not, or (None) take an answer back.

    Joined, the later report is worked with the earlier one; it keeps its receipt, reporter and
    text. Raises NotNow.
    """
    to = State.LINKED if same else State.AWAITING_DECISION
    matter = Matter.objects.select_for_update(of=("self",)).filter(pk=matter_id).first()
    if matter is None or not Matter.objects.filter(pk=earlier_id).exists():
        raise NotNow(_("這件通報的狀態已經改變，請重新看過再決定。"))
    judged = SameEventJudgement.objects.create(
        matter=matter, earlier_id=earlier_id, same=same, by=permit.actor.id, reason=reason,
        at=clock_now(),
    )  # fmt: skip
    if same or matter.state == State.LINKED:
        locked(matter_id, to)
        _move(matter, to, judged)
    if same is False and matter.same_event_as == earlier_id:
        matter.same_event_as, matter.same_event_probability = None, None
        matter.save(update_fields=["same_event_as", "same_event_probability"])
    record_event(Act.SAME_EVENT_JUDGED, actor=permit.actor, object_kind="report",
                 object_ids=[matter.pk, earlier_id], purpose=permit.purpose,
                 result={True: "same", False: "not-same", None: "taken-back"}[same])  # fmt: skip
    return judged


def _move(matter: Matter, to: State, judged: SameEventJudgement) -> None:
    if to == State.LINKED:
        drop_clocks(matter, judged.at, judged.pk)
        matter.same_event_as = judged.earlier_id
        matter.due_at = None
    else:
        run_again(matter, DISPATCH_CLOCK)
        matter.due_at = next_due(matter, judged.at)
    matter.state, matter.changed_at = to, judged.at
    matter.save(update_fields=["state", "changed_at", "due_at", "same_event_as"])
