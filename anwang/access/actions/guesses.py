"""Tries to sign in, held back by where they come from: the guesser waits, not the victim (I8).

What was tried is on record as a sign-in or a failure by who calls; the buckets hold digests and
levels alone. They are kept apart from the request's transaction, so that a refusal does not empty them.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.conf import settings
from django.db import connections, transaction

from anwang.access.rules.sign_in import buckets_of_a_try, sign_in_policy
from config.home import key

_TAKE: Final = "select access.take(%s::bytea[], %s::double precision[], %s::double precision[])"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a try comes from: a network, and the device if the name is known from it."""

    address: str
    device: str = ""

    @property
    def known(self) -> bool:
        """Whether the name has signed in from here before."""
        return bool(self.device)


@cache
def _key() -> bytes:
    return key("guesses")


def digest(*parts: str) -> bytes:
    """A keyed digest: who reads the table learns neither names nor addresses."""
    text = "\x1f".join(part.strip().casefold() for part in parts)
    return hmac.digest(_key(), text.encode(), hashlib.sha256)


def _keys(name: str, source: Source, second: bool) -> list[tuple[str, bytes]]:
    said = {"name": name, "address": source.address, "device": source.device}
    return [
        (bucket, digest(bucket, *(said[part] for part in parts)))
        for bucket, *parts in buckets_of_a_try(source.known, second)
    ]


def _take(keys: list[tuple[str, bytes]]) -> float:
    buckets = [sign_in_policy().buckets[bucket] for bucket, _ in keys]
    alias = settings.AUDIT_ALIAS
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(
            _TAKE,
            [[key for _, key in keys], [float(one.capacity) for one in buckets],
             [float(one.leak_seconds) for one in buckets]],
        )  # fmt: skip
        (wait,) = cursor.fetchone()
    return float(wait)


def recognised(name: str, source: Source) -> Source:
    """The source, known also where the name has signed in from this network lately."""
    if source.known:
        return source
    alias = settings.AUDIT_ALIAS
    with connections[alias].cursor() as cursor:
        cursor.execute("select access.knows_place(%s)", [digest("place", name, source.address)])
        (known,) = cursor.fetchone()
    return Source(source.address, f"place:{source.address}") if known else source


def seconds_to_wait(name: str, source: Source, *, second: bool = False) -> float:
    """0 when this try may be made now (it then counts), else how long to wait (it does not count)."""
    return _take(_keys(name, source, second))


def refusal_is_told(source: Source) -> bool:
    """Whether one more refusal without a try goes on record: once a minute and address in a flood."""
    return _take([("refusals-told", digest("refusals-told", source.address))]) == 0


def tried_rightly(name: str, source: Source, *, second: bool = False) -> None:
    """Forget this name's own tries from this place, and this one try everywhere else.

    What the address tried on other names, and what others tried on this name, stays counted; an
    office that signs in from one address in the morning is not held back.
    """
    own, *shared = [key for _, key in _keys(name, source, second)]
    alias = settings.AUDIT_ALIAS
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("select access.give_back(%s::bytea[], %s::bytea[])", [[own], shared])


def remember_place(name: str, source: Source) -> None:
    """The name has signed in from here: strangers' tries elsewhere will not hold it back here."""
    place, days = digest("place", name, source.address), sign_in_policy().place_days
    alias = settings.AUDIT_ALIAS
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("select access.know_place(%s, %s)", [place, days])
