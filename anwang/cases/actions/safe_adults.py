"""Naming the adults who may use a child's rights, and ending it: the lead's judgement in a case (R13).

The database's functions hold every rule; what they refuse is what this case's own report says.
"""

from __future__ import annotations

import re
import uuid
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_lazy as _

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.permissions import Permit
from anwang.access.tokens import id_token
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError
from anwang.common.yaml_files import read_yaml

GROUNDS_FILE: Final = Path(__file__).resolve().parents[1] / "policies" / "safe_adult_grounds.yaml"
_REASON: Final = re.compile(r"safe-adults: ([a-z-]+)")
_SAID: Final[dict[str, Any]] = {
    "not-the-lead": _("只有這件案子的主責可以指定；取消可以由主責或督導。"),
    "no-such-child": _("請選一個孩子。"),
    "child-without-number": _("這個孩子沒有身分證統一編號，還不能指定。"),
    "grown-up": _("這個人已經成年，可以自己行使權利。"),
    "no-number": _("大人的身分證統一編號不對，請再核對證件。"),
    "a-child": _("這是案件裡的孩子，不能指定為安全成人。"),
    "respondent": _("這個人是這件通報的相對人，不能指定。"),
    "named-already": _("這位大人已經指定過了。"),
    "ended-already": _("已經取消過了。"),
    "no-ground": _("請選一個理由。"),
}


class NotSafe(AnwangError):
    """A rule stands against it; the text says which, `reason` is its code. Nothing was changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(str(_SAID[reason]))
        self.reason = reason


@cache
def grounds_for(act: str) -> dict[str, dict[str, str]]:
    """Code -> words, of the grounds that serve an act: name, end."""
    rows = read_yaml(GROUNDS_FILE)["rows"]
    return {str(row["id"]): dict(row["text"]) for row in rows if act in row["for"]}


@transaction.atomic
def name_adult(
    case_id: uuid.UUID, child: int, number: str, ground: str, *, permit: Permit
) -> uuid.UUID:
    """Name the holder of a national ID safe for a subject of the case's report; the row's id.

    `child` is the subject's place, from 0. Holds until ended, until the child comes of age, and
    not while any report has the adult as respondent. Raises NotSafe.
    """
    if ground not in grounds_for("name"):
        raise NotSafe("no-ground")
    token = id_token(number)
    if token is None:
        raise NotSafe("no-number")
    made = _call(permit, case_id, "select cases.name_safe_adult(%s, %s, %s, %s)",
                 case_id, child, token, ground)  # fmt: skip
    _record(Act.SAFE_ADULT_NAMED, case_id, made, ground, permit)
    return uuid.UUID(str(made))


@transaction.atomic
def end_adult(case_id: uuid.UUID, named: uuid.UUID, ground: str, *, permit: Permit) -> None:
    """End it from this instant on, for open sessions too. Raises NotSafe."""
    if ground not in grounds_for("end"):
        raise NotSafe("no-ground")
    _call(permit, case_id, "select cases.end_safe_adult(%s, %s)", case_id, named)
    _record(Act.SAFE_ADULT_ENDED, case_id, named, ground, permit)


def _record(act: Act, case_id: uuid.UUID, named: object, ground: str, permit: Permit) -> None:
    record_event(
        act, actor=permit.actor, object_kind="safe-adult", object_ids=[named],
        purpose=permit.purpose, detail={"ground": ground, "case": str(case_id)},
    )  # fmt: skip


def _call(permit: Permit, case_id: uuid.UUID, statement: str, *values: Any) -> Any:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            (answer,) = cursor.fetchone()
    except DatabaseError as error:
        _refuse(error, case_id, permit)
    return answer


def _refuse(error: DatabaseError, case_id: uuid.UUID, permit: Permit) -> NoReturn:
    found = _REASON.search(str(error))
    if found is None:
        raise error
    record_apart(
        Act.REFUSED, actor=permit.actor, purpose=permit.purpose, object_ids=[case_id],
        result="refused", detail={"reason": found.group(1)},
    )  # fmt: skip
    raise NotSafe(found.group(1)) from None
