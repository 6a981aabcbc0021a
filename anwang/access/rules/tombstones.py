"""What is signed when a law has the content of an audit entry deleted (D3)."""

from __future__ import annotations

import base64
import uuid


def tombstone_text(origin: str, position: int, leaf: bytes, ground: str, request: uuid.UUID) -> str:
    """Six lines: what it is, which log, which entry, its hash, on what ground, who agreed."""
    encoded = base64.b64encode(leaf).decode()
    return f"anwang tombstone\n{origin}\n{position}\n{encoded}\n{ground}\n{request}\n"
