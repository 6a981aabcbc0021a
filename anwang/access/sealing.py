"""Sealing of protected values and keyed tokens of identity numbers (decision 14).

An envelope in two layers. Each report has a data key of its own; a value is sealed with it under
AES-256-GCM and bound to its table, column, row and county: copied elsewhere it does not open. The
data key lies beside the data, wrapped by a versioned key-encryption key (key_folder.py), which in
production lies outside the database host. To destroy a data key is to destroy all that it sealed.
Values that belong to no report use a standing data key of their table.

The county is the one that received the report at delivery. It is bound for good: when a case moves
to another county nothing is sealed anew, readers there are given the relation and open with it.
"""

from __future__ import annotations

import hmac
import os
import uuid
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, TypedDict

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from anwang.access import key_folder
from anwang.common.errors import AnwangError
from config.home import key, keys_folder

FORMAT: Final = b"AW\x02"
BEFORE: Final = b"AW\x01\x01"  # one key for all; read where an instance still has that key
NO_COUNTY: Final = "00000"
_NONCE: Final = 12
_COUNTY: Final = len(NO_COUNTY)
_STANDING: Final = uuid.UUID("6d0a2c0e-7f0b-4c39-9c51-000000000000")


class CannotUnseal(AnwangError):
    """A sealed value does not open: another key, another place, or changed. Tell the operator."""


class Place(TypedDict):
    """The column that a sealed value is bound to."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as it lies beside the data: whose it is, which key wraps it, and the wrap."""

    scope: uuid.UUID
    county: str
    kek_version: int
    wrap: bytes


@dataclass(frozen=True, slots=True)
class DataKey:
    """An open data key. `plain` is its 32 bytes; never stored, logged or shown."""

    scope: uuid.UUID
    county: str
    plain: bytes = field(repr=False)


def _bound(*parts: str) -> bytes:
    return "\x1f".join(parts).encode()


_as_text = lru_cache(maxsize=64)(str)


def _place(table: str, column: str, row: str, used: DataKey) -> bytes:
    return _bound(table, column, row, used.county, _as_text(used.scope))


def _wrap_place(scope: uuid.UUID, county: str, version: int) -> bytes:
    return _bound("vault.data_key", "wrapped", str(scope), county, str(version))


def _wrap(opened: DataKey) -> Wrapped:
    version = key_folder.current_version()
    nonce = os.urandom(_NONCE)
    place = _wrap_place(opened.scope, opened.county, version)
    cipher = AESGCM(key_folder.kek(version)).encrypt(nonce, opened.plain, place)
    return Wrapped(opened.scope, opened.county, version, nonce + cipher)


def new_data_key(scope: uuid.UUID, county: str | None) -> tuple[DataKey, Wrapped]:
    """A fresh data key for one report (or what else `scope` names), and its wrap to store."""
    opened = DataKey(scope, county or NO_COUNTY, AESGCM.generate_key(256))
    return opened, _wrap(opened)


def open_data_key(wrapped: Wrapped) -> DataKey:
    """The data key in a wrap, for its own scope and county alone. Raises CannotUnseal."""
    if key_folder.is_shredded(wrapped.scope):
        raise CannotUnseal(str(CannotUnseal.__doc__))
    place = _wrap_place(wrapped.scope, wrapped.county, wrapped.kek_version)
    try:
        cipher = AESGCM(key_folder.kek(wrapped.kek_version))
        plain = cipher.decrypt(wrapped.wrap[:_NONCE], wrapped.wrap[_NONCE:], place)
    except (InvalidTag, key_folder.KeyIsGone, ValueError):
        raise CannotUnseal(str(CannotUnseal.__doc__)) from None
    return DataKey(wrapped.scope, wrapped.county, plain)


def rewrap(wrapped: Wrapped) -> Wrapped:
    """The same data key under the key-encryption key now in use. Raises CannotUnseal."""
    return _wrap(open_data_key(wrapped))


def seal(
    plain: bytes, *, table: str, column: str, row: str, data_key: DataKey | None = None
) -> bytes:
    """`plain` under AES-256-GCM: format, county, nonce, ciphertext with tag (36 bytes longer).

    Without `data_key` the standing key of the table is used, which belongs to no county.
    """
    used = data_key or standing_key(table)
    nonce = os.urandom(_NONCE)
    place = _place(table, column, row, used)
    return FORMAT + used.county.encode() + nonce + _cipher(used.plain).encrypt(nonce, plain, place)


def unseal(
    sealed: bytes, *, table: str, column: str, row: str, data_key: DataKey | None = None
) -> bytes:
    """What was sealed for this place and county. Raises CannotUnseal."""
    sealed = bytes(sealed)
    if sealed.startswith(BEFORE):
        return _unseal_before(sealed, table, column, row)
    used = data_key or standing_key(table)
    start = len(FORMAT) + _COUNTY
    if sealed[:start] != FORMAT + used.county.encode():
        raise CannotUnseal(str(CannotUnseal.__doc__))
    place = _place(table, column, row, used)
    try:
        return _cipher(used.plain).decrypt(
            sealed[start : start + _NONCE], sealed[start + _NONCE :], place
        )
    except (InvalidTag, ValueError):
        raise CannotUnseal(str(CannotUnseal.__doc__)) from None


def _unseal_before(sealed: bytes, table: str, column: str, row: str) -> bytes:
    old = keys_folder() / "vault.key"
    start = len(BEFORE) + _NONCE
    if not old.exists():
        raise CannotUnseal(str(CannotUnseal.__doc__))
    try:
        return AESGCM(old.read_bytes()).decrypt(
            sealed[len(BEFORE) : start], sealed[start:], _bound(table, column, row)
        )
    except (InvalidTag, ValueError):
        raise CannotUnseal(str(CannotUnseal.__doc__)) from None


@lru_cache(maxsize=64)
def _cipher(plain: bytes) -> AESGCM:
    return AESGCM(plain)


# Standing keys of tables that belong to no report: wrapped like any other, kept in the keys folder,
# so that programs which only load records need no second way into the database.


def _standing_name(table: str) -> str:
    return f"standing-{table}.wrapped"


def standing_key(table: str) -> DataKey:
    """The key that `seal` takes where none is given; who seals by thousands asks for it once."""
    named = os.environ.get("ANWANG_KEYS"), os.environ.get("ANWANG_HOME")
    return _opened_standing(table, _folder_named(*named))


@lru_cache(maxsize=8)
def _folder_named(keys: str | None, home: str | None) -> Path:
    """The keys' folder, found once: a nation's rows are sealed one by one."""
    return keys_folder()


@lru_cache(maxsize=32)
def _opened_standing(table: str, folder: Path) -> DataKey:
    try:
        kept = (folder / _standing_name(table)).read_bytes()
    except FileNotFoundError:
        _, made = new_data_key(uuid.uuid5(_STANDING, table), None)
        kept = key_folder.kept_once(_standing_name(table), _written(made))
    return open_data_key(_read(table, kept))


def _written(wrapped: Wrapped) -> bytes:
    return wrapped.kek_version.to_bytes(4, "big") + wrapped.wrap


def _read(table: str, kept: bytes) -> Wrapped:
    return Wrapped(
        uuid.uuid5(_STANDING, table), NO_COUNTY, int.from_bytes(kept[:4], "big"), kept[4:]
    )


def rewrap_standing() -> int:
    """Wrap the standing keys with the key-encryption key now in use; their number."""
    found = sorted(keys_folder().glob(_standing_name("*")))
    for path in found:
        table = path.name.removeprefix("standing-").removesuffix(".wrapped")
        key_folder.put(path.name, _written(rewrap(_read(table, path.read_bytes()))))
    return len(found)


@cache
def _tokens() -> hmac.HMAC:
    """Begun once: half of what a token costs is to begin."""
    return hmac.new(key("tokens"), digestmod="sha256")


def _keyed(content: bytes) -> bytes:
    begun = _tokens().copy()
    begun.update(content)
    return begun.digest()


def token(normal_id: str) -> bytes:
    """The 32-byte keyed token of a number in normal form: equal numbers, equal tokens (I7)."""
    return _keyed(normal_id.encode())


def keyed_digest(content: bytes) -> int:
    """A signed 64-bit digest that nobody can try contents against without our key; never a token."""
    return int.from_bytes(_keyed(b"digest\x1f" + content)[:8], "big", signed=True)
