"""Joins a report to the earlier one that it repeats, where policy says so and nothing asks for a person.

The judgement is made like a person's, by our program under its own name: each report keeps its reporter,
receipt and text, and the desk takes it back with one button. What a person has judged stays a person's.
"""

from __future__ import annotations

from anwang.access.permissions import Permit
from anwang.triage.actions.same_events import NotThisPair, judge_same_event
from anwang.triage.models import ASKED_ABOUT, Matter, SameEventJudgement, Screening
from anwang.triage.rules.automatic import JOIN, Earlier
from anwang.triage.rules.policies import TABLE_IDS


class NotFree(Exception):
    """Somebody holds the earlier report at this moment; the next look will find it."""


def is_to_join(screening: Screening) -> bool:
    """Whether policy would join the report, rather than dispatch it."""
    return bool(screening.proposal.get("screening") == JOIN)


def is_judged(matter: Matter) -> bool:
    """Whether anybody, or we, ever judged what the report repeats."""
    return SameEventJudgement.objects.filter(matter=matter).exists()


def earlier_of(matter: Matter) -> tuple[Matter, Earlier] | None:
    """The earlier report as it stands, locked until the transaction ends. Raises NotFree."""
    if matter.same_event_as is None:
        return None
    found = Matter.objects.filter(pk=matter.same_event_as)
    held = found.select_for_update(of=("self",), skip_locked=True, no_key=True).first()
    if held is None:
        if found.exists():
            raise NotFree
        return None
    last = Screening.objects.filter(matter=held).order_by("-at").first()
    here = held.desk_team == matter.desk_team and held.county == matter.county
    return held, Earlier(
        open=here and held.state in ASKED_ABOUT,
        grade=held.grade,
        stream=held.stream,
        inputs=last.inputs if last else {},
    )


def join(matter: Matter, earlier: Matter, screening: Screening, permit: Permit) -> bool:
    """Judge the two to tell one event; False where they are no such pair after all."""
    try:
        judge_same_event(
            matter.pk, earlier.pk, same=True, permit=permit, reason=_row_of(screening),
            seen=matter.changed_at,
        )  # fmt: skip
    except NotThisPair:
        return False
    return True


def _row_of(screening: Screening) -> str:
    """Table and row that said so, as the ground of the judgement."""
    rows = [
        str(one.get("row"))
        for one in screening.proposal.get("reasons") or ()
        if one.get("rule") == TABLE_IDS["repeats"]
    ]
    return " ".join([TABLE_IDS["repeats"], *rows])
