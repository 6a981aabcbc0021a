"""The signed claim that tells the database who acts: an unsigned variable could be set by any injection.

A claim holds for one transaction on one backend of the database, and ends by itself. Times are the
database's own, so that a wrong clock of another machine extends no right (P9).
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import Final

VERSION: Final = "v1"
_BLOCK_BYTES: Final = 64
_INNER, _OUTER = 0x36, 0x5C
_SEPARATOR: Final = "|"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who acts, for what, in which transaction.

    `began` is the start of the transaction and `ends` the end of the claim, both in microseconds
    since 1970 by the database's real time; `backend` is the process that serves the connection.
    """

    actor: uuid.UUID
    kind: str
    purpose: str
    began: int
    ends: int
    backend: int

    def text(self) -> str:
        """What is signed. Raises ValueError where a part would look like two."""
        if _SEPARATOR in self.kind or _SEPARATOR in self.purpose:
            raise ValueError(f"A kind or purpose has no {_SEPARATOR}.")
        parts = (VERSION, self.actor, self.kind, self.began, self.ends, self.backend, self.purpose)
        return _SEPARATOR.join(str(part) for part in parts)


def signed(claim: Claim, key: bytes) -> str:
    """The claim with its HMAC-SHA256 before it: 64 hexadecimal signs, a dot, the text."""
    text = claim.text()
    return f"{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}.{text}"


def keyed(text: str, key: bytes) -> str:
    """HMAC-SHA256 of a text that is no claim, in 64 hexadecimal signs: vouches for one call.

    Raises ValueError for a text that could be a claim.
    """
    if text.startswith(f"{VERSION}{_SEPARATOR}"):
        raise ValueError("A claim is signed, not vouched for.")
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def key_blocks(key: bytes) -> tuple[bytes, bytes]:
    """The inner and outer block of HMAC (RFC 2104): with them SQL needs no more than sha256().

    Raises ValueError for a key longer than a block, which nobody has.
    """
    if len(key) > _BLOCK_BYTES:
        raise ValueError("A key is at most 64 bytes long.")
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    return bytes(one ^ _INNER for one in padded), bytes(one ^ _OUTER for one in padded)
