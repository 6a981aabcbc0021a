"""Which key signs the audit's checkpoints, and which witnesses hear of them.

`ANWANG_WITNESSES` lists `KEY@ADDRESS`, separated by spaces; `anwang up` on a demo starts two
witnesses of its own and names them in the file `witnesses` of its home. `ANWANG_AUDIT_ORIGIN` is
the log's name in the world; without it the name is derived from the key.
"""

from __future__ import annotations

import os

from config.home import home, key


def secret() -> bytes:
    """The 32 secret bytes of the Ed25519 key `audit` in the keys' folder."""
    return key("audit")


def origin() -> str:
    """The log's name as configured, or nothing."""
    return os.environ.get("ANWANG_AUDIT_ORIGIN", "").strip()


def witnesses() -> list[tuple[str, str]]:
    """(public key, address) of each configured witness."""
    text = os.environ.get("ANWANG_WITNESSES")
    if text is None:
        try:
            text = (home() / "witnesses").read_text(encoding="utf-8")
        except FileNotFoundError:
            text = ""
    found = []
    for one in text.split():
        public, _, address = one.partition("@")
        found.append((public, address.rstrip("/")))
    return found
