"""Reads of the registries: how each feed stands, and what was set aside."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from anwang.access.permissions import Permit
from anwang.common.clock import clock_now
from anwang.registries.models import Delivery, QuarantinedRow, Source
from anwang.registries.rules.manifests import transport_of

# A delivery that has been loading for so long was interrupted.
_STUCK_AFTER: Final = dt.timedelta(hours=6)
_OWN: Final = "own"


@dataclass(frozen=True, slots=True)
class Feed:
    """One source and its newest deliveries. `state`: ok, never, late, held or failed."""

    source: Source
    state: str
    last: Delivery | None
    newest: Delivery | None

    @property
    def label(self) -> dict[str, str]:
        """The source's name, {zh, en}."""
        label: dict[str, str] = self.source.manifest["label"]
        return label

    @property
    def owner(self) -> dict[str, str]:
        """Who answers for it, {zh, en}."""
        owner: dict[str, str] = self.source.manifest["owner"]
        return owner

    @property
    def transport(self) -> str:
        """How it comes: file, sftp, rest, lookup or own."""
        return transport_of(self.source.manifest)

    @property
    def held_because(self) -> dict[str, Any] | None:
        """Why the newest file was held, where it was."""
        return self.newest.held_because if self.newest and self.state == "held" else None


def feeds() -> list[Feed]:
    """Every source by id: states and counts, nobody's data. Two queries, the clock, the sources."""
    now = clock_now()
    # An answer about one person says nothing of the feed.
    deliveries = Delivery.objects.exclude(mode="look-up")
    newest = _latest(deliveries.order_by("source_id", "-began_at"))
    published = deliveries.filter(state=Delivery.State.PUBLISHED)
    last = _latest(published.order_by("source_id", "-known_at"))
    return [
        Feed(
            source,
            feed_state(source.manifest, last.get(source.pk), newest.get(source.pk), now),
            last.get(source.pk),
            newest.get(source.pk),
        )
        for source in Source.objects.order_by("id")
    ]


def feed_state(
    manifest: dict[str, Any], last: Delivery | None, newest: Delivery | None, now: dt.datetime
) -> str:
    """State of a feed whose last taken delivery is `last` and newest of all `newest`."""
    if transport_of(manifest) == _OWN:
        return "ok"
    if newest is None:
        return "never"
    if newest.state == Delivery.State.HELD:
        return "held"
    if newest.state == Delivery.State.LOADING and now - newest.began_at > _STUCK_AFTER:
        return "failed"
    if last is None:
        return "never"
    late_after = manifest["rhythm"]["late_after_days"]
    if late_after is not None and now - last.delivered_at > dt.timedelta(days=late_after):
        return "late"
    return "ok"


def feed_fields(feed: Feed) -> dict[str, Any]:
    """The line of `anwang sources --json` (docs/formats/README.md)."""
    return {
        "id": feed.source.pk,
        "owner": feed.owner["zh"],
        "external": feed.source.external,
        "assumed": feed.source.assumed,
        "transport": feed.transport,
        "state": feed.state,
        "last_delivery": feed.last.delivered_at.isoformat() if feed.last else None,
    }


def _latest(deliveries: QuerySet[Delivery]) -> dict[str, Delivery]:
    return {one.source_id: one for one in deliveries.distinct("source_id")}


def deliveries_of(source_id: str, most: int = 20) -> list[Delivery]:
    """The newest deliveries of a source, newest first."""
    return list(Delivery.objects.filter(source_id=source_id).order_by("-began_at")[:most])


def quarantined_rows(delivery_id: uuid.UUID, permit: Permit) -> QuerySet[QuarantinedRow]:
    """Rows of a delivery still set aside, by sheet and line, without what stood in them.

    Only with the permit of `check_can_see_quarantine`.
    """
    del permit
    rows = QuarantinedRow.objects.filter(delivery_id=delivery_id, replayed_at=None)
    return rows.defer("sealed_row").order_by("sheet", "line")
