"""The simulator's SFTP server: one user and folder a source, to be read; what it is told lies in `in`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
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


TOLD = b"/in/"


class Shelf(asyncssh.SFTPServer):
    """The folder of the user who signed in, and nothing above it."""

    def __init__(self, chan: asyncssh.SSHServerChannel[Any], site: Site, folder: Path) -> None:
        self._site = site
        self._user = chan.get_extra_info("username")
        super().__init__(chan, chroot=str(folder / self._user).encode())

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open for reading, or for writing into `in`; anything else is refused."""
        if pflags & ~asyncssh.FXF_READ and not path.startswith(TOLD):
            raise asyncssh.SFTPPermissionDenied("read only")
        made = super().open(path, pflags, attrs)
        self._site.opened.append(made)
        return made

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> Awaitable[None] | None:
        """A file that is whole gets its name; one that breaks off has it, and nobody hears of it."""
        if not (oldpath.startswith(TOLD) and newpath.startswith(TOLD)):
            raise asyncssh.SFTPPermissionDenied("read only")
        done = super().posix_rename(oldpath, newpath)
        if self._breaks_off():
            raise asyncssh.SFTPConnectionLost("gone")
        return done

    async def write(self, file_obj: Any, offset: int, content: bytes) -> int:
        """A piece of what is told, as quickly as the fault allows."""
        if self._site.faults.get(self._user) == "slow":
            await asyncio.sleep(LONGER_THAN_ANYBODY_WAITS)
        file_obj.seek(offset)
        return int(file_obj.write(content))

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
        if offset > 0 and self._breaks_off():
            raise asyncssh.SFTPConnectionLost("gone")
        file_obj.seek(offset)
        return bytes(file_obj.read(size))

    def _breaks_off(self) -> bool:
        """Whether the connection ends here: once, where the fault is that it does."""
        if (
            self._site.faults.get(self._user) != "interrupted"
            or self._user in self._site.interrupted
        ):
            return False
        self._site.interrupted.add(self._user)
        self.channel.get_connection().abort()
        return True
