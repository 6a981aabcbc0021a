"""The simulator's HTTP server: deliveries in pages, and answers about one person."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from demo.sources.rendering import SHRUNK_TO, bomb
from demo.sources.stock import Stock

LONGER_THAN_ANYBODY_WAITS = 600.0
LATE_SECONDS = 2.0
DRIP_SECONDS = 0.5
SIGNATURE = "Anwang-Signature"


@dataclass
class Site:
    """What the pages are made of. Faults may change while they are served."""

    stock: Stock
    tokens: dict[str, str]
    key: Ed25519PrivateKey
    delivered_at: datetime
    versions: dict[str, int]
    asker: Ed25519PublicKey | None = None
    faults: dict[str, str] = field(default_factory=dict)
    interrupted: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    opened: list[Any] = field(default_factory=list)
    received: dict[str, dict[str, bytes]] = field(default_factory=dict)


SITE = web.AppKey("site", Site)


def application(site: Site) -> web.Application:
    """Every source below its own id: GET delivers, POST answers, PUT takes what it is told."""
    app = web.Application(client_max_size=8 << 20)
    app[SITE] = site
    app.router.add_get("/{source}/{tail:.*}", _deliver)
    app.router.add_post("/{source}/{tail:.*}", _answer)
    app.router.add_put("/{source}/{tail:.*}", _take)
    return app


async def _deliver(request: web.Request) -> web.StreamResponse:
    site, source = request.app[SITE], request.match_info["source"]
    fault = site.faults.get(source, "")
    if (failing := await _fails(request, fault)) is not None:
        return failing
    at = site.delivered_at - timedelta(days=30) if fault == "late" else site.delivered_at
    if not site.stock.columns(source):  # a local system that holds nothing of its own here
        return web.Response(status=204)
    name = f"{source}-{at:%Y%m%d%H%M}"
    after = request.query.get("after", "")
    if fault == "doubled" and after == name:
        name += "-again"
    elif after >= name:
        return web.Response(status=204)
    first = int(request.query.get("cursor") or 0)
    most = min(int(request.query.get("limit") or 500), 10_000)
    if fault == "interrupted" and first >= most and source not in site.interrupted:
        site.interrupted.add(source)
        return _closed(request)
    rows = await asyncio.to_thread(site.stock.page, source, first, most)
    count = site.stock.rows(source)
    if fault == "shrunk":
        rows, count = (rows[::SHRUNK_TO] if not first else []), min(most, count)
    body = json.dumps(
        {
            "delivery": {
                "id": name, "source": source, "mode": "full", "delivered_at": at.isoformat(),
                "rows": None if fault == "shrunk" else count,
                "manifest_version": site.versions.get(source, 1),
            },
            "records": rows,
            "next": str(first + most) if first + most < count else None,
        },
        ensure_ascii=False,
    ).encode()  # fmt: skip
    return await _sent(request, body, fault)


async def _answer(request: web.Request) -> web.StreamResponse:
    site, source = request.app[SITE], request.match_info["source"]
    fault = site.faults.get(source, "")
    if (failing := await _fails(request, fault)) is not None:
        return failing
    asked = await request.read()
    if not _signed_by(site.asker, asked, request.headers.get(SIGNATURE, "")):
        return web.Response(status=403)
    try:
        question = json.loads(asked)
        number, request_id = question["by"]["national_id"], question["request"]
    except (ValueError, KeyError, TypeError):
        return web.Response(status=400)
    if question.get("source") != source or not question.get("purpose"):
        return web.Response(status=403)
    site.asked.append((source, request_id))
    if fault == "late":
        await asyncio.sleep(LATE_SECONDS)
    find = site.stock.of_somebody_else if fault == "other-person" else site.stock.of_person
    rows = await asyncio.to_thread(find, source, number)
    if fault == "doubled":
        rows = rows + rows
    if fault == "other-request":
        request_id = "00000000-0000-4000-8000-000000000000"
    body = json.dumps(
        {"request": request_id, "source": source, "records": rows}, ensure_ascii=False
    ).encode()
    return await _sent(request, body, fault)


async def _take(request: web.Request) -> web.StreamResponse:
    """A delivery of Anwang's: kept by its number, so that the same one counts once."""
    site, source = request.app[SITE], request.match_info["source"]
    fault = site.faults.get(source, "")
    if (failing := await _fails(request, fault)) is not None:
        return failing
    body = await request.read()
    name = request.match_info["tail"].rpartition("/")[2]
    kept = site.received.setdefault(source, {})
    if kept.setdefault(name, body) != body:
        return web.Response(status=409)
    if fault == "interrupted" and source not in site.interrupted:
        site.interrupted.add(source)  # it has the delivery, and nobody hears of it
        return _closed(request)
    told = {"delivery": name, "rows": len(json.loads(body)["records"])}
    return await _sent(request, json.dumps(told).encode(), fault)


async def _fails(request: web.Request, fault: str) -> web.Response | None:
    """What is answered before anything is looked at."""
    site, source = request.app[SITE], request.match_info["source"]
    said = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if fault == "refuses" or not compare_digest(said, site.tokens.get(source, "\0")):
        return web.Response(status=401)
    if fault == "slow":
        await asyncio.sleep(LONGER_THAN_ANYBODY_WAITS)
    if fault == "down":
        return _closed(request)
    if fault == "errors":
        return web.Response(status=503)
    if fault == "elsewhere":
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/"})
    return None


async def _sent(request: web.Request, body: bytes, fault: str) -> web.StreamResponse:
    """The answer with its signature, or what is left of it."""
    site = request.app[SITE]
    if fault == "wrong":
        body = b'{"message": "under maintenance"}'
    if fault == "encoding":
        body = body.replace(b'"records"', b'"\xff\xfe\x81", "records"', 1)
    headers = {"Content-Type": "application/json"}
    if fault != "unsigned":
        headers[SIGNATURE] = base64.b64encode(site.key.sign(body)).decode()
    if fault == "bomb":
        return web.Response(body=bomb(), headers=headers | {"Content-Encoding": "gzip"})
    if fault not in ("truncated", "drip", "endless"):
        return web.Response(body=body, headers=headers)
    response = web.StreamResponse(headers=headers)
    if fault != "endless":
        response.content_length = len(body)
    await response.prepare(request)
    try:
        if fault == "truncated":
            await response.write(body[: len(body) // 2])
        while fault == "endless":
            await response.write(b" " * (1 << 16))
        for place in range(len(body) if fault == "drip" else 0):
            await response.write(body[place : place + 1])
            await asyncio.sleep(DRIP_SECONDS)
    except ConnectionError:
        return response
    _closed(request)
    return response


def _closed(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort() if hasattr(request.transport, "abort") else None
    return web.Response(status=500)


def _signed_by(key: Ed25519PublicKey | None, body: bytes, signature: str) -> bool:
    if key is None:
        return True
    try:
        key.verify(base64.b64decode(signature, validate=True), body)
    except (InvalidSignature, ValueError):
        return False
    return True
