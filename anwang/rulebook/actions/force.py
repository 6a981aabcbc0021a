"""Drafts written, proposed, put in force by a second person, set aside, retired.

What may be done by whom is held by the database's functions (rulebook migration 0003); nothing here
could be left out to get around them. Each step leaves one audit entry.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError
from anwang.rulebook.actions.shipped import digest_of, plain_body, rows_of
from anwang.rulebook.models import PolicyAct, PolicyVersion

_REASON: Final = re.compile(r"policies: ([a-z-]+)")
_ANSWERED: Final = {
    "put-in-force": Act.POLICY_PUT_IN_FORCE,
    "retired": Act.POLICY_RETIRED,
    "declined": Act.POLICY_DECLINED,
}
_SET_ASIDE: Final = {
    "shadowed": Act.POLICY_SHADOWED,
    "unshadowed": Act.POLICY_SHADOWED,
    "discarded": Act.POLICY_DISCARDED,
}


class PolicyRefused(AnwangError):
    """The database refused a step on a policy; `reason` is its code. Nothing was changed."""

    def __init__(self, reason: str) -> None:
        texts = {
            "may-not": _("這一層的規則不由您的職務更改：全國由中央，縣市的差異由該縣市主管。"),
            "same-human": _("提案的人不能自己讓它生效，請另一位同事看過後按生效。"),
            "human-unknown": _("其中一個帳號還沒有登記是誰，不能由這兩個帳號共同生效。"),
            "changed-meanwhile": _("您看過之後內容有了變動，請看過新的內容再決定。"),
            "not-a-draft": _("這一版已經提案、試行或生效過，不能再改；請另存新版。"),
            "name-taken": _("已經有這個版本名稱，請換一個。"),
            "text-too-short": _("理由太短：提案至少 10 個字，退回至少 2 個字，讓同事能判斷。"),
            "proposed-already": _("已經有提案在等另一位同事。"),
            "answered-already": _("這個提案已經有人答覆了。"),
            "the-nation-needs-one": _("全國的規則不能沒有生效的版本；請改以另一版取代。"),
            "not-in-that-state": _("這一版現在的狀態不能這樣做，請重新看過。"),
            "begins-already": _("這一版已經排定開始的日子；要撤回，請提案讓現行的版本繼續。"),
            "asker-may-not": _("提案的人已不在這個職務，請重新提案。"),
        }
        super().__init__(texts.get(reason, _("這一步現在不能進行，請重新看過。")))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Draft:
    """What an official writes: the table's content and which version it was made from."""

    policy_id: str
    county: str | None
    body: Mapping[str, Any]
    base: int | None = None
    number: int | None = None
    seen: str = ""


@transaction.atomic
def write_draft(draft: Draft, *, permit: Permit, from_file: bool = False) -> int:
    """Write a draft, new (no `number`) or anew, and return its number. Raises PolicyRefused.

    `seen` is the digest of the content that the writer had before him: nobody overwrites another.
    """
    body = plain_body(draft.body)
    values = [
        draft.number, draft.seen, draft.policy_id, draft.county, str(body["version"]),
        body["valid_from"], body.get("valid_to"), rows_of(body),
        json.dumps(body, ensure_ascii=False), digest_of(body), draft.base,
    ]  # fmt: skip
    places = "%s, %s, %s, %s, %s, %s::date, %s::date, %s, %s::jsonb, %s, %s"
    number = _call(f"select rulebook.write_draft({places})", values, permit, draft.number)
    record_event(
        Act.POLICY_LOADED if from_file else Act.POLICY_WRITTEN, actor=permit.actor,
        object_kind="policy", object_ids=[number], purpose=permit.purpose,
        detail={"policy": draft.policy_id, "county": draft.county, "rows": rows_of(body)},
    )  # fmt: skip
    return int(number)


@transaction.atomic
def propose_version(
    version: PolicyVersion, *, text: str, permit: Permit, starts_at: dt.datetime | None = None,
    retire: bool = False,
) -> uuid.UUID:  # fmt: skip
    """Propose that a version come in force from `starts_at` on (at once without), or be retired.

    One that holds now and is to end goes on from that end: whatever was to begin then does not.
    Whether its table has faults is the caller's to look at before. Raises PolicyRefused.
    """
    values = [version.pk, version.sha256, retire, starts_at, text]
    made = _call("select rulebook.propose(%s, %s, %s, %s, %s)", values, permit, version.pk)
    record_event(
        Act.POLICY_PROPOSED, actor=permit.actor, object_kind="policy", object_ids=[version.pk],
        purpose=permit.purpose, detail={"policy": version.policy_id, "retire": retire},
    )  # fmt: skip
    return uuid.UUID(str(made))


@transaction.atomic
def answer_proposal(proposal: PolicyAct, *, agreed: bool, text: str, permit: Permit) -> str:
    """Put a proposed version in force (or retire it), or decline; returns what was done.

    Agreeing takes another human than who proposed. Raises PolicyRefused.
    """
    values = [proposal.pk, agreed, text]
    done = str(
        _call("select rulebook.answer(%s, %s, %s)", values, permit, proposal.version_id)
    )  # fmt: skip
    record_event(
        _ANSWERED[done], actor=permit.actor, object_kind="policy",
        object_ids=[proposal.version_id], purpose=permit.purpose,
        detail={"policy": proposal.version.policy_id, "proposal": str(proposal.pk)},
    )  # fmt: skip
    return done


@transaction.atomic
def set_version_aside(version: PolicyVersion, how: str, *, permit: Permit, text: str = "") -> None:
    """Let a draft run in shadow (`shadowed`), end that (`unshadowed`), or discard it.

    None of these has any effect on a report. Raises PolicyRefused.
    """
    _call("select rulebook.set_aside(%s, %s, %s)", [version.pk, how, text], permit, version.pk)
    record_event(
        _SET_ASIDE[how], actor=permit.actor, object_kind="policy", object_ids=[version.pk],
        purpose=permit.purpose, detail={"policy": version.policy_id, "how": how},
    )  # fmt: skip


def _call(sql: str, values: list[Any], permit: Permit, about: int | None) -> Any:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            row = cursor.fetchone()
            return row[0] if row else None
    except DatabaseError as error:
        _refuse(error, permit, about)


def _refuse(error: DatabaseError, permit: Permit, about: int | None) -> NoReturn:
    found = _REASON.search(str(error))
    if found is None:
        raise error
    record_apart(
        Act.REFUSED, actor=permit.actor, object_kind="policy", purpose=permit.purpose,
        object_ids=[about] if about else [], result="refused", detail={"reason": found.group(1)},
    )  # fmt: skip
    raise PolicyRefused(found.group(1)) from None
