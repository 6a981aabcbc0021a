"""Rows set aside, tried again once a manifest was corrected: the good ones become a delivery."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from typing import Final

from django.db import transaction

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.sealing import unseal
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.registries.actions.batches import QUARANTINE, new_delivery_id
from anwang.registries.actions.deliveries import (
    PURPOSE,
    LoadOutcome,
    load_rows,
    manifest_in_force,
    publish,
)
from anwang.registries.actions.repeats import Repeats
from anwang.registries.models import Delivery, QuarantinedRow, Record
from anwang.registries.rules.files import FileRow
from anwang.registries.rules.manifests import Manifest
from anwang.registries.rules.rows import RowOk, check_row

_NEVER_AGAIN: Final = frozenset({"repeated-key", "row-unreadable", "row-width"})


def replay(delivery_id: uuid.UUID, *, actor: Actor) -> LoadOutcome:
    """Check a delivery's rows in quarantine anew; those that are good now are taken.

    A row whose key has been delivered again since is left: the newer word counts. Rows still bad
    stay where they are.
    """
    before = Delivery.objects.get(pk=delivery_id)
    manifest = manifest_in_force(before.source_id)
    with acting(actor, PURPOSE):
        good = list(_good_now(before, manifest))
        if not good:
            return LoadOutcome(accepted=0, quarantined=0, held=False)
        delivery = _deliver(before, manifest, good)
        ids = [row.pk for row, _ in good]
        QuarantinedRow.objects.filter(pk__in=ids).update(replayed_at=clock_now())
        record_event(
            Act.ROW_REPLAYED,
            actor=actor,
            object_kind="delivery",
            object_ids=[before.pk, delivery.pk],
            purpose=PURPOSE,
            detail={"rows": len(good)},
        )
    publish(delivery, actor=actor)
    return LoadOutcome.of(Delivery.objects.get(pk=delivery.pk))


def _good_now(before: Delivery, manifest: Manifest) -> Iterator[tuple[QuarantinedRow, FileRow]]:
    delivered_on = before.delivered_at.astimezone(TAIPEI).date()
    waiting = before.quarantine.filter(replayed_at=None).exclude(rule__in=_NEVER_AGAIN)
    for row in waiting.order_by("line"):
        sealed = bytes(row.sealed_row)
        plain = unseal(sealed, table=QUARANTINE, column="sealed_row", row=str(row.pk))
        cells: dict[str, str] = json.loads(plain)["cells"]
        checked = check_row(manifest, cells, row.line, delivered_on=delivered_on)
        if isinstance(checked, RowOk) and not _newer(before, str(checked.values["record_key"])):
            yield row, FileRow(row.line, row.sheet, cells)


def _newer(before: Delivery, record_key: str) -> bool:
    """Whether the key came again in a later delivery."""
    return Record.objects.filter(
        source_id=before.source_id, record_key=record_key, delivery__known_at__gt=before.known_at
    ).exists()


@transaction.atomic
def _deliver(
    before: Delivery, manifest: Manifest, good: list[tuple[QuarantinedRow, FileRow]]
) -> Delivery:
    now = clock_now()
    keys = "\n".join(str(row.pk) for row, _ in good)
    delivery = Delivery.objects.create(
        id=new_delivery_id(now),
        source_id=before.source_id,
        file_sha256=hashlib.sha256(keys.encode()).hexdigest(),
        manifest_version=str(manifest.version),
        delivered_at=before.delivered_at,
        began_at=now,
    )
    load_rows(manifest, delivery, [row for _, row in good], Repeats(len(good), {}))
    return delivery
