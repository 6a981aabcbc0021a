"""The log's name and key: what its checkpoints and tombstones are signed with."""

from __future__ import annotations

from functools import cache

from anwang.access.rules.notes import Signer
from config import audit


@cache
def signer() -> Signer:
    """Signs as this log. Its key lies outside the database: who only has that cannot sign."""
    secret = audit.secret()
    named = audit.origin()
    if not named:
        named = f"anwang/{Signer('', secret).public.public[:8].hex()}"
    return Signer(named, secret)
