"""One HTTP exchange with a source: bounded in time and size, and never led elsewhere.

The address comes from the instance's own connection; redirects are not followed, proxies and
cookies not used, answers not read further than agreed. Whatever goes wrong becomes SourceTrouble.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Final

import aiohttp
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from anwang.registries.transports.connections import Connection
from anwang.registries.transports.troubles import SourceTrouble

CONNECT_SECONDS: Final = 5.0
STEP: Final = 1 << 16
# What may pass by itself. A refusal or a wrong answer does not get better by asking again.
PASSING: Final = frozenset({"unreachable", "too-slow", "error"})
_FAMILY: Final = {401: "refused", 403: "refused", 404: "broken-answer", 429: "error"}


@contextlib.asynccontextmanager
async def session_to(
    connection: Connection, *, seconds: float, at_once: int = 4
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with a source; each exchange ends within `seconds`, however slowly it drips."""
    limits = aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECT_SECONDS, seconds))
    headers = {"Accept": "application/json", "User-Agent": "anwang"}
    if connection.secret:
        headers["Authorization"] = f"Bearer {connection.secret}"
    async with aiohttp.ClientSession(
        timeout=limits,
        headers=headers,
        connector=aiohttp.TCPConnector(limit=at_once, ssl=_encryption(connection)),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    ) as session:
        yield session


def _encryption(connection: Connection) -> ssl.SSLContext | bool:
    if not connection.url.startswith("https:"):
        return True
    try:
        context = ssl.create_default_context(cafile=connection.ca_file or None)
    except OSError:
        raise SourceTrouble("not-connected") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    most_bytes: int,
    params: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers of the answer: 200, 204 or 304. Raises SourceTrouble."""
    try:
        async with session.request(
            method, url, params=params, data=body, headers=headers, allow_redirects=False
        ) as answer:
            _check_status(answer.status)
            if (answer.content_length or 0) > most_bytes:
                raise SourceTrouble("too-large")
            taken = bytearray()
            async for chunk in answer.content.iter_chunked(STEP):
                taken += chunk  # unpacked already, so that a bomb is counted as what it becomes
                if len(taken) > most_bytes:
                    raise SourceTrouble("too-large")
            return answer.status, bytes(taken), answer.headers
    except TimeoutError:
        raise SourceTrouble("too-slow") from None
    except aiohttp.ClientPayloadError:
        raise SourceTrouble("cut-short") from None
    except (aiohttp.ClientConnectionError, OSError):
        raise SourceTrouble("unreachable") from None
    except (aiohttp.ClientError, ValueError):
        raise SourceTrouble("broken-answer") from None


def _check_status(status: int) -> None:
    if status in (200, 204, 304):
        return
    if 300 <= status < 400:
        raise SourceTrouble("redirected")
    raise SourceTrouble(_FAMILY.get(status, "error" if status >= 500 else "broken-answer"))


def _passes(error: BaseException) -> bool:
    return isinstance(error, SourceTrouble) and error.code in PASSING


def patiently(
    *, attempts: int, seconds: float, first_pause: float = 0.2, longest_pause: float = 5.0
) -> AsyncRetrying:
    """Try again what may pass by itself, with pauses that grow and differ (full jitter)."""
    return AsyncRetrying(
        retry=retry_if_exception(_passes),
        stop=stop_after_attempt(attempts) | stop_after_delay(seconds),
        wait=wait_random_exponential(multiplier=first_pause, max=longest_pause),
        sleep=asyncio.sleep,
        reraise=True,
    )
