"""Where each source stands and how we prove who asks: kept beside the instance's keys.

One file a source in the folder of keys, readable by the instance's user alone. Neither a manifest
nor the database holds an address or a secret, and nothing here shows one: `shown` is what a screen
or command may print.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import asdict, dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from anwang.common.errors import AnwangError
from config.home import home, keys_folder

SCHEMES: Final = {"file": ("file",), "sftp": ("sftp",), "rest": ("https", "http"),
                  "lookup": ("https", "http")}  # fmt: skip
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class WrongConnection(AnwangError):
    """This cannot be a connection of a source; the text says what to correct."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One source's address and credentials.

    `url`: `file:///folder`, `sftp://host:port/folder` or `https://host/base`. `secret`: the
    password or the bearer token. `host_key`: the server's public key, as in known_hosts without
    the name. `private_key` and `ca_file` are paths. `answer_key`: the base-64 Ed25519 key with
    which the source signs its answers; where it is set, an unsigned answer counts for nothing.
    `lookup_url`: where it is asked about one person, if that is elsewhere.
    """

    source: str
    url: str
    user: str = ""
    secret: str = field(default="", repr=False)
    host_key: str = ""
    private_key: str = ""
    ca_file: str = ""
    answer_key: str = ""
    lookup_url: str = ""
    lookup_secret: str = field(default="", repr=False)

    @property
    def shown(self) -> dict[str, str | bool]:
        """What may be printed: the address, and whether there are credentials."""
        return {
            "id": self.source, "url": self.url, "lookup_url": self.lookup_url, "user": self.user,
            "credentials": bool(self.secret or self.private_key), "host_key": bool(self.host_key),
            "answers_signed": bool(self.answer_key),
        }  # fmt: skip

    @property
    def for_asking(self) -> Connection:
        """The connection with which the source is asked about one person."""
        if not self.lookup_url:
            return self
        kept = {one.name: getattr(self, one.name) for one in fields(self)}
        return Connection(**kept | {"url": self.lookup_url, "lookup_url": "",
                                    "secret": self.lookup_secret or self.secret})  # fmt: skip


def connection_to(source_id: str) -> Connection | None:
    """The connection kept for a source. Every source may drop files in the instance's own folder.

    None where nothing was set. Raises WrongConnection where the file is damaged.
    """
    path = _path(source_id)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise WrongConnection(f"The connection of {source_id} is damaged. Set it again.") from None
    known = {one.name for one in fields(Connection)}
    return Connection(**{name: text for name, text in kept.items() if name in known})


def connect(one: Connection) -> None:
    """Keep a connection in place of an earlier one. Raises WrongConnection."""
    check_connection(one)
    path = _path(one.source)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump({name: text for name, text in asdict(one).items() if text}, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def disconnect(source_id: str) -> bool:
    """Forget a source's connection; whether there was one."""
    path = _path(source_id)
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def check_connection(one: Connection) -> None:
    """Hold a connection against the rules: known scheme, encrypted or on this machine, pinned.

    Raises WrongConnection.
    """
    for url in filter(None, (one.url, one.lookup_url)):
        _check_url(url)
    scheme = urlsplit(one.url).scheme
    if scheme == "sftp" and not one.host_key:
        raise WrongConnection(
            f"SFTP 要先釘選主機金鑰 (--host-key)。 Pin the server's host key: --host-key ({one.source})"
        )
    if scheme == "sftp" and not (one.secret or one.private_key):
        raise WrongConnection(
            f"SFTP 要有密碼或私鑰。 Give a password or a private key ({one.source})."
        )


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    allowed = {scheme for schemes in SCHEMES.values() for scheme in schemes}
    if parts.scheme not in allowed:
        raise WrongConnection(
            f"網址須以 {', '.join(sorted(allowed))} 開頭。 An address begins with one of these."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise WrongConnection(
            "網址內不放帳號、權杖或參數。 Put no credentials, query or fragment into the address."
        )
    if parts.scheme != "file" and not parts.hostname:
        raise WrongConnection("網址缺少主機。 The address names no host.")
    if parts.scheme == "http" and not _on_this_machine(parts.hostname or ""):
        raise WrongConnection(
            "不在本機的來源須用 https。 A source on another machine is reached by https."
        )


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def drop_folder(source_id: str) -> Path:
    """Where files of a source are dropped when its connection names no other folder."""
    return home() / "drop" / _checked(source_id)


def staging_folder(source_id: str) -> Path:
    """Where a delivery lies while it is fetched; readable by the instance's user alone."""
    folder = home() / "fetching" / _checked(source_id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def connected() -> list[str]:
    """Ids of the sources with a connection, sorted."""
    return sorted(path.stem for path in _folder().glob("*.json"))


def _folder() -> Path:
    return keys_folder() / "connections"


def _path(source_id: str) -> Path:
    return _folder() / f"{_checked(source_id)}.json"


def _checked(source_id: str) -> str:
    if not _ID.fullmatch(source_id):
        raise WrongConnection(f"沒有這個來源。 No source has this id: {source_id[:40]!r}")
    return source_id


def joined(base: str, path: str) -> str:
    """`path` of a manifest below `base`, never elsewhere. Raises WrongConnection."""
    parts: Any = [part for part in path.split("/") if part]
    if any(part in (".", "..") or not _PART.fullmatch(part) for part in parts):
        raise WrongConnection(
            f"說明書的路徑不合規定。 The manifest's path is not allowed: {path!r}"
        )
    return "/".join([base.rstrip("/"), *parts])


_PART: Final = re.compile(r"[A-Za-z0-9._~-]+")
