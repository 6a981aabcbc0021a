"""Rows of a delivery into the database: made in other processes, written behind, a portion at a time.

Each portion is a transaction of its own with a note of how far it came, so a load that breaks off goes
on behind its last portion. Nothing of it counts before the delivery is published.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import psycopg

from anwang.access.context import Actor, acting
from anwang.common.copying import Behind, raw_connection
from anwang.common.values.roc_dates import TAIPEI
from anwang.common.working import Workers, workers_for
from anwang.registries.actions.batches import (
    DROP_TEMPORARY,
    TEMPORARY,
    Batch,
    BatchMaker,
    MadeBatch,
    write_batch,
)
from anwang.registries.actions.known_rows import KnownRows, digest_key
from anwang.registries.actions.repeats import Repeats
from anwang.registries.models import Delivery, Source
from anwang.registries.rules.faults import RowFault
from anwang.registries.rules.feed_watch import Profile
from anwang.registries.rules.files import FileRow
from anwang.registries.rules.manifests import Manifest

ROWS_A_BATCH: Final = 4000
ROWS_A_PORTION: Final = 100_000
PURPOSE: Final = "loading"
Row = FileRow | RowFault


@dataclass(slots=True)
class Counts:
    """How far a delivery came: rows of its file that are done, and what came of them."""

    rows: int = 0
    accepted: int = 0
    without_key: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    profile: Profile = field(default_factory=Profile)

    @classmethod
    def of(cls, checkpoint: dict[str, Any] | None) -> Counts:
        """As an interrupted load noted it; nothing where none did."""
        if not checkpoint or not checkpoint["rows"]:
            return cls()
        return cls(
            checkpoint["rows"], checkpoint["accepted"], checkpoint["without_key"],
            Counter(checkpoint["reasons"]), Profile.of(checkpoint["profile"]),
        )  # fmt: skip

    def add(self, made: MadeBatch) -> None:
        """Count a batch."""
        self.accepted += made.accepted
        self.without_key += made.without_key
        self.reasons += made.reasons
        self.profile.add(made.profile)


def manifest_mark(source_id: str) -> str:
    """Differs when the manifest in force does: what another one made of a row is not gone on with."""
    body = Source.objects.values_list("manifest", flat=True).get(pk=source_id)
    return digest_key(body).hex()


def load_rows(
    manifest: Manifest,
    delivery: Delivery,
    rows: Iterable[Row],
    repeats: Repeats,
    *,
    progress: Callable[[int], None] = lambda _: None,
    actor: Actor | None = None,
    portion_rows: int = ROWS_A_PORTION,
) -> None:
    """Write `rows` under `delivery` and set its counts.

    Within the running transaction; where an `actor` is given, in portions of about `portion_rows` that
    each have their own, behind those that `delivery.checkpoint` names. Other processes make the text
    while a thread waits for the database; a few batches at a time are in memory.
    """
    delivered_on = delivery.delivered_at.astimezone(TAIPEI).date()
    mark = manifest_mark(manifest.id)
    counts = Counts.of(delivery.checkpoint)
    raw = raw_connection()
    with _portion(actor):
        seen = Delivery.objects.filter(
            source_id=manifest.id, state=Delivery.State.PUBLISHED
        ).exists()
        with raw.cursor() as cursor:
            cursor.execute(TEMPORARY)
        known = KnownRows(raw, manifest.id) if delivery.mode == "full" else None
    maker = BatchMaker(
        manifest, delivery.pk, delivered_on, bytes.fromhex(mark), known.digests if known else None,
        behind=counts.rows,
    )  # fmt: skip
    done, most = 0, max(1, min(ROWS_A_BATCH, portion_rows))
    with Workers(maker, workers_for(repeats.rows)) as workers:
        batches = workers.each(_batches(rows, repeats, most))
        more = True
        while more:
            more = False
            with _portion(actor):
                with Behind() as behind:
                    for made in islice(batches, portion_rows // most or 1):
                        more = True
                        behind.write(_writing(raw, manifest.id, delivery, made, seen=seen))
                        done += made.rows
                        if done > counts.rows:
                            counts.add(made)
                        if known:
                            known.note(made.known)
                        progress(done)
                if more and actor and done > counts.rows:
                    counts.rows = done
                    _note(delivery, counts, mark)
    with _portion(actor):
        if known:
            place = {
                "source": manifest.id, "delivery": str(delivery.pk),
                "prefix": delivery.pk.hex[:20], "first": done,
            }  # fmt: skip
            known.end_absent(raw, place, without_key=counts.without_key)
        _finish(delivery, counts)
        with raw.cursor() as cursor:
            cursor.execute(DROP_TEMPORARY)


def _portion(actor: Actor | None) -> AbstractContextManager[object]:
    return acting(actor, PURPOSE) if actor else contextlib.nullcontext()


def _note(delivery: Delivery, counts: Counts, mark: str) -> None:
    """How far it came, in the transaction of the rows themselves."""
    delivery.checkpoint = {
        "manifest": mark, "rows": counts.rows, "accepted": counts.accepted,
        "without_key": counts.without_key, "reasons": dict(counts.reasons),
        "profile": counts.profile.as_json(),
    }  # fmt: skip
    delivery.save(update_fields=["checkpoint"])


def _finish(delivery: Delivery, counts: Counts) -> None:
    delivery.accepted = counts.accepted
    delivery.quarantined = sum(counts.reasons.values())
    delivery.reasons = dict(sorted(counts.reasons.items()))
    delivery.profile = counts.profile.as_json()
    delivery.checkpoint = None
    delivery.save(update_fields=["accepted", "quarantined", "reasons", "profile", "checkpoint"])


def _writing(
    raw: psycopg.Connection[Any], source_id: str, delivery: Delivery, made: MadeBatch, *, seen: bool
) -> Callable[[], None]:
    return lambda: write_batch(raw, source_id, str(delivery.pk), made, seen_before=seen)


def _batches(rows: Iterable[Row], repeats: Repeats, most: int) -> Iterator[Batch]:
    rest = iter(rows)
    first = 1
    while portion := list(islice(rest, most)):
        yield Batch(first, portion, repeats.places(portion))
        first += len(portion)
