"""Who acts, told to the database for one transaction: no context, no rows (R3, V4)."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db import connections, transaction

from anwang.access.rules.claims import Claim, keyed, signed
from config.home import key

KEY: Final = "context"
# A request never takes as long; our own programs write in portions, each with a claim of its own.
LASTS: Final = {"account": 120}
PROGRAM_LASTS: Final = 3600
_MICROSECONDS: Final = 1_000_000
_HERE: Final = """
select (extract(epoch from now()) * 1000000)::bigint, pg_backend_pid(),
    current_setting('anwang.context', true)
"""
_SET: Final = "select set_config('anwang.context', %s, true)"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account, a delivering system or one of our own programs."""

    id: uuid.UUID
    kind: str = "account"  # account, sender, program
    team_id: str = ""
    role: str = ""
    request_id: uuid.UUID | None = None


SCREENING = Actor(uuid.UUID("00000000-0000-4000-8000-000000000001"), "program", role="screening")
SWEEPING = Actor(uuid.UUID("00000000-0000-4000-8000-000000000002"), "program", role="sweeping")
LOADING = Actor(uuid.UUID("00000000-0000-4000-8000-000000000003"), "program", role="loading")
TRYING = Actor(uuid.UUID("00000000-0000-4000-8000-000000000009"), "program", role="trying")

ASKING = Actor(uuid.UUID("00000000-0000-4000-8000-000000000005"), "program", role="asking")
DISPATCHING = Actor(
    uuid.UUID("00000000-0000-4000-8000-000000000006"), "program", role="dispatching"
)


def enter(actor: Actor, purpose: str = "", using: str = "default") -> None:
    """Set the context of the running transaction. Raises outside one, where it would be lost."""
    connection = connections[using]
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("The context needs a transaction.")
    with connection.cursor() as cursor:
        tell(cursor, actor, purpose)


@cache
def _key() -> bytes:
    return key(KEY)


def vouch(*parts: str) -> str:
    """The seal of a call that the database answers before anybody is known (0016_digests_stay.py).

    Only the last of `parts` may be given from outside: nothing but it can hold the separator.
    """
    return keyed("|".join(parts), _key())


def tell(cursor: Any, actor: Actor, purpose: str = "") -> str:
    """Set the context of the transaction that `cursor` works in: `enter` for a bare connection.

    Gives the claim that was in force before, empty where there was none.
    """
    cursor.execute(_HERE)
    began, backend, before = cursor.fetchone()
    lasts = LASTS.get(actor.kind, PROGRAM_LASTS)
    claim = Claim(actor.id, actor.kind, purpose, began, began + lasts * _MICROSECONDS, backend)
    cursor.execute(_SET, [signed(claim, _key())])
    return before or ""


@contextlib.contextmanager
def in_the_name_of(actor: Actor, using: str) -> Iterator[None]:
    """Let `actor` act for the block in the running transaction, and then who acted before."""
    with connections[using].cursor() as cursor:
        before = tell(cursor, actor)
        yield
        if connections[
            using
        ].savepoint_ids:  # else the transaction ends here, and the claim with it
            cursor.execute(_SET, [before])


@contextlib.contextmanager
def acting(actor: Actor, purpose: str = "", using: str = "default") -> Iterator[Actor]:
    """One transaction in which `actor` acts."""
    with transaction.atomic(using=using):
        enter(actor, purpose, using)
        yield actor


@contextlib.contextmanager
def through_door() -> Iterator[str]:
    """One transaction of the door's own role, which may execute `intake.deliver` and no more.

    Gives the connection's alias. Where the door has no connection of its own, the shared one takes
    on `DOOR_ROLE` for the block (tests), or delivers by its own right (programs of ours).
    """
    alias = settings.DOOR_ALIAS
    with transaction.atomic(using=alias):
        if not settings.DOOR_ROLE:
            yield alias
            return
        with connections[alias].cursor() as cursor:
            cursor.execute("select current_user")
            (before,) = cursor.fetchone()
            cursor.execute(f'set local role "{settings.DOOR_ROLE}"')
            try:
                yield alias
            finally:
                if not connections[alias].needs_rollback:
                    cursor.execute(f'set local role "{before}"')
