"""The simulator's SFTP server: one user and folder a source, files only to be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hmac import compare_digest
from pathlib import Path
from typing import Any

import asyncssh

from demo.sources.pages import LONGER_THAN_ANYBODY_WAITS, Site

PAUSE_OF_A_DRIP = 0.5


class Users(asyncssh.SSHServer):
    """Lets each source's user in with its own password."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        fault = self._site.faults.get(username, "")
        if fault == "down":
            self._connection.abort()
            return False
        known = self._site.tokens.get(username, "\0")
        return fault != "refuses" and compare_digest(password, known)


class ReadOnly(asyncssh.SFTPServer):
    """The folder of the user who signed in, and nothing above it."""

    def __init__(self, chan: asyncssh.SSHServerChannel[Any], site: Site, folder: Path) -> None:
        self._site = site
        self._user = chan.get_extra_info("username")
        super().__init__(chan, chroot=str(folder / self._user).encode())

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open for reading; anything else is refused."""
        if pflags & ~asyncssh.FXF_READ:
            raise asyncssh.SFTPPermissionDenied("read only")
        made = super().open(path, pflags, attrs)
        self._site.opened.append(made)
        return made

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """What lies in the folder; one that means harm names a file outside of it."""
        async for one in super().scandir(path):
            yield one
        if self._site.faults.get(self._user) == "path":
            attrs = asyncssh.SFTPAttrs(
                type=asyncssh.FILEXFER_TYPE_REGULAR, size=4, permissions=0o100644, mtime=1
            )
            yield asyncssh.SFTPName(b"../../../../tmp/outside.csv", attrs=attrs)

    async def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        """A piece of a file, as quickly as the fault allows."""
        fault = self._site.faults.get(self._user, "")
        if fault in ("slow", "drip"):
            await asyncio.sleep(LONGER_THAN_ANYBODY_WAITS if fault == "slow" else PAUSE_OF_A_DRIP)
        if fault == "drip":
            size = 1
        if fault == "interrupted" and offset > 0 and self._user not in self._site.interrupted:
            self._site.interrupted.add(self._user)
            self.channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost("gone")
        file_obj.seek(offset)
        return bytes(file_obj.read(size))
