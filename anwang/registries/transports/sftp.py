"""A folder on an SFTP server whose host key is pinned.

Neither the user's SSH configuration nor an agent is asked: who connects where, with which key, says
the source's connection alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import asyncssh

from anwang.registries.transports.connections import Connection, joined
from anwang.registries.transports.folders import MOST_FILES, Offered, OpenShelf, Shelf
from anwang.registries.transports.routes import Route
from anwang.registries.transports.troubles import SourceTrouble

PORT: Final = 22
CONNECT_SECONDS: Final = 10.0
# A quarter of a megabyte: who takes longer for it drips.
READ_SECONDS: Final = 30.0
# A delivery of ours is a megabyte at most.
WRITE_SECONDS: Final = 60.0


class _Remote:
    """Regular files directly in the remote folder, as its own entries say; links are passed over."""

    def __init__(self, client: asyncssh.SFTPClient, folder: str) -> None:
        self._client, self._folder = client, folder
        self._opened: tuple[str, asyncssh.SFTPClientFile] | None = None

    async def listing(self) -> tuple[list[Offered], float]:
        found = []
        with _told():
            async with asyncio.timeout(READ_SECONDS):
                async for one in self._client.scandir(self._folder):
                    told, name = one.attrs, one.filename
                    if told.type != asyncssh.FILEXFER_TYPE_REGULAR or told.size is None:
                        continue
                    if isinstance(name, bytes):
                        name = name.decode("utf-8", "replace")
                    found.append(Offered(name, told.size, float(told.mtime or 0)))
                    if len(found) > MOST_FILES:
                        raise SourceTrouble("too-large")
        return found, time.time()

    async def read(self, name: str, offset: int, most: int) -> bytes:
        with _told():
            async with asyncio.timeout(READ_SECONDS):
                if self._opened is None or self._opened[0] != name:
                    path = f"{self._folder}/{name}"
                    self._opened = name, await self._client.open(path, "rb")
                return await self._opened[1].read(most, offset)

    async def put(self, name: str, content: bytes) -> None:
        part, whole = f"{self._folder}/.{name}.part", f"{self._folder}/{name}"
        with _told():
            async with asyncio.timeout(WRITE_SECONDS):
                # Not closed where it breaks off: who drips would drip over that too.
                out = await self._client.open(part, "wb")
                await out.write(content)
                await out.close()
                await self._client.posix_rename(part, whole)


def shelf_at(connection: Connection, route: Route) -> OpenShelf:
    """The source's remote folder as a shelf."""
    return partial(_opened, connection, route)


@contextlib.asynccontextmanager
async def _opened(connection: Connection, route: Route) -> AsyncIterator[Shelf]:
    parts = urlsplit(joined(connection.url, route.path))
    folder = unquote(parts.path) or "/"
    with _told():
        pinned = asyncssh.import_public_key(connection.host_key)
    options: dict[str, Any] = {
        "known_hosts": ([pinned], [], []),
        "username": connection.user or "anwang",
        "password": connection.secret or None,
        "client_keys": [connection.private_key] if connection.private_key else None,
        "config": None, "agent_path": None, "gss_host": None,
        "connect_timeout": CONNECT_SECONDS, "login_timeout": CONNECT_SECONDS,
        "keepalive_interval": READ_SECONDS,
    }  # fmt: skip
    ssh = None
    try:
        with _reached(), _told():
            ssh = await asyncssh.connect(parts.hostname or "", parts.port or PORT, **options)
            async with asyncio.timeout(CONNECT_SECONDS):
                client = await ssh.start_sftp_client()
        yield _Remote(client, folder.rstrip("/"))
    finally:
        if ssh is not None:
            ssh.abort()  # a source that drips would drip over its farewell too


async def host_key_of(url: str) -> str:
    """The key that a server shows, to be compared with what its owner says before it is pinned."""
    parts = urlsplit(url)
    with _told():
        async with asyncio.timeout(CONNECT_SECONDS):
            key = await asyncssh.get_server_host_key(
                parts.hostname or "", parts.port or PORT, config=None
            )
    if key is None:
        raise SourceTrouble("unreachable")
    return key.export_public_key("openssh").decode().strip()


@contextlib.contextmanager
def _reached() -> Iterator[None]:
    """Who hangs up before we are in was not reached at all."""
    try:
        yield
    except SourceTrouble as trouble:
        raise SourceTrouble(
            "unreachable" if trouble.code == "cut-short" else trouble.code
        ) from None


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Whatever SSH says as our own trouble, without its words."""
    try:
        yield
    except TimeoutError:
        raise SourceTrouble("too-slow") from None
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyImportError):
        raise SourceTrouble("host-key") from None
    except (asyncssh.PermissionDenied, asyncssh.SFTPPermissionDenied):
        raise SourceTrouble("refused") from None
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.ConnectionLost):
        raise SourceTrouble("cut-short") from None
    except asyncssh.SFTPError:
        raise SourceTrouble("error") from None
    except (asyncssh.Error, OSError):
        raise SourceTrouble("unreachable") from None
