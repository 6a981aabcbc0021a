"""Deliveries as pages of a REST interface, with a bearer token and a cursor.

`GET path?after=ID&limit=N[&cursor=C]` answers 204 where nothing came after the delivery `ID`, else
`{"delivery": {"id", "mode", "delivered_at", "rows", "manifest_version"}, "records": [...],
"next": C or null}`. Every page that is here stays here: an interrupted fetch goes on behind it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from anwang.registries.transports.connections import Connection, joined
from anwang.registries.transports.exchange import exchange, patiently, session_to
from anwang.registries.transports.fetched import Fetched, Progress, quiet
from anwang.registries.transports.routes import Route
from anwang.registries.transports.troubles import SourceTrouble

PAGE_SECONDS: Final = 60.0
PAGE_ATTEMPTS: Final = 4
MOST_PAGE_BYTES: Final = 32 << 20
MOST_BYTES: Final = 32 << 30
MOST_PAGES: Final = 1_000_000
_LONGEST_NAME: Final = 200


@dataclass(slots=True)
class _Begun:
    """What is here of a delivery: its own words on itself, pages taken, where the next begins."""

    delivery: dict[str, Any]
    pages: int
    cursor: str | None
    bytes: int


def deliveries(
    connection: Connection,
    route: Route,
    staging: Path,
    *,
    after: str | None,
    progress: Progress = quiet,
) -> Iterator[Fetched]:
    """Each delivery that came after `after`, in the source's order; one at a time lies in `staging`.

    Raises SourceTrouble.
    """
    url = joined(connection.url, route.path)
    while True:
        found = asyncio.run(_one(connection, url, route.page_size, staging, after, progress))
        if found is None:
            return
        yield found
        after = found.name
        _clear(staging)


async def _one(
    connection: Connection,
    url: str,
    page_size: int,
    staging: Path,
    after: str | None,
    progress: Progress,
) -> Fetched | None:
    begun = _read_begun(staging)
    ask = {"limit": str(page_size)} | ({"after": after} if after else {})
    async with session_to(connection, seconds=PAGE_SECONDS) as session:
        while begun is None or begun.cursor is not None:
            page = await _page(session, url, ask | _cursor(begun))
            if page is None:
                if begun is not None:  # it was withdrawn while we fetched it
                    _clear(staging)
                return None
            begun = _keep(staging, begun, page)
            progress(begun.delivery["id"], begun.pages * page_size, begun.delivery.get("rows"))
    return _whole(staging, begun)


def _cursor(begun: _Begun | None) -> dict[str, str]:
    return {"cursor": begun.cursor} if begun is not None and begun.cursor else {}


async def _page(
    session: aiohttp.ClientSession, url: str, params: Mapping[str, str]
) -> dict[str, Any] | None:
    """One page, asked for again where the trouble may pass; None where nothing is new."""
    async for attempt in patiently(attempts=PAGE_ATTEMPTS, seconds=4 * PAGE_SECONDS):
        with attempt:
            status, body, _ = await exchange(
                session, "GET", url, most_bytes=MOST_PAGE_BYTES, params=params
            )
    if status != 200:
        return None
    return _checked(body)


def _checked(body: bytes) -> dict[str, Any]:
    try:
        page = json.loads(body.decode("utf-8"))
        told, records, following = page["delivery"], page["records"], page["next"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SourceTrouble("broken-answer") from None
    right = (
        isinstance(told, dict)
        and isinstance(told.get("id"), str)
        and 0 < len(told["id"]) <= _LONGEST_NAME
        and isinstance(records, list)
        and all(isinstance(one, dict) for one in records)
        and (following is None or isinstance(following, str))
    )
    if not right:
        raise SourceTrouble("broken-answer")
    return {"delivery": told, "records": records, "next": following}


def _keep(staging: Path, begun: _Begun | None, page: dict[str, Any]) -> _Begun:
    """Put a page with the others. Another delivery than the one begun begins anew."""
    told = page["delivery"]
    if begun is not None and begun.delivery != told:
        _clear(staging)
        raise SourceTrouble("changed-meanwhile")
    pages, size = (begun.pages, begun.bytes) if begun else (0, 0)
    if begun is not None and page["next"] is not None and page["next"] == begun.cursor:
        raise SourceTrouble("broken-answer")  # a cursor that stands still would never end
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in page["records"])
    text = lines.encode("utf-8", "replace")
    if size + len(text) > MOST_BYTES or pages >= MOST_PAGES:
        raise SourceTrouble("too-large")
    folder = staging / "pages"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / f"{pages:08d}").write_bytes(text)
    fresh = _Begun(told, pages + 1, page["next"], size + len(text))
    _write_begun(staging, fresh)
    return fresh


def _whole(staging: Path, begun: _Begun) -> Fetched:
    """All pages as one file of JSON Lines with its envelope."""
    path = staging / "delivery.jsonl"
    with path.open("wb") as out:
        for page in sorted((staging / "pages").iterdir()):
            with page.open("rb") as lines:
                shutil.copyfileobj(lines, out)
    told = begun.delivery
    names = ("source", "manifest_version", "mode", "delivered_at", "rows", "sha256")
    envelope = {name: told[name] for name in names if told.get(name) is not None}
    if not begun.bytes:  # whole, and nothing in it: said as plainly as any other number of rows
        envelope.setdefault("rows", 0)
    path.with_name(path.name + ".meta.json").write_text(json.dumps(envelope), encoding="utf-8")
    return Fetched(told["id"], str(told.get("delivered_at") or ""), path, begun.bytes)


def _read_begun(staging: Path) -> _Begun | None:
    """What an interrupted fetch left; pages that its note does not count are not there."""
    try:
        kept = json.loads((staging / "begun.json").read_text(encoding="utf-8"))
        begun = _Begun(kept["delivery"], kept["pages"], kept["cursor"], kept["bytes"])
    except (OSError, ValueError, KeyError):
        _clear(staging)
        return None
    return begun


def _write_begun(staging: Path, begun: _Begun) -> None:
    fresh = staging / ".begun.json"
    fresh.write_text(
        json.dumps({"delivery": begun.delivery, "pages": begun.pages, "cursor": begun.cursor,
                    "bytes": begun.bytes}),
        encoding="utf-8",
    )  # fmt: skip
    fresh.replace(staging / "begun.json")


def _clear(staging: Path) -> None:
    for one in staging.iterdir():
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink()
