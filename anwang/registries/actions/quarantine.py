"""Rows set aside, tried again: all of a delivery once a manifest was corrected, or one corrected.

What is asked for (corrections.py) is carried out here by a program: it checks, takes what is good
now and says what became of it. Nothing is overwritten: a row's first fault, every correction and
every outcome stay.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from anwang.access.actions.entries import record_event
from anwang.access.context import Actor, acting
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI
from anwang.registries.actions.batches import new_delivery_id
from anwang.registries.actions.corrections import cells_of
from anwang.registries.actions.deliveries import LoadOutcome, manifest_in_force, publish
from anwang.registries.actions.loading import PURPOSE, load_rows
from anwang.registries.actions.repeats import Repeats
from anwang.registries.models import REPLAY, Delivery, QuarantinedRow, Record, Retry
from anwang.registries.rules.faults import RowFault, is_correctable
from anwang.registries.rules.files import FileRow
from anwang.registries.rules.manifests import Manifest
from anwang.registries.rules.rows import RowOk, check_row


def carry_out_retries(*, actor: Actor) -> list[uuid.UUID]:
    """Carry out what waits to be tried again, in the order of asking; the deliveries that it made.

    Each retry is committed alone.
    """
    waiting = Retry.objects.filter(done_at=None).order_by("asked_at").values_list("pk", flat=True)
    with acting(actor, PURPOSE):
        ids = list(waiting)
    return [made for one in ids if (made := _carry_out(one, actor)) is not None]


def _carry_out(retry_id: uuid.UUID, actor: Actor) -> uuid.UUID | None:
    with acting(actor, PURPOSE):
        retry = Retry.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            pk=retry_id, done_at=None
        ).select_related("row").first()  # fmt: skip
        if retry is None:
            return None
        rows = [retry.row] if retry.row else None
        tried = _try(Delivery.objects.get(pk=retry.delivery_id), rows, actor)
        _note(retry, tried)
    if tried.delivery is None:
        return None
    publish(tried.delivery, actor=actor)
    return tried.delivery.pk


def replay(delivery_id: uuid.UUID, *, actor: Actor) -> LoadOutcome:
    """Check a delivery's rows in quarantine anew; those that are good now are taken.

    A row whose key has been delivered again since is settled: the newer word counts. Rows still
    bad stay where they are.
    """
    with acting(actor, PURPOSE):
        tried = _try(Delivery.objects.get(pk=delivery_id), None, actor)
    if tried.delivery is None:
        return LoadOutcome(accepted=0, quarantined=0, held=False)
    publish(tried.delivery, actor=actor)
    return LoadOutcome.of(Delivery.objects.get(pk=tried.delivery.pk))


@dataclass(frozen=True, slots=True)
class _Tried:
    """What became of rows: how many were looked at, left for a newer word, taken, and by which
    delivery; `fault` is the last one found.
    """

    tried: int
    superseded: int
    taken: int
    delivery: Delivery | None
    fault: RowFault | None


def _try(before: Delivery, rows: Sequence[QuarantinedRow] | None, actor: Actor) -> _Tried:
    """Check rows of `before` that wait (all of them where none are named), take what is good."""
    manifest = manifest_in_force(before.source_id)
    delivered_on = before.delivered_at.astimezone(TAIPEI).date()
    waiting = before.quarantine.filter(settled="")
    if rows is not None:
        waiting = waiting.filter(pk__in=[row.pk for row in rows])
    good: list[tuple[QuarantinedRow, FileRow]] = []
    fault, tried = None, 0
    corrections = _corrections(before)
    for row in waiting.order_by("sheet", "line"):
        if not is_correctable(row.rule):
            continue
        tried += 1
        cells = cells_of(row, corrections.get(row.pk, []))
        checked = check_row(manifest, cells, row.line, delivered_on=delivered_on)
        if isinstance(checked, RowOk):
            good.append((row, FileRow(row.line, row.sheet, cells)))
        else:
            fault = checked
    newer = _newer(before, [file.cells["record_key"].strip() for _, file in good])
    left = [row for row, file in good if file.cells["record_key"].strip() in newer]
    last = {file.cells["record_key"].strip(): row.pk for row, file in good}
    taken = [
        (row, file)
        for row, file in good
        if (key := file.cells["record_key"].strip()) not in newer and last[key] == row.pk
    ]
    delivery = _deliver(before, manifest, taken) if taken else None
    _settle(left, QuarantinedRow.Settled.SUPERSEDED)
    _settle([row for row, _ in taken], QuarantinedRow.Settled.TAKEN)
    record_event(
        Act.ROW_REPLAYED,
        actor=actor,
        object_kind="delivery",
        object_ids=[before.pk, *([delivery.pk] if delivery else [])],
        purpose=PURPOSE,
        detail={"rows": len(taken), "tried": tried, "superseded": len(left)},
    )
    return _Tried(tried, len(left), len(taken), delivery, fault)


def _corrections(before: Delivery) -> dict[uuid.UUID, list[Retry]]:
    """Corrections of a delivery's rows by row, in the order in which they were written."""
    found: dict[uuid.UUID, list[Retry]] = {}
    for retry in before.retries.exclude(row=None).order_by("asked_at"):
        assert retry.row_id is not None
        found.setdefault(retry.row_id, []).append(retry)
    return found


def _newer(before: Delivery, keys: list[str]) -> set[str]:
    """Which of `keys` came again in a later delivery."""
    return set(
        Record.objects.filter(
            source_id=before.source_id,
            record_key__in=keys,
            delivery__known_at__gt=before.known_at,
        ).values_list("record_key", flat=True)
    )


def _settle(rows: Iterable[QuarantinedRow], how: QuarantinedRow.Settled) -> None:
    ids = [row.pk for row in rows]
    if ids:
        QuarantinedRow.objects.filter(pk__in=ids).update(settled=how, replayed_at=clock_now())


def _note(retry: Retry, tried: _Tried) -> None:
    """Keep what came of a retry."""
    retry.done_at, retry.tried, retry.taken = clock_now(), tried.tried, tried.taken
    retry.made = tried.delivery.pk if tried.delivery else None
    retry.result = _result(tried, one_row=retry.row_id is not None)
    if retry.row_id and tried.fault:
        retry.fault = _fault_kept(tried.fault)
    retry.save(update_fields=["done_at", "tried", "taken", "made", "result", "fault"])


def _result(tried: _Tried, *, one_row: bool) -> str:
    if tried.taken:
        return Retry.Result.TAKEN
    if one_row and tried.fault:
        return Retry.Result.STILL_BAD
    return Retry.Result.SUPERSEDED if tried.superseded else Retry.Result.NOTHING


def _fault_kept(fault: RowFault) -> dict[str, Any]:
    return {
        "column": fault.column,
        "rule": fault.rule,
        "value_class": fault.value_class,
        "text": fault.text.as_dict(),
        "fix": fault.fix.as_dict(),
    }


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
        mode=REPLAY,
    )
    load_rows(manifest, delivery, [row for _, row in good], Repeats(len(good), {}))
    return delivery
