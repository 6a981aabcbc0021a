"""Asks many sources at once; each answer is told as it comes, and nobody waits for the slowest.

A source that fails again and again rests: the others' answers come sooner, and it is not pressed
while it is down. Unknown is never no: only a source that answered about this very person says none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import aiohttp
from pybreaker import CircuitBreaker, CircuitBreakerError

from anwang.registries.transports.connections import Connection, joined
from anwang.registries.transports.exchange import exchange, patiently, session_to
from anwang.registries.transports.questions import (
    SIGNATURE,
    Answer,
    Question,
    Row,
    digest_of,
    rows_in,
    signature_of,
)
from anwang.registries.transports.routes import Asking
from anwang.registries.transports.troubles import SourceTrouble

OVERALL_SECONDS: Final = 5.0
ATTEMPTS: Final = 3
AT_ONCE: Final = 4  # of one source
MOST_BYTES: Final = 2 << 20
FAILURES_UNTIL_REST: Final = 5
REST_SECONDS: Final = 30
# Told before the limit, so that the asker has the last answer within it.
_SPARED_SECONDS: Final = 0.25
_LATE: Final = frozenset({"too-slow"})
_breakers: dict[str, CircuitBreaker] = {}


@dataclass(frozen=True, slots=True)
class Way:
    """How one source is asked: where, with which limits, and which columns its rows may have."""

    connection: Connection
    asking: Asking
    columns: frozenset[str]


def ask_sources(
    questions: Sequence[Question],
    ways: Mapping[str, Way],
    answered: Callable[[Answer], None],
    *,
    seconds: float = OVERALL_SECONDS,
) -> None:
    """Ask every question at once; `answered` is told of each once, all of them within `seconds`."""
    asyncio.run(_ask_all(questions, ways, answered, seconds - _SPARED_SECONDS))


async def _ask_all(
    questions: Sequence[Question],
    ways: Mapping[str, Way],
    answered: Callable[[Answer], None],
    seconds: float,
) -> None:
    began = time.monotonic()
    of_source: dict[str, list[Question]] = {}
    for one in questions:
        of_source.setdefault(one.source, []).append(one)
    waiting = {one.id: one for one in questions}

    def tell(answer: Answer) -> None:
        if waiting.pop(answer.question.id, None) is not None:
            answered(answer)

    asking = [
        asyncio.create_task(_ask_source(asked, ways[source], tell, began, seconds))
        for source, asked in of_source.items()
    ]
    if asking:
        _, late = await asyncio.wait(asking, timeout=max(0.0, began + seconds - time.monotonic()))
        for task in late:
            task.cancel()
        # A source that does not even let go is not waited for.
        await asyncio.wait(asking, timeout=_SPARED_SECONDS / 2)
    for one in list(waiting.values()):
        tell(_without(one, "late", "too-slow", began))


async def _ask_source(
    questions: Sequence[Question],
    way: Way,
    tell: Callable[[Answer], None],
    began: float,
    seconds: float,
) -> None:
    """Ask one source about each person, a few at a time over one session."""
    limit = min(way.asking.time_limit_seconds, seconds)
    try:
        async with session_to(way.connection, seconds=limit, at_once=AT_ONCE) as session:
            url = joined(way.connection.url, way.asking.path)
            await asyncio.gather(
                *(_ask(session, url, one, way, tell, limit, began) for one in questions)
            )
    except SourceTrouble as trouble:
        for one in questions:
            tell(_without(one, "failed", trouble.code, began))


async def _ask(
    session: aiohttp.ClientSession,
    url: str,
    question: Question,
    way: Way,
    tell: Callable[[Answer], None],
    limit: float,
    began: float,
) -> None:
    try:
        with breaker_of(question.source).calling():
            async with asyncio.timeout(limit):
                tell(await _asked(session, url, question, way, limit, began))
    except CircuitBreakerError:
        tell(_without(question, "failed", "resting", began))
    except TimeoutError:
        tell(_without(question, "late", "too-slow", began))
    except SourceTrouble as trouble:
        state = "late" if trouble.code in _LATE else "failed"
        tell(_without(question, state, trouble.code, began))


async def _asked(
    session: aiohttp.ClientSession,
    url: str,
    question: Question,
    way: Way,
    limit: float,
    began: float,
) -> Answer:
    """The answer, asked for again where the trouble may pass. Raises SourceTrouble."""
    body = question.body
    headers = {SIGNATURE: signature_of(body), "Content-Type": "application/json"}
    patience = patiently(attempts=ATTEMPTS, seconds=limit, first_pause=0.1, longest_pause=0.5)
    async for attempt in patience:
        with attempt:
            status, answer, said = await exchange(
                session, "POST", url, most_bytes=MOST_BYTES, body=body, headers=headers
            )
    if status != 200:
        raise SourceTrouble("broken-answer")
    rows = rows_in(question, answer, said, way.connection.answer_key, way.columns)
    return _answer(question, rows, answer, said.get(SIGNATURE, ""), began)


def _answer(
    question: Question, rows: tuple[Row, ...], body: bytes, signature: str, began: float
) -> Answer:
    spent = time.monotonic() - began
    return Answer(
        question=question, state="value" if rows else "none",
        received_at=question.asked_at + timedelta(seconds=spent), milliseconds=int(spent * 1000),
        rows=rows, digest=digest_of(body), signature=signature[:200],
    )  # fmt: skip


def _without(question: Question, state: str, why: str, began: float) -> Answer:
    spent = time.monotonic() - began
    return Answer(
        question=question, state="late" if state == "late" else "failed", why=why,
        received_at=question.asked_at + timedelta(seconds=spent), milliseconds=int(spent * 1000),
    )  # fmt: skip


def breaker_of(source: str) -> CircuitBreaker:
    """The source's breaker in this process."""
    found = _breakers.get(source)
    if found is None:
        found = _breakers[source] = CircuitBreaker(
            fail_max=FAILURES_UNTIL_REST, reset_timeout=REST_SECONDS, name=source,
            throw_new_error_on_trip=False,
        )  # fmt: skip
    return found
