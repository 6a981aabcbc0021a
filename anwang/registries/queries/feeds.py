"""How each feed stands: its newest deliveries and its state. Nobody's data."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from anwang.common.clock import clock_now
from anwang.registries.models import LOOK_UP, REPLAY, Delivery, FetchState, Source
from anwang.registries.rules.manifests import transport_of
from anwang.registries.transports.troubles import TEXTS

# Held with the source's name by who loads it, and gone with its connection however that ends.
LOAD_LOCK: Final = 815_020
_LOADS: Final = """
select s.id from registries_source s join pg_locks l
  on l.locktype = 'advisory' and l.objsubid = 2 and l.granted and l.classid = %s
  and l.objid::bigint = hashtext(s.id)::bigint & 4294967295
  and l.database = (select oid from pg_database where datname = current_database())
"""
_OWN: Final = "own"
NOT_SENT: Final = (REPLAY, LOOK_UP)


@dataclass(frozen=True, slots=True)
class Feed:
    """One source and its newest deliveries. `state`: ok, never, late, held or failed. `loads`:
    whether the newest is being taken right now.
    """

    source: Source
    state: str
    last: Delivery | None
    newest: Delivery | None
    loads: bool = False

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
    def hindered(self) -> FetchState | None:
        """How fetching goes, where the source could not be reached or did not do its part."""
        found: FetchState | None = getattr(self.source, "fetchstate", None)
        return found if found is not None and found.trouble else None

    @property
    def trouble(self) -> dict[str, str] | None:
        """Why it could not be fetched, {zh, en}, where it could not."""
        found = self.hindered
        return TEXTS[found.trouble].as_dict() if found else None

    @property
    def held_because(self) -> dict[str, Any] | None:
        """Why the newest file was held, where it was."""
        return self.newest.held_because if self.newest and self.state == "held" else None


def feeds() -> list[Feed]:
    """Every source by id: states and counts, nobody's data. Two queries, the clock, the sources; two
    more where a delivery is being taken.
    """
    now = clock_now()
    # Rows taken after all, and an answer about one person, say nothing of the feed.
    sent = Delivery.objects.exclude(mode__in=NOT_SENT)
    newest = _latest(sent.order_by("source_id", "-began_at"))
    published = sent.filter(state=Delivery.State.PUBLISHED)
    last = _latest(published.order_by("source_id", "-known_at"))
    broken = broken_off(newest.values())
    return [
        _feed(source, last.get(source.pk), newest.get(source.pk), broken, now)
        for source in Source.objects.select_related("fetchstate").order_by("id")
    ]


def broken_off(deliveries: Iterable[Delivery]) -> frozenset[uuid.UUID]:
    """Which of `deliveries` began to be taken, did not end, and nobody is at any more.

    How long ago one began says nothing: a nation takes hours, and who fills a past year begins then.
    """
    loading = [one for one in deliveries if one.state == Delivery.State.LOADING]
    if not loading:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_LOADS, [LOAD_LOCK])
        taken = {source for (source,) in cursor.fetchall()}
    left = [one.pk for one in loading if one.source_id not in taken]
    # One that ended meanwhile is published or held: it is looked at again after its lock.
    still = Delivery.objects.filter(pk__in=left, state=Delivery.State.LOADING)
    return frozenset(still.values_list("pk", flat=True))


def _feed(
    source: Source,
    last: Delivery | None,
    newest: Delivery | None,
    broken: frozenset[uuid.UUID],
    now: dt.datetime,
) -> Feed:
    failed = newest is not None and newest.pk in broken
    loads = newest is not None and newest.state == Delivery.State.LOADING and not failed
    state = feed_state(source.manifest, last, newest, now, failed=failed)
    return Feed(source, state, last, newest, loads)


def feed_state(
    manifest: dict[str, Any],
    last: Delivery | None,
    newest: Delivery | None,
    now: dt.datetime,
    *,
    failed: bool,
) -> str:
    """State of a feed whose last taken delivery is `last` and newest of all `newest`; `failed`: that
    one broke off.
    """
    if transport_of(manifest) == _OWN:
        return "ok"
    if newest is None:
        return "never"
    if newest.state == Delivery.State.HELD:
        return "held"
    if failed:
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
