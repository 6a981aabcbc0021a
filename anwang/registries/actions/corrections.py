"""What an operator asks of rows set aside: try them again, write a cell anew, see the cells in doubt.

Who operates a feed writes what a cell should hold without seeing what it held (R12). The sealed row
opens by leave of a second person alone, once, and then only the cells that the broken rule compares.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef

from anwang.access.actions.entries import record_apart, record_event
from anwang.access.actions.two_persons import ask, refused_by_two
from anwang.access.permissions import Permit
from anwang.access.sealing import seal, unseal
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.registries.actions.batches import QUARANTINE
from anwang.registries.models import Delivery, QuarantinedRow, Retry
from anwang.registries.rules.faults import is_correctable

RETRY: Final = "registries_retry"
OPEN_ROW: Final = "open-quarantined-row"
Cells = dict[str, str]


class WaitsAlready(AnwangError):
    """這一列（或這次收件）已經在等候重試，請稍候結果。"""


class NotCorrectable(AnwangError):
    """這一列不能在這裡更正：已經收下，或整列無法解讀。請提供機關重送。"""


def ask_to_retry(delivery: Delivery, *, permit: Permit) -> Retry:
    """Ask that all rows of a delivery still set aside are checked anew. Raises WaitsAlready."""
    return _asked(Retry(delivery=delivery, by=permit.actor.id), Act.RETRY_ASKED, permit)


def ask_to_retry_source(source_id: str, *, permit: Permit) -> list[Retry]:
    """Ask that all rows of a source still set aside are checked anew, the newest delivery first: a
    key that waits in several has the word of the newest. Raises WaitsAlready where that is asked.
    """
    waits = Retry.objects.filter(delivery=OuterRef("pk"), row=None, done_at=None)
    rows = QuarantinedRow.objects.filter(delivery=OuterRef("pk"), settled="")
    deliveries = (
        Delivery.objects.filter(Exists(rows), ~Exists(waits), source_id=source_id)
        .exclude(known_at=None)
        .order_by("-known_at")
    )
    # They are carried out in the order of asking.
    now = clock_now()
    asked = [
        _asked(
            Retry(delivery=one, by=permit.actor.id, asked_at=now + timedelta(microseconds=place)),
            Act.RETRY_ASKED,
            permit,
        )
        for place, one in enumerate(deliveries)
    ]
    if not asked:
        raise WaitsAlready(str(WaitsAlready.__doc__))
    return asked


def correct_row(row: QuarantinedRow, cells: Mapping[str, str], *, permit: Permit) -> Retry:
    """Write what cells of a row should hold (empty: nothing) and have the row checked anew.

    What stood there is neither read nor lost. Raises WaitsAlready, NotCorrectable.
    """
    if row.settled or not is_correctable(row.rule):
        raise NotCorrectable(str(NotCorrectable.__doc__))
    made = uuid.uuid4()
    plain = json.dumps(dict(cells), ensure_ascii=False).encode()
    retry = Retry(
        id=made,
        delivery_id=row.delivery_id,
        row=row,
        by=permit.actor.id,
        columns=sorted(cells),
        sealed_cells=seal(plain, table=RETRY, column="sealed_cells", row=str(made)),
    )
    return _asked(retry, Act.ROW_CORRECTED, permit)


def _asked(retry: Retry, act: Act, permit: Permit) -> Retry:
    try:
        with transaction.atomic():
            retry.save(force_insert=True)
    except IntegrityError:
        raise WaitsAlready(str(WaitsAlready.__doc__)) from None
    about = [one for one in (retry.row_id, retry.delivery_id) if one]
    record_event(
        act, actor=permit.actor, object_kind="quarantined-row" if retry.row_id else "delivery",
        object_ids=about, purpose=permit.purpose, fields=retry.columns,
        detail={"retry": str(retry.pk)},
    )  # fmt: skip
    return retry


def ask_to_open(row: QuarantinedRow, ground: str, text: str, *, permit: Permit) -> uuid.UUID:
    """Ask a second person for leave to see the cells that the broken rule compares.

    Raises NotAskedWell, NotWithTwo.
    """
    payload = {"label": f"{row.source_id} {row.sheet} {row.line}"}
    return ask(OPEN_ROW, "quarantined-row", row.pk, ground, text, payload, permit.actor)


def open_cells(
    row: QuarantinedRow, request: uuid.UUID, columns: Iterable[str], *, permit: Permit
) -> Cells:
    """What stands in `columns` of a row, corrections included: once, by leave of a second person.

    On record before it leaves the function, and never with a value. Raises NotWithTwo.
    """
    shown = list(columns)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select * from registries.open_row(%s, %s)", [request, row.pk])
            sealed = list(cursor.fetchall())
    except DatabaseError as error:
        refused_by_two(error, permit.actor, row.pk)
    record_apart(
        Act.ROW_OPENED, actor=permit.actor, object_kind="quarantined-row", object_ids=[row.pk],
        purpose=OPEN_ROW, fields=shown, detail={"request": str(request)},
    )  # fmt: skip
    cells = _unsealed(row.pk, sealed)
    return {name: cells.get(name, "") for name in shown}


def cells_of(row: QuarantinedRow, corrections: Iterable[Retry]) -> Cells:
    """A row's filled cells as delivered, under its corrections in their order; for programs."""
    sealed = [(row.pk, bytes(row.sealed_row))]
    sealed += [(one.pk, bytes(one.sealed_cells or b"")) for one in corrections]
    return _unsealed(row.pk, sealed)


def _unsealed(row_id: uuid.UUID, sealed: Iterable[tuple[uuid.UUID, bytes]]) -> Cells:
    cells: Cells = {}
    for one, held in sealed:
        if one == row_id:
            plain = unseal(held, table=QUARANTINE, column="sealed_row", row=str(one))
            cells |= json.loads(plain)["cells"]
        else:
            cells |= json.loads(unseal(held, table=RETRY, column="sealed_cells", row=str(one)))
    return {name: cell for name, cell in cells.items() if cell}
