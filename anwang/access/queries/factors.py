"""What an account signs in with besides its password. Read as the account itself (row rules)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator


@dataclass(frozen=True, slots=True)
class Factor:
    """One second factor as its owner sees it: kind `totp`, `recovery_codes` or `webauthn`."""

    id: int
    kind: str
    name: str
    added_at: datetime
    used_at: datetime | None


def factors_of(account_id: uuid.UUID) -> list[Factor]:
    """The account's factors, oldest first; empty for anybody but itself."""
    return [
        Factor(one.pk, one.type, one.data.get("name", ""), one.created_at, one.last_used_at)
        for one in Authenticator.objects.filter(user_id=account_id).order_by("pk")
    ]


def has_factors(account_id: uuid.UUID) -> bool:
    """Whether the account has a second factor of its own."""
    return bool(Authenticator.objects.filter(user_id=account_id).exists())
