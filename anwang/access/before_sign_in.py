"""Reading what an account signs in with, before it is signed in: as itself, for a few statements."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from contextvars import ContextVar

from django.db import connection, transaction

from anwang.access.context import Actor, enter

_claimed: ContextVar[uuid.UUID | None] = ContextVar("claimed_account", default=None)


@contextlib.contextmanager
def as_claimed(account_id: uuid.UUID) -> Iterator[None]:
    """Let the block see the rows of the account that somebody claims to be, and of no other.

    Only for checking what proves the claim. The context ends with the block, so that nothing which
    follows in the same request sees anything as that account.
    """
    with transaction.atomic():
        enter(Actor(account_id), "sign-in")
        before = _claimed.set(account_id)
        try:
            yield
        finally:
            _claimed.reset(before)
            if not connection.needs_rollback:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "select set_config('anwang.context', '', true),"
                        " set_config('anwang.actor', '', true),"
                        " set_config('anwang.purpose', '', true)"
                    )


@contextlib.contextmanager
def own_secrets(account_id: uuid.UUID) -> Iterator[None]:
    """Name the account whose secrets are sealed or opened in the block, already signed in."""
    before = _claimed.set(account_id)
    try:
        yield
    finally:
        _claimed.reset(before)


def claimed_account() -> uuid.UUID:
    """The account whose secrets are being opened. Raises LookupError outside such a block."""
    found = _claimed.get()
    if found is None:
        raise LookupError("Secrets of an account are opened inside as_claimed or own_secrets.")
    return found
