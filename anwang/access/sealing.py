"""Sealing of protected values and keyed tokens of identity numbers (decision 14).

Keys lie in the instance's key folder, in production outside the database host. A sealed value is
bound to its table, column and row: copied elsewhere it does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anwang.common.errors import AnwangError
from config.home import key

VERSION: Final = b"AW\x01\x01"  # format 1, key 1
_NONCE_BYTES: Final = 12


class CannotUnseal(AnwangError):
    """A sealed value does not open: another key, another place, or changed. Tell the operator."""


@cache
def _cipher() -> AESGCM:
    return AESGCM(key("vault"))


@cache
def _token_key() -> bytes:
    return key("tokens")


def _place(table: str, column: str, row: str) -> bytes:
    return "\x1f".join((table, column, row)).encode()


def seal(plain: bytes, *, table: str, column: str, row: str) -> bytes:
    """`plain` under AES-256-GCM: header, nonce, ciphertext with tag (32 bytes longer)."""
    nonce = os.urandom(_NONCE_BYTES)
    return VERSION + nonce + _cipher().encrypt(nonce, plain, _place(table, column, row))


def unseal(sealed: bytes, *, table: str, column: str, row: str) -> bytes:
    """What was sealed for this place. Raises CannotUnseal."""
    sealed = bytes(sealed)
    start = len(VERSION) + _NONCE_BYTES
    if not sealed.startswith(VERSION):
        raise CannotUnseal(str(CannotUnseal.__doc__))
    try:
        return _cipher().decrypt(
            sealed[len(VERSION) : start], sealed[start:], _place(table, column, row)
        )
    except InvalidTag:
        raise CannotUnseal(str(CannotUnseal.__doc__)) from None


def token(normal_id: str) -> bytes:
    """The 32-byte keyed token of a number in normal form: equal numbers, equal tokens (I7)."""
    return hmac.digest(_token_key(), normal_id.encode(), hashlib.sha256)
