"""Sessions: begun by signing in, proved again, given a new key, ended here and not only in a cookie."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, vouch
from anwang.access.queries.sessions import key_digest
from anwang.access.vocabulary import Act


def _call(statement: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return row[0] if row else None


def begin_session(
    session_key: str, account_id: uuid.UUID, *, how: str, strong: bool, device: str
) -> None:
    """Put a session on the list with which it can be ended. The sign-in itself is on record before."""
    begun = "select access.begin_session(%s, %s, %s, %s, %s, %s)"
    key = key_digest(session_key)
    seal = vouch("begin", key.hex(), str(account_id))
    _call(begun, key, account_id, how, strong, device, seal)


def prove_again(session_key: str, *, how: str, strong: bool, actor: Actor) -> None:
    """Note that the account has just proved who it is."""
    _call("select access.prove_again(%s, %s, %s)", key_digest(session_key), how, strong)
    record_event(Act.PROVED_AGAIN, actor=actor, detail={"how": how})


def rotate_session(old_key: str, new_key: str) -> None:
    """Move a session to its new key, after the account's rights changed."""
    _call("select access.rotate_session(%s, %s)", key_digest(old_key), key_digest(new_key))


def end_session(session_key: str) -> None:
    """End the session of this key, as its owner signs out."""
    _call("select access.end_session(%s)", key_digest(session_key))


def end_my_sessions(actor: Actor, *, only: uuid.UUID | None = None, but: str | None = None) -> int:
    """End the actor's sessions: one of them, or all but that with the key `but`. Gives their number."""
    kept = key_digest(but) if but else None
    ended = _call("select access.end_my_sessions(%s, %s)", only, kept)
    record_event(
        Act.SESSIONS_ENDED, actor=actor, object_kind="account", object_ids=[actor.id],
        detail={"sessions": ended},
    )  # fmt: skip
    return int(ended)
