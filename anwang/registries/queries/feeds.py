"""How each feed stands: its newest deliveries and its state. Nobody's data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from anwang.common.clock import clock_now
from anwang.registries.models import LOOK_UP, REPLAY, Delivery, Source
from anwang.registries.rules.manifests import transport_of

# A delivery that has been loading for so long was interrupted.
_STUCK_AFTER: Final = dt.timedelta(hours=6)
_OWN: Final = "own"
NOT_SENT: Final = (REPLAY, LOOK_UP)


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
    def is_own(self) -> bool:
        """Whether we write it ourselves, so that nothing is delivered."""
        return self.transport == _OWN

    @property
    def county(self) -> str | None:
        """Whose system it is, where it is a local one that stays beside this one."""
        found: str | None = self.source.manifest.get("county")
        return found

    @property
    def held_because(self) -> dict[str, Any] | None:
        """Why the newest file was held, where it was."""
        return self.newest.held_because if self.newest and self.state == "held" else None


def feeds() -> list[Feed]:
    """Every source by id: states and counts, nobody's data. Two queries, the clock, the sources."""
    now = clock_now()
    # Rows taken after all, and an answer about one person, say nothing of the feed.
    sent = Delivery.objects.exclude(mode__in=NOT_SENT)
    newest = _latest(sent.order_by("source_id", "-began_at"))
    published = sent.filter(state=Delivery.State.PUBLISHED)
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
    """The newest deliveries of a source, newest first; rows taken after all are none."""
    sent = Delivery.objects.filter(source_id=source_id).exclude(mode__in=NOT_SENT)
    return list(sent.order_by("-began_at")[:most])
