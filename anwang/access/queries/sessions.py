"""Which session is in force, and which ones an account has open."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass

from anwang.access.context import Actor, vouch
from anwang.access.models import Account
from anwang.access.models.sessions import AccountSession
from anwang.access.rules.sign_in import sign_in_policy
from anwang.common.clock import clock_now


@dataclass(frozen=True, slots=True)
class SignIn:
    """How the present request is signed in; `proved_seconds_ago` since the last proof of who it is."""

    session_id: uuid.UUID
    how: str
    strong: bool
    proved_seconds_ago: float
    rotate: bool

    @property
    def fresh(self) -> bool:
        """Whether the account proved who it is just now."""
        return self.proved_seconds_ago < sign_in_policy().fresh_minutes * 60


def key_digest(session_key: str) -> bytes:
    """What stands in the table for a session's key: who reads the table cannot take the session."""
    return hashlib.sha256(session_key.encode()).digest()


_IN_FORCE = "select * from access.session_in_force(%s, %s, %s, %s, %s, %s)"


def session_in_force(
    session_key: str, account_id: str, device: str
) -> tuple[Account, SignIn] | None:
    """The account of a session and how it signed in; None when session or account has ended.

    By the database's time, and asked anew with every request: an end works at once (R4).
    """
    policy = sign_in_policy()
    try:
        wanted = uuid.UUID(account_id)
    except ValueError:
        return None
    key = key_digest(session_key)
    values = [
        key, wanted, dt.timedelta(minutes=policy.idle_minutes),
        dt.timedelta(hours=policy.absolute_hours), device,
        vouch("session", key.hex(), str(wanted)),
    ]  # fmt: skip
    for account in Account.objects.raw(_IN_FORCE, values):
        row = account.__dict__
        names = ("session_id", "how", "strong", "proved_ago", "rotate")
        return account, SignIn(*(row[name] for name in names))
    return None


def open_sessions(actor: Actor) -> list[AccountSession]:
    """The actor's own sessions that are in force, the last seen first."""
    policy = sign_in_policy()
    now = clock_now()
    return list(
        AccountSession.objects.filter(
            account_id=actor.id,
            ended_at=None,
            seen_at__gt=now - dt.timedelta(minutes=policy.idle_minutes),
            begun_at__gt=now - dt.timedelta(hours=policy.absolute_hours),
        ).order_by("-seen_at")
    )
