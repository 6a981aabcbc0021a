"""Which adults may use a child's rights: a worker's judgement, ended and never overwritten (R13)."""

from __future__ import annotations

from django.db import transaction

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor
from anwang.access.models import SafeAdult
from anwang.access.vocabulary import Act


@transaction.atomic
def name_safe_adult(*, child: bytes, adult: bytes, ground: str, actor: Actor) -> SafeAdult:
    """Judge that an adult is safe for a child; both by the tokens of their numbers. For programs:
    people name one in a case (anwang.cases.actions.safe_adults).

    What was not known when it was judged undoes it: the database looks at every asking whether the
    adult is a respondent now (S4).
    """
    made = SafeAdult.objects.create(child=child, adult=adult, ground=ground, judged_by=actor.id)
    record_event(
        Act.SAFE_ADULT_NAMED, actor=actor, object_kind="safe-adult", object_ids=[made.pk],
        purpose="case-work", detail={"ground": ground},
    )  # fmt: skip
    return made
