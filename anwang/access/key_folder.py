"""The vault's keys outside the database: versioned key-encryption keys, and what was shredded.

In the keys folder lie `vault-1.key`, `vault-2.key` ..., the number of the one in use in
`vault-current`, and in `vault-shredded` the marks of data keys that were destroyed. Because these
lie where the database's administrator cannot write, an old wrapped key put back into its row does
not open: its key-encryption key is gone, or its mark stands in the list.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
import uuid
from pathlib import Path
from typing import Final

from anwang.common.errors import AnwangError
from config.home import key, keys_folder

_BYTES: Final = 32
_LOCK: Final = threading.Lock()


class KeyIsGone(AnwangError):
    """This version of the vault's key was rotated away, or lies in another folder. Tell the operator."""


class _Seen:
    """What was read from the folder, until the files change."""

    keks: dict[tuple[Path, int], bytes]
    shredded: tuple[tuple[Path, int, int], frozenset[str]] | None
    current: tuple[tuple[Path, int, int], int] | None

    def __init__(self) -> None:
        self.keks, self.shredded, self.current = {}, None, None


_seen: Final = _Seen()


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        found = path.stat()
        return path, found.st_mtime_ns, found.st_size
    except FileNotFoundError:
        return path, 0, -1


def _path(version: int) -> Path:
    return keys_folder() / f"vault-{version}.key"


def current_version() -> int:
    """Number of the key-encryption key that new data keys are wrapped with; made on first use."""
    path = keys_folder() / "vault-current"
    stamp = _stamp(path)
    if _seen.current is None or _seen.current[0] != stamp:
        if stamp[2] < 0:
            key("vault-1")
            _put(path, b"1")
            stamp = _stamp(path)
        _seen.current = stamp, int(path.read_text())
    return _seen.current[1]


def kek(version: int) -> bytes:
    """The key-encryption key of a version. Raises KeyIsGone; never makes one."""
    path = _path(version)
    # Looked for each time: what was rotated away stops opening anything at once.
    if not path.exists():
        _seen.keks.pop((path, version), None)
        raise KeyIsGone(str(KeyIsGone.__doc__))
    found = _seen.keks.get((path, version))
    if found is None:
        found = _seen.keks[(path, version)] = path.read_bytes()
    return found


def versions() -> list[int]:
    """The versions that lie in the folder, the oldest first."""
    return sorted(int(one.stem.partition("-")[2]) for one in keys_folder().glob("vault-*.key"))


def begin_version() -> int:
    """Make the next key-encryption key, let new data keys be wrapped with it; its number."""
    with _LOCK:
        number = current_version() + 1
        key(f"vault-{number}")
        _put(keys_folder() / "vault-current", str(number).encode())
    return number


def forget_version(version: int) -> None:
    """Destroy a key-encryption key that no data key needs any more. Refuses the current one."""
    if version >= current_version():
        raise KeyIsGone("The key in use is not destroyed. Begin another version first.")
    path = _path(version)
    if path.exists():
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    _seen.keks.pop((path, version), None)


def _mark(scope: uuid.UUID) -> str:
    return hmac.digest(key("tokens"), b"shredded\x1f" + scope.bytes, hashlib.sha256).hex()


def note_shredded(scopes: list[uuid.UUID]) -> None:
    """Put data keys on the list of those destroyed for ever; the list is only ever added to."""
    path = keys_folder() / "vault-shredded"
    line = "".join(f"{_mark(scope)}\n" for scope in scopes).encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(line)
        out.flush()
        os.fsync(out.fileno())


def is_shredded(scope: uuid.UUID) -> bool:
    """Whether this data key was destroyed, whatever the database says."""
    path = keys_folder() / "vault-shredded"
    stamp = _stamp(path)
    if stamp[2] < 0:
        return False
    if _seen.shredded is None or _seen.shredded[0] != stamp:
        _seen.shredded = stamp, frozenset(path.read_text().split())
    return _mark(scope) in _seen.shredded[1]


def kept_once(name: str, content: bytes) -> bytes:
    """What stands in the folder's file `name`; `content` where it is not there yet."""
    path = keys_folder() / name
    fresh = keys_folder() / f".{name}.{secrets.token_hex(4)}"
    _write(fresh, content)
    try:
        os.link(fresh, path)  # the first writer wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_bytes()


def put(name: str, content: bytes) -> None:
    """Replace a file of the folder, whole or not at all."""
    _put(keys_folder() / name, content)


def _put(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write(fresh, content)
    fresh.replace(path)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
