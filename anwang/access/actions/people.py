"""What a county's administrator does with its people's rights; each rule is the database's (R2, R4)."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_lazy as _

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.context import Actor
from anwang.access.models import Fulfilment, Membership
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError, Refused
from anwang.common.yaml_files import read_yaml

GROUNDS_FILE: Final = Path(__file__).resolve().parents[1] / "policies" / "rights_grounds.yaml"
_REASON: Final = re.compile(r"people: ([a-z-]+)")
_SAID: Final[dict[str, Any]] = {
    "oneself": _("不能變更自己的權限，用自己的另一個帳號也不行。請另一位管理人員處理。"),
    "higher-rank": _("這個帳號有比管理人員更高的職級，或有其他縣市的職務，這裡不能變更。"),
    "role-not-yours": _("這個職務不是由帳號管理人員給的。"),
    "no-such-team": _("這個職務要選一個合適的團隊。"),
    "without-team": _("這個職務不屬於任何團隊，請不要選團隊。"),
    "has-it": _("這個人已經有這項職務。"),
    "ended": _("帳號已經結束。要再給職務，請先重新開啟帳號。"),
    "no-ground": _("請選一個理由。"),
    "duties": _("這個人還主責未結的案件。請先指定由誰接手。"),
    "no-such-successor": _("接手的人要在同一個團隊，帳號與訓練都有效。"),
    "no-such-training": _("請選一項訓練。"),
    "no-such-day": _("通過日期不能是未來，也不能已經超過有效期間。"),
    "no-proof": _("請寫下證明（課程或證書字號），至少 3 個字。"),
}


class RightsNotChanged(AnwangError):
    """A rule of the database stands against it; the text says which, `reason` is its code."""

    def __init__(self, reason: str) -> None:
        super().__init__(str(_SAID[reason]))
        self.reason = reason


@cache
def grounds_for(act: str) -> dict[str, dict[str, str]]:
    """Code -> words, of the grounds that serve an act: give, take, end, reopen, sessions."""
    rows = read_yaml(GROUNDS_FILE)["rows"]
    return {str(row["id"]): dict(row["text"]) for row in rows if act in row["for"]}


def give_place(
    account: uuid.UUID, team: str, role: str, ground: str, *, permit: Permit
) -> uuid.UUID:
    """Give an account a role, in a team where the role has one; the membership's id.

    It works with the account's next statement. The account and the team are told. Raises
    RightsNotChanged, Refused.
    """
    _check_ground("give", ground)
    made: str = _call(permit, account, "select access.give_place(%s, %s, %s, %s)", account, team, role,
                      ground)  # fmt: skip
    _record(permit.actor, account, before=None, after=_place(team, role), ground=ground,
            membership=str(made))  # fmt: skip
    return uuid.UUID(str(made))


def take_place(
    membership: uuid.UUID, ground: str, successor: uuid.UUID | None, *, permit: Permit
) -> None:
    """End a role; open cases that it leads go to `successor` first. Raises as `give_place`."""
    _check_ground("take", ground)
    place = Membership.objects.filter(pk=membership).first()
    if place is None:
        _refuse(permit.actor, membership, "not-yours")
        return
    _call(permit, place.account_id, "select access.take_place(%s, %s, %s)", membership, ground,
          successor)  # fmt: skip
    _record(
        permit.actor, place.account_id, before=_place(place.team_id, place.role), after=None,
        ground=ground, membership=str(membership), successor=str(successor or ""),
    )  # fmt: skip


def end_account_of(
    account: uuid.UUID, ground: str, successor: uuid.UUID | None, *, permit: Permit
) -> None:
    """End an account, its places and its sessions at once; open cases go to `successor` (S11, S12)."""
    _check_ground("end", ground)
    before = _open_places(account)
    _call(permit, account, "select access.end_account_of(%s, %s, %s)", account, ground, successor)
    record_event(
        Act.ACCOUNT_ENDED, actor=permit.actor, object_kind="account", object_ids=[account],
        purpose=permit.purpose,
        detail={"before": before, "after": [], "ground": ground, "successor": str(successor or "")},
    )  # fmt: skip


def reopen_account(account: uuid.UUID, ground: str, *, permit: Permit) -> None:
    """Open an ended account again, without any place; the undoing of an ending."""
    _check_ground("reopen", ground)
    _call(permit, account, "select access.reopen_account(%s, %s)", account, ground)
    record_event(
        Act.ACCOUNT_REOPENED, actor=permit.actor, object_kind="account", object_ids=[account],
        purpose=permit.purpose, detail={"ground": ground},
    )  # fmt: skip


def end_sessions_of(account: uuid.UUID, ground: str, *, permit: Permit) -> int:
    """Sign an account out everywhere; how many sessions that ended."""
    _check_ground("sessions", ground)
    ended = int(_call(permit, account, "select access.end_sessions_of(%s, %s)", account, ground))
    record_event(
        Act.SESSIONS_ENDED, actor=permit.actor, object_kind="account", object_ids=[account],
        purpose=permit.purpose, detail={"sessions": ended, "ground": ground},
    )  # fmt: skip
    return ended


def note_training(
    account: uuid.UUID, requirement: str, passed_on: dt.date | None, proof: str, *, permit: Permit
) -> uuid.UUID:
    """Note that somebody passed a training on a day; the proof names course or certificate."""
    made = _call(permit, account, "select access.note_training(%s, %s, %s, %s)", account, requirement,
                 passed_on, proof)  # fmt: skip
    record_event(
        Act.TRAINING_NOTED, actor=permit.actor, object_kind="account", object_ids=[account],
        purpose=permit.purpose,
        detail={"requirement": requirement, "passed_on": str(passed_on), "fulfilment": str(made)},
    )  # fmt: skip
    return uuid.UUID(str(made))


def withdraw_training(fulfilment: uuid.UUID, *, permit: Permit) -> uuid.UUID:
    """Take back a training that was noted wrongly; whose it was. What rests on it closes at once."""
    noted = Fulfilment.objects.filter(pk=fulfilment).first()
    if noted is None:
        _refuse(permit.actor, fulfilment, "not-yours")
    account = _call(permit, fulfilment, "select access.withdraw_training(%s)", fulfilment)
    record_event(
        Act.TRAINING_WITHDRAWN, actor=permit.actor, object_kind="account", object_ids=[account],
        purpose=permit.purpose, detail={"fulfilment": str(fulfilment)},
    )  # fmt: skip
    return uuid.UUID(str(account))


def _check_ground(act: str, ground: str) -> None:
    if ground not in grounds_for(act):
        raise RightsNotChanged("no-ground")


def _call(permit: Permit, about: uuid.UUID, sql: str, *values: Any) -> Any:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchone()[0]
    except DatabaseError as error:
        found = _REASON.search(str(error))
        if found is None:
            raise
        return _refuse(permit.actor, about, found.group(1))


def _refuse(actor: Actor, about: uuid.UUID, reason: str) -> None:
    """Put the refusal on record. What is not the actor's looks like what does not exist."""
    record_apart(
        Act.REFUSED, actor=actor, object_kind="account", object_ids=[about],
        purpose="people-and-rights", result="refused", detail={"reason": reason},
    )  # fmt: skip
    if reason in _SAID:
        raise RightsNotChanged(reason) from None
    raise Refused("您沒有權限進行這項操作。") from None


def _place(team: str, role: str) -> dict[str, str]:
    return {"team": team, "role": role}


def _open_places(account: uuid.UUID) -> list[dict[str, str]]:
    found = Membership.objects.filter(account_id=account, until=None).order_by("since")
    return [_place(one.team_id, one.role) for one in found]


def _record(actor: Actor, account: uuid.UUID, **said: Any) -> None:
    record_event(
        Act.RIGHTS_CHANGED, actor=actor, object_kind="account", object_ids=[account],
        purpose="people-and-rights", detail=said,
    )  # fmt: skip
