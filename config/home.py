"""Where an instance keeps its things: the embedded database, keys and sealed files.

`ANWANG_HOME` names the folder; without it `var/` in the checkout, or /var/lib/anwang when
root starts the embedded server (which then runs as another user).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
ROOTS_HOME = Path("/var/lib/anwang")


def home() -> Path:
    """The instance's folder; created when missing, readable by its user alone."""
    named = os.environ.get("ANWANG_HOME")
    if named:
        place = Path(named).expanduser().resolve()
    elif os.geteuid() == 0:
        # Two checkouts on one machine must not share one database by accident.
        place = ROOTS_HOME / CHECKOUT.as_posix().strip("/").replace("/", "-")
    else:
        place = CHECKOUT / "var"
    place.mkdir(parents=True, exist_ok=True)
    return place


def keys_folder() -> Path:
    """Where the keys of a demo or test instance lie; in production a mounted folder names them.

    `ANWANG_KEYS` points production outside the database host (decision 14).
    """
    named = os.environ.get("ANWANG_KEYS")
    folder = Path(named) if named else home() / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def key(name: str, length: int = 32) -> bytes:
    """The key `name`, made on first use; written whole or not at all."""
    path = keys_folder() / f"{name}.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        fresh = keys_folder() / f".{name}.{secrets.token_hex(4)}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(secrets.token_bytes(length))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(fresh, path)  # the first writer wins; a race never makes two keys
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return path.read_bytes()
