"""One try of a password or a code: held back, then worked on alike for whatever name (I8)."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import authenticate

from anwang.access.actions.guesses import Source, seconds_to_wait, tried_rightly
from anwang.access.actions.passwords import change_password, redeem_code
from anwang.access.before_sign_in import as_claimed
from anwang.access.context import Actor
from anwang.access.factors import check_code
from anwang.access.hashing import KNOWN, STRANGERS
from anwang.access.models import Account
from anwang.access.sign_in import digest_for


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a try: the account, or nobody; `wait_seconds` when it was not made at all."""

    account: Account | None
    wait_seconds: float = 0.0


def try_password(name: str, password: str, source: Source) -> Tried:
    """Check a password once. Raises Busy when too many are being checked at this instant.

    Whether a name exists, is active or is under attack changes neither answer nor work.
    """
    with (KNOWN if source.known else STRANGERS).one():
        wait = seconds_to_wait(name, source)
        if wait:
            return Tried(None, wait)
        found = authenticate(None, username=name, password=password)
    if not isinstance(found, Account):
        return Tried(None)
    tried_rightly(name, source)
    return Tried(found)


def try_change(account: Account, present: str, new: str, source: Source, session_key: str) -> Tried:
    """Change the password of who is signed in, by the present one. Raises Busy.

    Tries fall into the buckets of signing in: an open session is no place to guess from.
    """
    with (KNOWN if source.known else STRANGERS).one():
        wait = seconds_to_wait(account.username, source)
        if wait:
            return Tried(None, wait)
        digest = digest_for(account.username, present)
        changed = change_password(digest, new, but=session_key, actor=Actor(account.pk))
    if not changed:
        return Tried(None)
    tried_rightly(account.username, source)
    return Tried(account)


def try_invitation(name: str, code: str, new: str, source: Source) -> Tried:
    """Set a first or forgotten password by a code, held back like a password. Raises Busy."""
    with (KNOWN if source.known else STRANGERS).one():
        wait = seconds_to_wait(name, source)
        if wait:
            return Tried(None, wait)
        found = redeem_code(name, code, new)
    if found is None:
        return Tried(None)
    tried_rightly(name, source)
    return Tried(found)


def try_code(account: Account, code: str, source: Source) -> tuple[str, float]:
    """Check a one-time or recovery code once: (how it proves the account or ``, seconds to wait).

    For an account whose first proof is given; nothing is seen as that account afterwards.
    """
    wait = seconds_to_wait(account.username, source, second=True)
    if wait:
        return "", wait
    with as_claimed(account.pk):
        proof = check_code(account.pk, code)
    if proof:
        tried_rightly(account.username, source, second=True)
    return proof, 0.0
