"""What a county's administrator does so that somebody can sign in: invite, a new code, lost factors.

The database holds the rules: of one's own county, nobody of one's rank or above, and not both a code
and a reset of the second factors for one account within 30 days.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, connection, transaction

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.context import Actor
from anwang.access.rules.sign_in import sign_in_policy
from anwang.access.vocabulary import Act
from anwang.common.errors import AnwangError, Refused

_REASON: Final = re.compile(r"accounts: ([a-z-]+)")
_CODE_BYTES: Final = 15  # 120 bits: six groups of four signs


class NameTaken(AnwangError):
    """An account with this sign-in name exists. Choose another name."""


class NotYourAccount(Refused):
    """The database refused an act on an account; `reason` is its code.

    `not-yours`, `another-administrator` (who gave a code may not reset the factors, nor the other
    way round, within 30 days) or `text-too-short`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("您不能對這個帳號做這件事。")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Invited:
    """An account that waits for its password; `code` is shown once and kept nowhere."""

    account_id: uuid.UUID
    code: str
    until: dt.datetime


def code_digest(code: str) -> bytes:
    """What stands in the table for a code; spaces, hyphens and case do not count."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(plain.encode()).digest()


def invite(
    username: str,
    *,
    display_name: str,
    display_name_en: str,
    county: str | None,
    human: bytes | None,
    actor: Actor,
) -> Invited:
    """Make an account without a password and without a seat, and a code to set the password with.

    `human`: the token of the person's own number (R5). Raises NameTaken, NotYourAccount.
    """
    made, code = uuid.uuid4(), _new_code()
    values = [made, username, display_name, display_name_en, county, human, code_digest(code),
              sign_in_policy().code_days]  # fmt: skip
    with transaction.atomic():
        until = _call(actor, made, "select access.invite(%s, %s, %s, %s, %s, %s, %s, %s)", values)
        _record(Act.ACCOUNT_ADDED, made, actor)
        _record(Act.CODE_GIVEN, made, actor)
    return Invited(made, code, until)


def give_code(account_id: uuid.UUID, *, actor: Actor) -> Invited:
    """A new code for who lost the first one or forgot the password; older ones end.

    The password in use holds until the code is used. Raises NotYourAccount.
    """
    code = _new_code()
    values = [account_id, code_digest(code), sign_in_policy().code_days]
    with transaction.atomic():
        until = _call(actor, account_id, "select access.give_code(%s, %s, %s)", values)
        _record(Act.CODE_GIVEN, account_id, actor)
    return Invited(account_id, code, until)


def reset_second_factor(account_id: uuid.UUID, *, proof: str, why: str, actor: Actor) -> int:
    """Take away all second factors of who lost them, and end all sessions; the person is told.

    `proof`: how the person proved who he is (a code of `reset_proofs` in sign_in.yaml). Gives the
    number of factors taken away. Raises NotYourAccount.
    """
    if proof not in sign_in_policy().reset_proofs:
        raise ValueError(f"{proof} is none of the proofs in sign_in.yaml.")
    values = [account_id, proof, why]
    with transaction.atomic():
        taken = _call(actor, account_id, "select access.reset_factors(%s, %s, %s)", values)
        _record(Act.FACTORS_RESET, account_id, actor, {"proof": proof, "removed": taken})
    return int(taken)


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _record(
    act: Act, account_id: uuid.UUID, actor: Actor, detail: dict[str, Any] | None = None
) -> None:
    record_event(
        act, actor=actor, object_kind="account", object_ids=[account_id], detail=detail
    )  # fmt: skip


def _call(actor: Actor, account_id: uuid.UUID, statement: str, values: list[Any]) -> Any:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            (said,) = cursor.fetchone()
    except DatabaseError as error:
        found = _REASON.search(str(error))
        if found is None:
            raise
        if found[1] == "name-taken":
            raise NameTaken(str(NameTaken.__doc__)) from None
        record_apart(
            Act.REFUSED, actor=actor, object_kind="account", object_ids=[account_id],
            purpose="accounts", result="refused", detail={"why": found[1]},
        )  # fmt: skip
        raise NotYourAccount(found[1]) from None
    return said
