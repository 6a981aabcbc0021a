"""Keeps answers to an instrument: a row for each that is new or taken back, none is overwritten."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.rulebook.rules.instruments import Instrument, answer_faults
from anwang.triage.actions.decisions import NotNow
from anwang.triage.instruments.models import Answer
from anwang.triage.instruments.queries import current
from anwang.triage.models import ASKED_ABOUT, Matter

LONGEST_TEXT: Final = 2000


class AnswersDoNotFit(AnwangError):
    """An answer is none that its question offers. Nothing was kept; choose from the form."""


@transaction.atomic
def keep_answers(
    matter_id: uuid.UUID, instrument: Instrument, given: Mapping[str, Any], *, permit: Permit
) -> int:
    """Keep what differs from the last answers and say how many rows that made.

    `given` names every question of the form; None takes an answer back or leaves it unasked. It
    changes no grade, no stream, no offer and no clock. Raises NotNow, AnswersDoNotFit.
    """
    matter = Matter.objects.select_for_update(of=("self",)).filter(pk=matter_id).first()
    if matter is None or matter.state not in ASKED_ABOUT:
        raise NotNow(_("這件通報已經結束，表單不能再填。"))
    _check(instrument, given)
    rows = Answer.objects.filter(matter=matter, instrument=instrument.id).order_by("at", "id")
    known = current(rows, instrument)
    at = clock_now()
    made = [
        Answer(
            matter=matter, instrument=instrument.id, version=instrument.version,
            question=question, value=value, by=permit.actor.id, at=at,
        )
        for question, value in given.items()
        if value != known.get(question)
    ]  # fmt: skip
    if made:
        Answer.objects.bulk_create(made)
        record_event(
            Act.INSTRUMENT_ANSWERED, actor=permit.actor, object_kind="report",
            object_ids=[matter.pk], purpose=permit.purpose,
            detail={
                "instrument": instrument.id, "version": instrument.version,
                "answers": sum(one.value is not None for one in made),
                "taken_back": sum(one.value is None for one in made),
            },
        )  # fmt: skip
    return len(made)


def _check(instrument: Instrument, given: Mapping[str, Any]) -> None:
    told = {question: value for question, value in given.items() if value is not None}
    too_long = any(isinstance(one, str) and len(one) > LONGEST_TEXT for one in told.values())
    if too_long or answer_faults(instrument, told):
        raise AnswersDoNotFit(_("有答案不在表單的選項裡，或文字超過 2000 字。沒有存下任何答案。"))
