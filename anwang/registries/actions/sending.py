"""Tells local systems what became of their county's reports: what changed since the last time.

A delivery is made and put on record in one transaction, sealed, and then handed over. One that was
not received is handed over again under its number, with the same rows, before another is made. So
nothing is told twice and nothing is left out, wherever it breaks off. What may be told no more by
then, since it was sealed while it waited, is taken out first.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

from django.db import connection as database

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.sealing import Place, keyed_digest, seal, unseal
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.registries.models import Outgoing, OutgoingRow, Source
from anwang.registries.rules.outgoing import (
    OutgoingPart,
    Told,
    file_of,
    message_of,
    next_sending,
    outgoing_of,
)
from anwang.registries.transports.connections import Connection, WrongConnection, connection_to
from anwang.registries.transports.sending import Parcel, by_pages, hand_over
from anwang.registries.transports.troubles import SourceTrouble

logger = logging.getLogger(__name__)
PURPOSE: Final = "local-system"
MOST_ROWS: Final = 1000
# A change is seen once its transaction has ended; the mark of the last delivery may have passed it
# by then. What was told already is known by its digest.
LOOKED_BACK: Final = timedelta(minutes=10)
_PLACE: Final[Place] = {"table": "registries_outgoing", "column": "sealed_body"}
# Stands for the digest of a report that may be told no more; of 2**64 rows one has it by chance.
_UNTOLD: Final = 0
# One delivery of a system is made at a time.
_LOCK: Final = 815_022


class ToldNothing(AnwangError):
    """Nothing is sent to this system: its manifest has no outgoing part."""


@dataclass(frozen=True, slots=True)
class Change:
    """What holds of one report now. `key` is its id, which stays in the house."""

    key: UUID
    changed_at: datetime
    told: Told


class Changes(Protocol):
    """Reports that may be told and changed since, the longest ago first; of `only` these, if given."""

    def __call__(
        self,
        system: str,
        outgoing: OutgoingPart,
        since: datetime | None,
        only: Sequence[UUID] | None = None,
    ) -> Iterable[Change]: ...


@dataclass(slots=True)
class SendOutcome:
    """What came of it: deliveries and rows received there; `trouble` as troubles.TEXTS has it."""

    system: str
    deliveries: int = 0
    rows: int = 0
    trouble: str = ""


def told_systems() -> dict[str, OutgoingPart]:
    """Every system that is told something, by id."""
    bodies = Source.objects.filter(manifest__has_key="outgoing").order_by("id")
    found = {one.pk: outgoing_of(one.manifest) for one in bodies}
    return {name: one for name, one in found.items() if one is not None}


def due_systems(*, actor: Actor) -> list[str]:
    """Systems with a connection whose time has come."""
    now = clock_now()
    due = []
    for name, outgoing in told_systems().items():
        if connection_to(name) is None:
            continue
        with acting(actor, PURPOSE):
            last = Outgoing.objects.filter(source_id=name).order_by("-number").first()
        waiting = last is not None and last.sent_at is None
        at = next_sending(
            outgoing,
            made_at=last.made_at if last else None,
            tried_at=last.tried_at if last and waiting else None,
            failures=last.tries if last and waiting else 0,
        )
        if at is None or at <= now:
            due.append(name)
    return due


def tell_system(name: str, changes: Changes, *, actor: Actor) -> SendOutcome:
    """Hand over what waits and what changed since, a delivery at a time, until there is no more.

    Raises ToldNothing. A system in trouble comes back with its trouble; the rest follows next time.
    """
    outgoing = told_systems().get(name)
    if outgoing is None:
        raise ToldNothing(f"{ToldNothing.__doc__} ({name})")
    outcome = SendOutcome(name)
    while (waiting := _waiting(name, outgoing, changes, actor)) is not None:
        outcome.trouble = _try(waiting, outgoing)
        _note(waiting, outcome.trouble, actor)
        if outcome.trouble:
            break
        outcome.deliveries += 1
        outcome.rows += waiting.rows
    return outcome


def _waiting(name: str, outgoing: OutgoingPart, changes: Changes, actor: Actor) -> Outgoing | None:
    """The delivery that was not received yet, else a new one; None where nothing changed."""
    with acting(actor, PURPOSE), database.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, name])
        last = Outgoing.objects.filter(source_id=name).order_by("-number").first()
        if last is not None and last.sent_at is None:
            _take_out(last, outgoing, changes, actor)
            return last
        since = last.upto - LOOKED_BACK if last else None
        found: list[tuple[Change, int]] = []
        for one in _untold(name, outgoing, changes(name, outgoing, since)):
            found.append(one)
            if len(found) == MOST_ROWS:
                break
        if not found:
            return None
        return _made(name, outgoing, found, last.number + 1 if last else 1, actor)


def _untold(
    name: str, outgoing: OutgoingPart, changes: Iterable[Change]
) -> Iterator[tuple[Change, int]]:
    """Changes of which the system was told something else last, or nothing, with their digests."""
    rest = iter(changes)
    while some := list(islice(rest, MOST_ROWS)):
        known = dict(
            OutgoingRow.objects.filter(source_id=name, key__in=[one.key for one in some])
            .values_list("key", "digest")
        )  # fmt: skip
        for one in some:
            row = json.dumps(outgoing.row(one.told), ensure_ascii=False, sort_keys=True)
            digest = keyed_digest(row.encode())
            if known.get(one.key) != digest:
                yield one, digest


def _made(
    name: str, outgoing: OutgoingPart, found: list[tuple[Change, int]], number: int,
    actor: Actor,
) -> Outgoing:  # fmt: skip
    """Keep a delivery with what it tells of whom, on record before it leaves the house."""
    delivery = Outgoing(
        id=uuid4(), source_id=name, number=number, made_at=clock_now(), rows=len(found),
        upto=found[-1][0].changed_at,
    )  # fmt: skip
    _put(delivery, [(str(one.key), outgoing.row(one.told)) for one, _ in found])
    delivery.save(force_insert=True)
    OutgoingRow.objects.bulk_create(
        [OutgoingRow(source_id=name, key=one.key, digest=digest) for one, digest in found],
        update_conflicts=True, unique_fields=["source", "key"], update_fields=["digest"],
    )  # fmt: skip
    record_event(
        Act.DELIVERED, actor=actor, object_kind="report", object_ids=[one.key for one, _ in found],
        purpose=PURPOSE, fields=sorted(outgoing.fields),
        detail={"source": name, "number": number, "rows": len(found)},
    )  # fmt: skip
    return delivery


def _take_out(delivery: Outgoing, outgoing: OutgoingPart, changes: Changes, actor: Actor) -> None:
    """Leave out of a delivery that waits what may be told no more; it is told when it may be again."""
    held = _held_in(delivery)
    asked = [UUID(key) for key, _ in held]
    open_ones = {
        str(one.key) for one in changes(delivery.source_id, outgoing, None, only=asked)
    }  # fmt: skip
    closed = [key for key, _ in held if key not in open_ones]
    if not closed:
        return
    _put(delivery, [(key, row) for key, row in held if key in open_ones])
    delivery.save(update_fields=["rows", "sha256", "sealed_body"])
    OutgoingRow.objects.filter(source_id=delivery.source_id, key__in=closed).update(digest=_UNTOLD)
    record_event(
        Act.DELIVERED, actor=actor, object_kind="report", object_ids=closed, purpose=PURPOSE,
        result="refused", detail={"source": delivery.source_id, "number": delivery.number},
    )  # fmt: skip


def _put(delivery: Outgoing, held: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    """Seal what a delivery holds: report ids, which stay in the house, with their rows."""
    content = json.dumps(held, ensure_ascii=False).encode()
    delivery.rows = len(held)
    delivery.sha256 = hashlib.sha256(content).hexdigest()
    delivery.sealed_body = seal(content, **_PLACE, row=str(delivery.pk))


def _held_in(delivery: Outgoing) -> list[tuple[str, dict[str, str]]]:
    assert delivery.sealed_body is not None
    found: list[tuple[str, dict[str, str]]] = json.loads(
        unseal(bytes(delivery.sealed_body), **_PLACE, row=str(delivery.pk))
    )
    return found


def _try(delivery: Outgoing, outgoing: OutgoingPart) -> str:
    """Hand a delivery over; why it could not be, or nothing."""
    try:
        connection = connection_to(delivery.source_id)
        if connection is None:
            return "not-connected"
        hand_over(connection, outgoing.path, _parcel(delivery, outgoing, connection))
    except SourceTrouble as trouble:
        return trouble.code
    except WrongConnection:
        return "not-connected"
    return ""


def _parcel(delivery: Outgoing, outgoing: OutgoingPart, connection: Connection) -> Parcel:
    rows = [row for _, row in _held_in(delivery)]
    name = f"anwang-{delivery.number:08d}"
    envelope: dict[str, Any] = {
        "id": name, "source": "anwang", "mode": "incremental",
        "delivered_at": delivery.made_at.isoformat(), "rows": delivery.rows,
    }  # fmt: skip
    if by_pages(connection):
        return Parcel(name, "json", message_of(envelope, rows), envelope)
    content = file_of(outgoing, rows)
    envelope["sha256"] = hashlib.sha256(content).hexdigest()
    return Parcel(name, outgoing.format, content, envelope)


def _note(delivery: Outgoing, trouble: str, actor: Actor) -> None:
    """Keep how it went; what was received is kept no longer. First failure and recovery are told."""
    before = delivery.trouble
    delivery.tried_at = clock_now()
    delivery.trouble, delivery.tries = trouble, delivery.tries + 1
    if not trouble:
        delivery.sent_at, delivery.sealed_body = delivery.tried_at, None
    with acting(actor, PURPOSE):
        delivery.save(
            update_fields=["tried_at", "trouble", "tries", "sent_at", "sealed_body"]
        )  # fmt: skip
        if trouble != before:
            logger.warning("Local system %s: %s.", delivery.source_id, trouble or "well again")
            record_event(
                Act.DELIVERED, actor=actor, object_kind="source", object_ids=[delivery.source_id],
                purpose=PURPOSE, result="failed" if trouble else "done",
                detail={"source": delivery.source_id, "number": delivery.number, "trouble": trouble},
            )  # fmt: skip
