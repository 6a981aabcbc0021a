"""What was set aside: rows by delivery, one row with its history, counts by source and month.

Never what stood in a row: the sealed row is not read here at all.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMonth

from anwang.access.permissions import Permit
from anwang.common.values.roc_dates import TAIPEI
from anwang.registries.models import Delivery, QuarantinedRow, Retry
from anwang.registries.rules.faults import is_correctable
from anwang.registries.rules.manifests import Column, Manifest, manifest_as_taken

STATES = ("waiting", "taken", "superseded")


def quarantined_rows(
    delivery_id: uuid.UUID, permit: Permit, *, state: str = "waiting", rule: str = ""
) -> QuerySet[QuarantinedRow]:
    """Rows of a delivery by sheet and line, in one of STATES, of one rule where it is named.

    Only with the permit of `check_can_see_quarantine`.
    """
    del permit
    settled = "" if state == "waiting" else state
    rows = QuarantinedRow.objects.filter(delivery_id=delivery_id, settled=settled)
    if rule:
        rows = rows.filter(rule=rule)
    return rows.defer("sealed_row").order_by("sheet", "line", "id")


def rules_of(delivery_id: uuid.UUID) -> dict[str, dict[str, int]]:
    """State (of STATES) -> rule -> rows of a delivery, the commonest first."""
    counted = (
        QuarantinedRow.objects.filter(delivery_id=delivery_id)
        .values_list("settled", "rule")
        .annotate(rows=Count("id"))
        .order_by("-rows", "rule")
    )
    found: dict[str, dict[str, int]] = {state: {} for state in STATES}
    for settled, rule, rows in counted:
        found[settled or "waiting"][rule] = rows
    return found


def waiting_elsewhere(delivery: Delivery, permit: Permit) -> int:
    """How many rows of the source's other deliveries wait.

    Only with the permit of `check_can_see_quarantine`.
    """
    del permit
    rows = QuarantinedRow.objects.filter(source_id=delivery.source_id, settled="")
    return rows.exclude(delivery_id=delivery.pk).count()


@dataclass(frozen=True, slots=True)
class MonthOfRows:
    """A source's rows in one month of Taipei: taken, set aside, and of these still waiting."""

    month: dt.date
    taken: int
    aside: int
    waiting: int | None = None

    @property
    def percent(self) -> str:
        """Share of the rows delivered that were set aside: `0.12 %`."""
        rows = self.taken + self.aside
        return f"{100 * self.aside / rows:.2f} %" if rows else "—"

    @property
    def roc(self) -> str:
        """The month in the calendar of the Republic: 115.03."""
        return f"{self.month.year - 1911}.{self.month.month:02d}"


def months_of(source_id: str, *, most: int = 12, waiting: bool) -> list[MonthOfRows]:
    """The newest months in which a source delivered, newest first.

    `waiting` asks for the rows that still wait, which only operators may count.
    """
    month = TruncMonth("began_at", tzinfo=TAIPEI)
    rows: dict[dt.date, list[int]] = {}
    delivered = Delivery.objects.filter(source_id=source_id, state=Delivery.State.PUBLISHED)
    counted = delivered.annotate(month=month).values_list("month", "accepted", "quarantined")
    for at, taken, aside in counted:
        sums = rows.setdefault(at.date(), [0, 0])
        sums[0] += taken
        sums[1] += aside
    still = _waiting_by_month(source_id) if waiting else None
    newest = sorted(rows.items(), reverse=True)[:most]
    return [
        MonthOfRows(at, taken, aside, None if still is None else still.get(at, 0))
        for at, (taken, aside) in newest
    ]


def _waiting_by_month(source_id: str) -> dict[dt.date, int]:
    month = TruncMonth("delivery__began_at", tzinfo=TAIPEI)
    rows = QuarantinedRow.objects.filter(source_id=source_id, settled="")
    counted = rows.annotate(month=month).values_list("month").annotate(rows=Count("id"))
    return {at.date(): number for at, number in counted}


@dataclass(frozen=True)
class RowStory:
    """A row set aside, what was tried with it (oldest first), and the columns that the fault in
    force concerns, which are those that can be written anew.
    """

    row: QuarantinedRow
    retries: Sequence[Retry]
    manifest: Manifest

    @cached_property
    def fault(self) -> dict[str, object]:
        """The fault in force: that of the last correction that did not do, else the first."""
        for retry in reversed(self.retries):
            if retry.fault:
                return dict(retry.fault)
        row = self.row
        return {
            "column": row.column, "rule": row.rule, "value_class": row.value_class,
            "text": row.text, "fix": row.fix,
        }  # fmt: skip

    @property
    def waits(self) -> bool:
        """Whether a correction has been written and not yet been looked at."""
        return any(retry.done_at is None for retry in self.retries)

    @property
    def is_open(self) -> bool:
        """Whether it can be corrected now."""
        return not self.row.settled and is_correctable(self.row.rule) and not self.waits

    @cached_property
    def columns(self) -> list[Column]:
        """The columns that the broken rule compares, the one it points at in front."""
        names = [str(self.fault["column"])]
        for rule in self.manifest.quality:
            if rule.id == self.fault["rule"]:
                names = list(dict.fromkeys([*names, *rule.columns]))
        found = [self.manifest.column(name) for name in names]
        return [one for one in found if one is not None]


def row_story(row_id: uuid.UUID, permit: Permit) -> RowStory | None:
    """A row with its history; None where there is none.

    Only with the permit of `check_can_correct_row`.
    """
    del permit
    rows = QuarantinedRow.objects.defer("sealed_row").select_related("delivery", "source")
    row = rows.filter(pk=row_id).first()
    if row is None:
        return None
    retries = row.retries.defer("sealed_cells").order_by("asked_at")
    return RowStory(row, list(retries), manifest_as_taken(row.source.manifest))


def retries_of(delivery_id: uuid.UUID, permit: Permit, *, most: int = 20) -> list[Retry]:
    """The newest tries of all rows of a delivery, newest first."""
    del permit
    tries = Retry.objects.filter(delivery_id=delivery_id, row=None).defer("sealed_cells")
    return list(tries.order_by("-asked_at")[:most])
