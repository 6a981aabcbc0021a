"""Correcting a household's picture: a worker's word becomes a fact of our own, and can be taken back."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.cases.queries.household import reach
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.households.rules.corrections import correctables
from anwang.people.rules.columns import pack
from anwang.people.rules.forms import forms_of
from anwang.registries.actions.batches import new_delivery_id, record_id

_CORRECT = """
select cases.correct_household(%s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, %s,
    %s::text[], %s::text[], %s::text[], %s::text[], %s)
"""


class NotCorrectable(AnwangError):
    """That cannot be said of this person here."""


class NumberUnknown(AnwangError):
    """No register holds the other person's number, by which a relative is named."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a worker says: of whom, which of the correctable things, since which day, and why."""

    person: uuid.UUID
    what: str
    day: dt.date
    reason: str
    other: uuid.UUID | None = None
    address: str = ""


@transaction.atomic
def correct_household(family_id: uuid.UUID, word: Word, *, permit: Permit) -> uuid.UUID:
    """Write the word as a record of our own, known from now; gives the correction.

    Raises NotCorrectable, NumberUnknown.
    """
    said = correctables()[word.what]
    forms = forms_of({"address": word.address} if word.address else {}, token=_no_number)
    now = clock_now()
    delivery = new_delivery_id(now)
    begins, ends = said.days(word.day)
    values = [
        family_id, word.person, word.other, word.what, said.kind,
        json.dumps(said.values(word.day, word.address), ensure_ascii=False), begins, ends,
        json.dumps(forms.pack(), ensure_ascii=False), pack(forms), forms.address.full_key or None,
        word.reason, delivery, uuid.UUID(record_id(delivery, 1)), str(permit.actor.id),
        *reach(now),
    ]  # fmt: skip
    correction = _called(_CORRECT, values)
    record_event(
        Act.HOUSEHOLD_CORRECTED, actor=permit.actor, object_kind="family", object_ids=[family_id],
        purpose=permit.purpose, detail={"correction": str(correction), "what": word.what},
    )  # fmt: skip
    return uuid.UUID(str(correction))


@transaction.atomic
def take_correction_back(family_id: uuid.UUID, correction_id: uuid.UUID, *, permit: Permit) -> None:
    """Withdraw what a correction said, from now on. Raises NotCorrectable where it is gone already."""
    delivery = new_delivery_id(clock_now())
    done = _called(
        "select cases.take_correction_back(%s, %s, %s)",
        [correction_id, delivery, uuid.UUID(record_id(delivery, 1))],
    )
    if not done:
        raise NotCorrectable(_("這筆更正已經收回，或不是這一家的。"))
    record_event(
        Act.CORRECTION_UNDONE, actor=permit.actor, object_kind="family", object_ids=[family_id],
        purpose=permit.purpose, detail={"correction": str(correction_id)},
    )  # fmt: skip


def _called(statement: str, values: list[Any]) -> object:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()[0]
    except DatabaseError as error:
        if "correction: no-number" in str(error):
            raise NumberUnknown(
                _("沒有來源知道對方的統一編號，還不能記下這層關係。請先確認對方是誰。")
            ) from None
        if "correction: not-yours" in str(error):
            raise NotCorrectable(_("貴組在這一家沒有進行中的個案，不能更正。")) from None
        if "correction: " in str(error):
            raise NotCorrectable(_("這個人還不在這一家的資料裡，不能在這裡更正。")) from None
        raise


def _no_number(_number: str) -> bytes:
    raise AssertionError("A correction tells no number.")
