"""Hands a delivery of ours to a local system, over the way by which the system itself delivers.

Safe to repeat: a file of the same name is put in place of the first, and a REST delivery is PUT
under its number. Whatever goes wrong is a SourceTrouble, and nothing counts as sent before the
receiver has all of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from anwang.registries.transports import drop
from anwang.registries.transports.connections import Connection, joined
from anwang.registries.transports.exchange import exchange, patiently, session_to
from anwang.registries.transports.folders import OpenShelf
from anwang.registries.transports.routes import Route
from anwang.registries.transports.troubles import SourceTrouble
from anwang.registries.transports.unpacking import META

SECONDS: Final = 60.0
ATTEMPTS: Final = 3
_MOST_ANSWER: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery of ours. `envelope` says what it is, in the form in which we read deliveries."""

    name: str
    suffix: str
    content: bytes
    envelope: Mapping[str, Any]


def by_pages(connection: Connection) -> bool:
    """Whether a system is told over REST, by the address of its connection."""
    return connection.url.startswith("http")


def hand_over(connection: Connection, path: str, parcel: Parcel) -> None:
    """Hand over a delivery. Raises SourceTrouble where the receiver does not have it whole."""
    if by_pages(connection):
        asyncio.run(_by_rest(connection, path, parcel))
        return
    route = Route(kind="file", path=path)
    if connection.url.startswith("sftp:"):
        from anwang.registries.transports import sftp  # long to import, and seldom asked

        shelf = sftp.shelf_at(connection, route)
    else:
        shelf = drop.shelf_in(drop.folder_of(connection.source, connection, route))
    asyncio.run(_as_file(shelf, parcel))


async def _as_file(opened: OpenShelf, parcel: Parcel) -> None:
    """The file first and then its envelope, by which the receiver knows that it is whole."""
    name = f"{parcel.name}.{parcel.suffix}"
    async with opened() as shelf:
        await shelf.put(name, parcel.content)
        await shelf.put(name + META, json.dumps(dict(parcel.envelope)).encode())


async def _by_rest(connection: Connection, path: str, parcel: Parcel) -> None:
    url = f"{joined(connection.url, path)}/{quote(parcel.name, safe='')}"
    headers = {"Content-Type": "application/json"}
    async with session_to(connection, seconds=SECONDS) as session:
        async for attempt in patiently(attempts=ATTEMPTS, seconds=2 * SECONDS):
            with attempt:
                _, answer, _ = await exchange(
                    session, "PUT", url, most_bytes=_MOST_ANSWER, body=parcel.content,
                    headers=headers,
                )  # fmt: skip
    _check_receipt(answer, parcel)


def _check_receipt(answer: bytes, parcel: Parcel) -> None:
    """The receiver says under which number it has how many rows; anything else is no receipt."""
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        raise SourceTrouble("broken-answer") from None
    if told != {"delivery": parcel.name, "rows": parcel.envelope["rows"]}:
        raise SourceTrouble("broken-answer")
