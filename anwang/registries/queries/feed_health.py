"""What is wrong with a feed: late, held, failed, shrunk, doubled, drifting. Counts, nobody's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anwang.registries.models import Delivery, FeedAlarm
from anwang.registries.queries.feeds import Feed, deliveries_of
from anwang.registries.rules.feed_watch import Drift, Profile, drifts, limits, size_fault

_BY_STATE: Final[Mapping[str, str]] = {
    "late": FeedAlarm.Kind.LATE, "held": FeedAlarm.Kind.HELD, "failed": FeedAlarm.Kind.FAILED,
}  # fmt: skip
# Held and replaced files stand between the deliveries that a last one is compared with.
_LOOKED_BACK: Final = 4


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a feed now, about which delivery, in counts."""

    delivery: Delivery | None
    detail: dict[str, Any]


def rows_of(delivery: Delivery) -> int:
    """Rows that a delivery had, taken or set aside."""
    return delivery.accepted + delivery.quarantined


def like(delivery: Delivery, among: Sequence[Delivery]) -> list[Delivery]:
    """Of `among` (newest first) those that `delivery` is compared with: taken before it, of its
    mode, as many as the limits say.
    """
    found = [
        one
        for one in among
        if one.state == Delivery.State.PUBLISHED
        and one.mode == delivery.mode
        and one.began_at < delivery.began_at
    ]
    return found[: limits().compared_with]


def drifts_of(delivery: Delivery, before: Sequence[Delivery]) -> list[Drift]:
    """How far each column of a delivery moved against those before it; empty where none can tell."""
    if delivery.profile is None:
        return []
    known = [Profile.of(one.profile) for one in before if one.profile is not None]
    return drifts(known, Profile.of(delivery.profile))


def wrongs_of(feed: Feed) -> dict[str, Wrong]:
    """Kind of alarm -> what is wrong with the feed now; empty where all is well."""
    found: dict[str, Wrong] = {}
    if kind := _BY_STATE.get(feed.state):
        about = feed.last if feed.state == "late" else feed.newest
        found[kind] = Wrong(about, {"state": feed.state})
    if feed.last is None or feed.is_own:
        return found
    most = _LOOKED_BACK * limits().compared_with
    before = like(feed.last, deliveries_of(feed.source.pk, most=most))
    rows, sizes = rows_of(feed.last), [rows_of(one) for one in before]
    fault = size_fault(
        rows,
        sizes,
        repeated=int(feed.last.reasons.get("repeated-key", 0)),
        rise_limit_percent=feed.source.manifest["size"].get("rise_limit_percent"),
    )
    if fault:
        found[fault] = Wrong(feed.last, {"rows": rows, "before": sizes})
    moved = {
        one.column: round(one.psi, 2)
        for one in drifts_of(feed.last, before)
        if one.level == "alarm"
    }
    if moved:
        found[FeedAlarm.Kind.DRIFTING] = Wrong(feed.last, {"columns": moved})
    return found
