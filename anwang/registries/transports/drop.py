"""A folder of this machine, or of a share mounted here, into which a source drops its files."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from anwang.registries.transports.connections import Connection, drop_folder
from anwang.registries.transports.folders import Offered, OpenShelf, Shelf
from anwang.registries.transports.routes import Route
from anwang.registries.transports.troubles import SourceTrouble


class _Drop:
    """Regular files directly in the folder; links and folders are passed over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def listing(self) -> tuple[list[Offered], float]:
        found = []
        try:
            with os.scandir(self._folder) as entries:
                for one in entries:
                    told = one.stat(follow_symlinks=False)
                    if stat.S_ISREG(told.st_mode):
                        found.append(Offered(one.name, told.st_size, told.st_mtime))
        except FileNotFoundError:
            return [], time.time()
        except OSError:
            raise SourceTrouble("unreachable") from None
        return found, time.time()

    async def read(self, name: str, offset: int, most: int) -> bytes:
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as file:
                file.seek(offset)
                return file.read(most)
        except OSError:
            raise SourceTrouble("changed-meanwhile") from None

    async def put(self, name: str, content: bytes) -> None:
        part = self._folder / f".{name}.part"
        try:
            with part.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            part.replace(self._folder / name)
        except OSError:
            raise SourceTrouble("unreachable") from None


def folder_of(source_id: str, connection: Connection | None, route: Route) -> Path:
    """Where the source's files are expected: its connection's folder, or the instance's own."""
    if connection is None or not connection.url.startswith("file:"):
        return drop_folder(source_id)
    folder = Path(unquote(urlsplit(connection.url).path))
    return folder.joinpath(*[part for part in route.path.split("/") if part not in ("", ".", "..")])


def shelf_in(folder: Path) -> OpenShelf:
    """The folder as a shelf."""
    return partial(_opened, folder)


@contextlib.asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[Shelf]:
    yield _Drop(folder)
