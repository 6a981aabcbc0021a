"""Takes a delivered file: all of it or, where the whole file is wrong, none of it.

Three steps: load (in portions; one that breaks off is gone on with), publish (one short, serialised
step that gives the delivery its known time and makes its records count, decision 2), and, in the
apps above, whose the records are.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.db import DatabaseError, connection, transaction

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.registries.actions.batches import new_delivery_id
from anwang.registries.actions.loading import (
    PURPOSE,
    ROWS_A_PORTION,
    load_rows,
    manifest_mark,
)
from anwang.registries.actions.repeats import Repeats, read_keys
from anwang.registries.models import Delivery, Source
from anwang.registries.queries.feeds import LOAD_LOCK
from anwang.registries.rules.envelopes import Envelope, check_envelope, check_size, parse_envelope
from anwang.registries.rules.files import DeliveredFile, read_file, sha256_of
from anwang.registries.rules.held import FileHeld
from anwang.registries.rules.manifests import Manifest, manifest_of

# One publish at a time, so that known times rise in the order in which deliveries become visible.
_PUBLISH_LOCK: Final = 815_021

LOAD_ABANDONED: Final = FileHeld(
    "load-abandoned",
    "載入中斷後收到另一份檔案，這一份未收。",
    "Another file came after its load broke off; this one is not taken.",
)


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
            reasons=dict(sorted(delivery.reasons.items())),
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
    goes_on: Callable[[int], None] | None = None,
    drop_released: bool = False,
    portion_rows: int = ROWS_A_PORTION,
) -> LoadOutcome:
    """Take one file of a source; the same file again changes nothing and gives the first outcome.

    `total` is told the number of rows once it is known, `goes_on` how many of them an interrupted
    load has written, `progress` the rows done so far. `portion_rows`: rows a transaction.
    `drop_released`: a person has confirmed that a full delivery really shrank.
    Raises SourceUnknown, FileMissing; a file that is wrong as a whole comes back as held.
    """
    manifest = manifest_in_force(source_id)
    if not path.is_file():
        raise FileMissing(f"{FileMissing.__doc__} ({path.name})")
    publish_pending(source_id, actor=actor)
    sha256 = sha256_of(path)
    envelope = Envelope()  # where even this cannot be read
    with _alone(source_id):
        try:
            with acting(actor, PURPOSE):
                envelope = _envelope_beside(path)
                check_envelope(envelope, manifest, sha256=sha256)
                before = _repeated(source_id, sha256, envelope)
                if before is not None:
                    return LoadOutcome.of(before, repeated=True)
                file = _File(manifest, path, sha256, envelope)
                repeats = _checked(file, drop_released)
                delivery = _begun(file, actor)
            (total or _quiet)(repeats.rows)
            if delivery.checkpoint and delivery.checkpoint["rows"]:
                (goes_on or _quiet)(delivery.checkpoint["rows"])
            rows = _opened(file).rows
            load_rows(
                manifest, delivery, rows, repeats, progress=progress or _quiet, actor=actor,
                portion_rows=portion_rows,
            )  # fmt: skip
        except FileHeld as held:
            return LoadOutcome.of(_hold(manifest, sha256, envelope, held, actor))
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
    waiting = Delivery.objects.filter(
        source_id=source_id, state=Delivery.State.LOADING, checkpoint__isnull=True
    )
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


def _checked(file: _File, drop_released: bool) -> Repeats:
    """The keys of a file that may be taken. Raises FileHeld before anything is written."""
    manifest, envelope = file.manifest, file.envelope
    _check_order(manifest, envelope)
    repeats = read_keys(_opened(file).rows)
    previous = None if drop_released else _previous_rows(manifest.id)
    check_size(envelope, manifest, rows=repeats.rows, previous_rows=previous)
    return repeats


def _begun(file: _File, actor: Actor) -> Delivery:
    """The delivery of this very file that broke off, where it can be gone on with; else a new one.

    It can, as long as nothing else was taken of the source since, under the same manifest. Another
    one that broke off is set aside: its rows never count.
    """
    manifest, now = file.manifest, clock_now()
    mark = manifest_mark(manifest.id)
    broken = Delivery.objects.filter(
        source_id=manifest.id, state=Delivery.State.LOADING, checkpoint__isnull=False
    ).order_by("-began_at")
    goes_on = None
    for one in broken:
        assert one.checkpoint is not None
        if (
            goes_on is None
            and one.file_sha256 == file.sha256
            and one.mode == file.envelope.mode
            and one.checkpoint["manifest"] == mark
            and not Delivery.objects.filter(
                source_id=manifest.id, state=Delivery.State.PUBLISHED, known_at__gte=one.began_at
            ).exists()
        ):
            goes_on = one
        else:
            _set_aside(one, LOAD_ABANDONED, actor)
    if goes_on is not None:
        return goes_on
    return Delivery.objects.create(
        id=new_delivery_id(now),
        source_id=manifest.id,
        mode=file.envelope.mode,
        file_sha256=file.sha256,
        manifest_version=str(manifest.version),
        delivered_at=file.envelope.delivered_at or now,
        began_at=now,
        checkpoint={"manifest": mark, "rows": 0},
    )


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


def _hold(
    manifest: Manifest, sha256: str, envelope: Envelope, held: FileHeld, actor: Actor
) -> Delivery:
    """Keep that a file was held and why, and what it said it was; nothing else of it."""
    with acting(actor, PURPOSE), transaction.atomic():
        now: dt.datetime = clock_now()
        delivery = Delivery(
            source_id=manifest.id,
            mode=envelope.mode,
            file_sha256=sha256,
            manifest_version=str(manifest.version),
            delivered_at=now,
            began_at=now,
        )
        _set_aside(delivery, held, actor)
    return delivery


def _set_aside(delivery: Delivery, held: FileHeld, actor: Actor) -> None:
    delivery.state, delivery.checkpoint = Delivery.State.HELD, None
    delivery.reasons = {held.rule: 0}
    delivery.held_because = {"rule": held.rule} | held.text.as_dict()
    delivery.save()
    record_event(
        Act.RECORDS_LOADED,
        actor=actor,
        object_kind="delivery",
        object_ids=[delivery.pk],
        purpose=PURPOSE,
        result="held",
        detail={"source": delivery.source_id, "rule": held.rule},
    )


@contextlib.contextmanager
def _alone(source_id: str) -> Iterator[None]:
    """One load of a source at a time, through all its transactions; it ends with the connection."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s, hashtext(%s))", [LOAD_LOCK, source_id])
    try:
        yield
    finally:
        with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s, hashtext(%s))", [LOAD_LOCK, source_id])


def _lock(number: int, name: str) -> None:
    """Wait for an advisory lock that ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [number, name])


def _quiet(_: int) -> None:
    pass
