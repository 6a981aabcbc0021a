"""Takes a delivered file: all of it or, where the whole file is wrong, none of it.

Three steps: load (one transaction, however long), publish (one short, serialised step that gives
the delivery its known time, decision 2), and, in the apps above, whose the records are.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psycopg
from django.db import connection, transaction

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.copying import Behind, raw_connection
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.common.working import Workers, workers_for
from anwang.registries.actions.batches import (
    DROP_TEMPORARY,
    TEMPORARY,
    Batch,
    BatchMaker,
    MadeBatch,
    new_delivery_id,
    write_batch,
)
from anwang.registries.actions.known_rows import KnownRows, digest_key
from anwang.registries.actions.repeats import Repeats, read_keys
from anwang.registries.models import Delivery, Source
from anwang.registries.rules.envelopes import Envelope, check_envelope, check_size, parse_envelope
from anwang.registries.rules.faults import RowFault
from anwang.registries.rules.feed_watch import Profile
from anwang.registries.rules.files import DeliveredFile, FileRow, read_file, sha256_of
from anwang.registries.rules.held import FileHeld
from anwang.registries.rules.manifests import Manifest, manifest_of

ROWS_A_BATCH: Final = 4000
# Advisory locks: one load of a source at a time; one publish at a time, so that known times rise
# in the order in which deliveries become visible.
_LOAD_LOCK: Final = 815_020
_PUBLISH_LOCK: Final = 815_021
PURPOSE: Final = "loading"

Row = FileRow | RowFault


class SourceUnknown(AnwangError):
    """No source of this name. `anwang sources` lists them."""


class FileMissing(AnwangError):
    """There is no readable file at this path. Check the path."""


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """What became of a file. `reasons`: rule -> rows set aside. `held_because`: rule, zh, en."""

    accepted: int
    quarantined: int
    held: bool
    reasons: dict[str, int] = field(default_factory=dict)
    delivery_id: uuid.UUID | None = None
    held_because: dict[str, str] | None = None
    repeated: bool = False

    @classmethod
    def of(cls, delivery: Delivery, *, repeated: bool = False) -> LoadOutcome:
        """The outcome kept with a delivery."""
        return cls(
            accepted=delivery.accepted,
            quarantined=delivery.quarantined,
            held=delivery.state == Delivery.State.HELD,
            reasons=dict(delivery.reasons),
            delivery_id=delivery.pk,
            held_because=delivery.held_because,
            repeated=repeated,
        )


@dataclass(frozen=True, slots=True)
class _File:
    """A file about to be taken, checked as a whole."""

    manifest: Manifest
    path: Path
    sha256: str
    envelope: Envelope


def load_file(
    source_id: str,
    path: Path,
    *,
    actor: Actor,
    progress: Callable[[int], None] | None = None,
    total: Callable[[int], None] | None = None,
    drop_released: bool = False,
) -> LoadOutcome:
    """Take one file of a source; the same file again changes nothing and gives the first outcome.

    `total` is told the number of rows once it is known, `progress` the rows done so far.
    `drop_released`: a person has confirmed that a full delivery really shrank.
    Raises SourceUnknown, FileMissing; a file that is wrong as a whole comes back as held.
    """
    manifest = manifest_in_force(source_id)
    if not path.is_file():
        raise FileMissing(f"{FileMissing.__doc__} ({path.name})")
    publish_pending(source_id, actor=actor)
    sha256 = sha256_of(path)
    try:
        with acting(actor, PURPOSE):
            _lock(_LOAD_LOCK, source_id)
            envelope = _envelope_beside(path)
            check_envelope(envelope, manifest, sha256=sha256)
            before = _repeated(source_id, sha256, envelope)
            if before is not None:
                return LoadOutcome.of(before, repeated=True)
            file = _File(manifest, path, sha256, envelope)
            delivery = _load(file, progress or _quiet, total or _quiet, drop_released)
    except FileHeld as held:
        return LoadOutcome.of(_hold(manifest, sha256, held, actor))
    publish(delivery, actor=actor)
    return LoadOutcome.of(Delivery.objects.get(pk=delivery.pk))


def manifest_in_force(source_id: str) -> Manifest:
    """The source's manifest as loaded into the database. Raises SourceUnknown."""
    source = Source.objects.filter(pk=source_id).first()
    if source is None:
        raise SourceUnknown(f"{SourceUnknown.__doc__} ({source_id})")
    key = (source_id, json.dumps(source.manifest, sort_keys=True))
    if key not in _manifests:
        _manifests[key] = manifest_of(source.manifest, where=source_id)
    return _manifests[key]


_manifests: dict[tuple[str, str], Manifest] = {}


def publish_pending(source_id: str, *, actor: Actor) -> None:
    """Publish what an interrupted command loaded whole but did not publish."""
    waiting = Delivery.objects.filter(source_id=source_id, state=Delivery.State.LOADING)
    for delivery in waiting.order_by("began_at"):
        publish(delivery, actor=actor)


def publish(delivery: Delivery, *, actor: Actor) -> None:
    """Give the delivery its known time: from here on its records and facts count."""
    with acting(actor, PURPOSE):
        _lock(_PUBLISH_LOCK, "")
        changed = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.LOADING).update(
            state=Delivery.State.PUBLISHED, known_at=clock_now()
        )
        if changed:
            record_event(
                Act.RECORDS_LOADED,
                actor=actor,
                object_kind="delivery",
                object_ids=[delivery.pk],
                purpose=PURPOSE,
                detail={
                    "source": delivery.source_id,
                    "accepted": delivery.accepted,
                    "quarantined": delivery.quarantined,
                },
            )


def load_rows(
    manifest: Manifest,
    delivery: Delivery,
    rows: Iterable[Row],
    repeats: Repeats,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Write `rows` under `delivery` in the running transaction and set its counts.

    Other processes make the text while a thread waits for the database; a few batches at a time
    are in memory.
    """
    delivered_on = delivery.delivered_at.astimezone(TAIPEI).date()
    seen = Delivery.objects.filter(source_id=manifest.id, state=Delivery.State.PUBLISHED).exists()
    raw = raw_connection()
    with raw.cursor() as cursor:
        cursor.execute(TEMPORARY)
    known = KnownRows(raw, manifest.id) if delivery.mode == "full" else None
    body = Source.objects.values_list("manifest", flat=True).get(pk=manifest.id)
    maker = BatchMaker(
        manifest, delivery.pk, delivered_on, digest_key(body), known.digests if known else None
    )
    done = without_key = 0
    reasons: Counter[str] = Counter()
    profile = Profile()
    with Workers(maker, workers_for(repeats.rows)) as workers, Behind() as behind:
        for made in workers.each(_batches(rows, repeats)):
            behind.write(_writing(raw, manifest.id, str(delivery.pk), made, seen=seen))
            delivery.accepted += made.accepted
            without_key += made.without_key
            reasons += made.reasons
            profile.add(made.profile)
            if known:
                known.note(made.known)
            done += made.rows
            progress(done)
    if known:
        place = {
            "source": manifest.id, "delivery": str(delivery.pk), "prefix": delivery.pk.hex[:20],
            "first": done,
        }  # fmt: skip
        known.end_absent(raw, place, without_key=without_key)
    delivery.quarantined = sum(reasons.values())
    delivery.reasons = dict(sorted(reasons.items()))
    delivery.profile = profile.as_json()
    delivery.save(update_fields=["accepted", "quarantined", "reasons", "profile"])
    with raw.cursor() as cursor:
        cursor.execute(DROP_TEMPORARY)


def _writing(
    raw: psycopg.Connection[Any], source_id: str, delivery_id: str, made: MadeBatch, *, seen: bool
) -> Callable[[], None]:
    return lambda: write_batch(raw, source_id, delivery_id, made, seen_before=seen)


def _batches(rows: Iterable[Row], repeats: Repeats) -> Iterator[Batch]:
    rest = iter(rows)
    first = 1
    while portion := list(islice(rest, ROWS_A_BATCH)):
        yield Batch(first, portion, repeats.places(portion))
        first += len(portion)


def _load(
    file: _File,
    progress: Callable[[int], None],
    total: Callable[[int], None],
    drop_released: bool,
) -> Delivery:
    """Load within the running transaction. Raises FileHeld before anything is written."""
    manifest, envelope = file.manifest, file.envelope
    _check_order(manifest, envelope)
    first = _opened(file)
    repeats = read_keys(first.rows)
    previous = None if drop_released else _previous_rows(manifest.id)
    check_size(envelope, manifest, rows=repeats.rows, previous_rows=previous)
    total(repeats.rows)
    now = clock_now()
    delivery = Delivery.objects.create(
        id=new_delivery_id(now),
        source_id=manifest.id,
        mode=envelope.mode,
        file_sha256=file.sha256,
        manifest_version=str(manifest.version),
        delivered_at=envelope.delivered_at or now,
        began_at=now,
    )
    load_rows(manifest, delivery, _opened(file).rows, repeats, progress=progress)
    return delivery


def _opened(file: _File) -> DeliveredFile:
    """The file from its beginning. That nothing came since the last delivery is no broken file; that
    a whole register holds nobody is.
    """
    envelope = file.envelope
    nothing = envelope.rows == 0 and envelope.mode == "incremental"
    return read_file(
        file.path, file.manifest, encoding=envelope.encoding, may_be_empty=nothing
    )  # fmt: skip


def _check_order(manifest: Manifest, envelope: Envelope) -> None:
    """Deliveries that say when they were made are taken in that order (an older one would undo a
    newer). Raises FileHeld.
    """
    if envelope.delivered_at is None:
        return
    said = Delivery.objects.filter(
        source_id=manifest.id,
        state=Delivery.State.PUBLISHED,
        delivered_at__gt=envelope.delivered_at,
    )
    if any(one.delivered_at != one.began_at for one in said):
        raise FileHeld(
            "delivered-earlier",
            "已收過較新的檔案，這一份較舊，未收。請依交付時間順序傳送。",
            "A newer delivery has been taken; this one is older. Send deliveries in their order.",
        )


def _previous_rows(source_id: str) -> int | None:
    last = (
        Delivery.objects.filter(source_id=source_id, state=Delivery.State.PUBLISHED, mode="full")
        .order_by("-known_at")
        .first()
    )
    return last.accepted + last.quarantined if last else None


def _repeated(source_id: str, sha256: str, envelope: Envelope) -> Delivery | None:
    """The delivery that took this very file, unless the sender says it is a later one."""
    before = Delivery.objects.filter(
        source_id=source_id, file_sha256=sha256, state=Delivery.State.PUBLISHED
    ).order_by("-known_at")
    if envelope.delivered_at is not None:
        before = before.filter(delivered_at__gte=envelope.delivered_at)
    return before.first()


def _envelope_beside(path: Path) -> Envelope:
    meta = path.with_name(path.name + ".meta.json")
    return parse_envelope(meta.read_bytes()) if meta.is_file() else Envelope()


def _hold(manifest: Manifest, sha256: str, held: FileHeld, actor: Actor) -> Delivery:
    """Keep that a file was held and why; nothing else of it."""
    with acting(actor, PURPOSE), transaction.atomic():
        now: dt.datetime = clock_now()
        delivery = Delivery.objects.create(
            source_id=manifest.id,
            file_sha256=sha256,
            manifest_version=str(manifest.version),
            delivered_at=now,
            began_at=now,
            state=Delivery.State.HELD,
            reasons={held.rule: 0},
            held_because={"rule": held.rule} | held.text.as_dict(),
        )
        record_event(
            Act.RECORDS_LOADED,
            actor=actor,
            object_kind="delivery",
            object_ids=[delivery.pk],
            purpose=PURPOSE,
            result="held",
            detail={"source": manifest.id, "rule": held.rule},
        )
    return delivery


def _lock(number: int, name: str) -> None:
    """Wait for an advisory lock that ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [number, name])


def _quiet(_: int) -> None:
    pass
