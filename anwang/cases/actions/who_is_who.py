"""People say who is who: confirmed, rejected, merged, split, kept apart, and each taken back.

A judgement is rows that are added; who may make which, and what follows, is the database's to say
(migrations/0015_people_judge.py). Nothing here could be left out to get around it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any, Final, Literal, NoReturn

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.actions.two_persons import NotWithTwo, ask
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.cases.queries.who_is_who import MERGE, Judged, Question
from anwang.common.errors import AnwangError

Said = Literal["same", "not-same", "merge", "apart", "split"]
_REASON: Final = re.compile(r"(identity|two-persons): ([a-z-]+)")


class NotJudged(AnwangError):
    """The database refused the judgement; `reason` is its code. Nothing was changed."""

    def __init__(self, reason: str) -> None:
        texts = {
            "say-why": _("這與目前的判斷不同，請寫明理由（至少五個字）。"),
            "two-persons": _("兩個人都有案件或已經由人判斷過，合併要兩個人：請先提出申請。"),
            "already": _("已經是這樣判斷。"),
            "judged-since": _("之後又有別的判斷，請先收回較新的。"),
            "nothing-stays": _("至少要留一筆紀錄給原來的人。"),
            "no-such-record": _("請選要分出去的紀錄。"),
        }
        super().__init__(texts.get(reason, _("這一步現在不能進行，請重新看過。")))
        self.reason = reason


@transaction.atomic
def judge(
    question: Question,
    said: Said,
    person: uuid.UUID,
    *,
    permit: Permit,
    other: uuid.UUID | None = None,
    records: Sequence[uuid.UUID] = (),
    reason: str = "",
    request: uuid.UUID | None = None,
) -> uuid.UUID:
    """Say that a record is (not) `person`, that `person` is `other` (or is not), or that `records`
    of `person` are `other` (None: somebody new). Returns the judgement.

    `request`: the approved act of two persons, for a merge that takes two. Raises NotJudged.
    """
    made = _call(
        "select cases.judge_identity(%s, %s, %s, %s, %s, %s, %s)",
        [question.id, said, list(records), person, other, reason, request],
        permit, question,
    )  # fmt: skip
    _record(permit, question, said, made, [person, other, *records], request)
    return made


@transaction.atomic
def take_back(
    question: Question,
    judged: uuid.UUID,
    *,
    permit: Permit,
    reason: str = "",
    request: uuid.UUID | None = None,
) -> uuid.UUID:
    """Take a judgement back: what stood before stands again. Returns the new judgement.

    `request` where two persons made it. Raises NotJudged.
    """
    made = _call(
        "select cases.undo_identity(%s, %s, %s)", [judged, reason, request], permit, question
    )
    _record(permit, question, "undone", made, [judged], request)
    return made


@transaction.atomic
def ask_to_merge(
    question: Question,
    person: uuid.UUID,
    other: uuid.UUID,
    *,
    ground: str,
    text: str,
    permit: Permit,
) -> uuid.UUID:
    """Ask another of a different rank to agree that `person` is `other`; returns the request.

    Raises NotAskedWell, NotWithTwo.
    """
    payload = {"question": str(question.id), "other": str(other)}
    return ask(MERGE, "person", person, ground, text, payload, permit.actor)


@transaction.atomic
def ask_to_take_back(
    question: Question, judged: Judged, *, ground: str, text: str, permit: Permit
) -> uuid.UUID:
    """Ask for the undoing of a merge that two persons made. Raises NotAskedWell, NotWithTwo."""
    assert judged.person and judged.other
    payload = {"question": str(question.id), "other": str(judged.other), "undoes": str(judged.id)}
    return ask(MERGE, "person", judged.person, ground, text, payload, permit.actor)


def _call(sql: str, values: list[Any], permit: Permit, question: Question) -> uuid.UUID:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            (made,) = cursor.fetchone()
    except DatabaseError as error:
        _refuse(error, permit, question)
    return uuid.UUID(str(made))


def _record(
    permit: Permit,
    question: Question,
    said: str,
    made: uuid.UUID,
    about: Sequence[uuid.UUID | None],
    request: uuid.UUID | None,
) -> None:
    record_event(
        Act.LINK_JUDGED, actor=permit.actor, object_kind="person", purpose=permit.purpose,
        object_ids=[*question.records[:1], *(one for one in about if one)],
        detail={"judgement": said, "by_person": True, "question": str(question.id),
                "made": str(made)} | ({"request": str(request)} if request else {}),
    )  # fmt: skip
    if request:
        record_event(
            Act.TWO_PERSONS_USED, actor=permit.actor, object_kind="person", purpose=MERGE,
            object_ids=[one for one in about if one], detail={"request": str(request)},
        )  # fmt: skip


def _refuse(error: DatabaseError, permit: Permit, question: Question) -> NoReturn:
    found = _REASON.search(str(error))
    if found is None:
        raise error
    record_apart(
        Act.REFUSED, actor=permit.actor, purpose=permit.purpose, object_ids=[question.id],
        result="refused", detail={"reason": found.group(2)},
    )  # fmt: skip
    if found.group(1) == "two-persons":
        raise NotWithTwo(found.group(2)) from None
    raise NotJudged(found.group(2)) from None
