"""Who may say who is who: the desk of a report, the lead of its case; the database asks again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.permissions import Permit, check_pace, check_role, refuse, seats_in
from anwang.access.seen_fields import seen_fields
from anwang.access.vocabulary import Act, Role
from anwang.cases.queries.who_is_who import Question, question

PURPOSE: Final = "who-is-who"
# A team's worker where he leads the case himself: which questions, the database says.
JUDGE_ROLES: Final = (Role.DESK, Role.LEAD, Role.TEAM_WORKER, Role.SUPERVISOR)
SEEN_OF_PERSONS: Final = seen_fields("identity", "task")


def check_can_list_questions(actor: Actor) -> Permit:
    """A permit to see which questions of one's own wait. Raises Refused."""
    return check_role(actor, JUDGE_ROLES, PURPOSE)


def put_questions_on_record(permit: Permit, about: Iterable[uuid.UUID]) -> None:
    """The entry for lines of the queue that were shown; none where nothing was (D2)."""
    if ids := list(dict.fromkeys(about)):
        record_apart(
            Act.READ, actor=permit.actor, object_kind="report", object_ids=ids,
            purpose=permit.purpose, fields=["name"],
        )  # fmt: skip


def check_can_judge(actor: Actor, wanted: uuid.UUID) -> tuple[Permit, Question]:
    """A permit to see who may be meant and to say so; the reading is on record first (D2).

    Raises Refused, alike for a question that is not there and one that is not the actor's.
    """
    seats = seats_in(actor, JUDGE_ROLES)
    one = question(wanted) if seats else None
    if one is None:
        refuse(actor, PURPOSE, [wanted])
    task = one.state == "open"
    if not task:
        check_pace(actor, PURPOSE, [wanted])
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind="person", purpose=PURPOSE, fields=sorted(SEEN_OF_PERSONS),
        object_ids=[*one.persons, *([one.about] if one.about else [])],
        detail={"question": str(one.id), "task": task},
    )  # fmt: skip
    return Permit(actor, "task", PURPOSE, seats, SEEN_OF_PERSONS, audit_id), one
