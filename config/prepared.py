"""Whether a database was made ready by exactly this source tree, so that `up` need not do it again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from config.home import CHECKOUT, keys_folder

_KINDS = ("*.py", "*.yaml", "*.csv", "*.sql")
_FOLDERS = ("anwang", "config", "demo")


def fingerprint(database: Path) -> str:
    """Of the source tree and of this very database; `database` is the server's data folder."""
    digest = hashlib.sha256()
    made = (database / "PG_VERSION").stat()
    digest.update(f"{made.st_ino} {made.st_mtime_ns}".encode())
    for folder in _FOLDERS:
        for kind in _KINDS:
            for path in sorted((CHECKOUT / folder).rglob(kind)):
                digest.update(path.relative_to(CHECKOUT).as_posix().encode())
                digest.update(path.read_bytes())
    # The database verifies by this key, so another one must be installed there.
    context_key = keys_folder() / "context.key"
    if context_key.exists():
        digest.update(hashlib.sha256(context_key.read_bytes()).digest())
    return digest.hexdigest()


def is_ready(home: Path, database: Path) -> bool:
    """Whether `note` was left for the same tree and the same database."""
    try:
        return (home / "prepared").read_text() == fingerprint(database)
    except OSError:
        return False


def note(home: Path, database: Path) -> None:
    """Leave word that the database is ready."""
    (home / "prepared").write_text(fingerprint(database))
