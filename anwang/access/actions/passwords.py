"""Setting a password: one's own by the present one, the first or a forgotten one by a code (I8).

Every other session ends, the account is told by a notice, and the digest is compared in the database.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.actions.invitations import code_digest
from anwang.access.context import Actor, vouch
from anwang.access.models import Account
from anwang.access.queries.sessions import key_digest
from anwang.access.vocabulary import Act

_REDEEM = "select * from access.redeem_code(%s, %s, %s, %s)"


def change_password(digest: str, new: str, *, but: str, actor: Actor) -> bool:
    """Put `new` in the place of the password with this digest; False if it is another one.

    All sessions end but the one with the key `but`.
    """
    values: list[Any] = [digest, make_password(new), key_digest(but)]
    with connection.cursor() as cursor:
        cursor.execute("select access.change_password(%s, %s, %s)", values)
        (changed,) = cursor.fetchone()
    if changed:
        record_event(
            Act.PASSWORD_CHANGED, actor=actor, object_kind="account", object_ids=[actor.id]
        )
    return bool(changed)


def redeem_code(name: str, code: str, new: str) -> Account | None:
    """The account whose password is `new` from now on; None where name and code do not fit.

    As much work for whatever name. All its sessions end; it is not signed in yet.
    """
    made, kept = make_password(new), code_digest(code)
    seal = vouch("redeem", kept.hex(), name)
    found = list(Account.objects.raw(_REDEEM, [name, kept, made, seal]))
    if not found:
        return None
    account: Account = found[0]
    record_apart(
        Act.PASSWORD_SET, actor=Actor(account.pk), object_kind="account", object_ids=[account.pk]
    )
    return account
