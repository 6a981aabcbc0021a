"""One feed as its page tells it: deliveries as small pictures, delay, size, drift, what depends on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Window
from django.db.models.functions import RowNumber

from anwang.common.clock import clock_now
from anwang.registries.models import Delivery, FeedAlarm
from anwang.registries.queries.dependents import Dependent, dependents_of
from anwang.registries.queries.feed_health import drifts_of, like, rows_of
from anwang.registries.queries.feeds import NOT_SENT, Feed, deliveries_of, feeds
from anwang.registries.queries.quarantine import MonthOfRows, months_of
from anwang.registries.rules.feed_watch import Drift, usual_size

DELIVERIES_SHOWN: Final = 14
ALARMS_SHOWN: Final = 10
BAR, GAP, HEIGHT = 8, 3, 28


@dataclass(frozen=True, slots=True)
class Bar:
    """One delivery in the picture: places and heights in the picture's own units, from its top."""

    x: int
    taken_y: float
    taken: float
    aside_y: float
    aside: float
    held: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """The last deliveries of a feed, oldest on the left. `usual_y`: the height of the usual size."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    usual_y: float | None


def picture_of(deliveries: Sequence[Delivery], usual: float | None) -> Picture:
    """Bars of `deliveries` (newest first), scaled to the largest of them and the usual size."""
    shown = list(reversed(deliveries[:DELIVERIES_SHOWN]))
    most = max([usual or 0, *(rows_of(one) for one in shown)], default=0) or 1
    bars = []
    for place, one in enumerate(shown):
        taken, aside = (HEIGHT * rows / most for rows in (one.accepted, one.quarantined))
        if one.quarantined:
            aside = max(aside, 1.5)  # one row of a million would not be seen
        taken = max(taken - max(0.0, taken + aside - HEIGHT), 0.0)
        bars.append(
            Bar(
                x=place * (BAR + GAP),
                taken_y=round(HEIGHT - taken, 1),
                taken=round(taken, 1),
                aside_y=round(HEIGHT - taken - aside, 1),
                aside=round(aside, 1),
                held=one.state == Delivery.State.HELD,
            )
        )
    width = DELIVERIES_SHOWN * (BAR + GAP) - GAP
    usual_y = round(HEIGHT - HEIGHT * usual / most, 1) if usual else None
    return Picture(width, HEIGHT, tuple(bars), usual_y)


@dataclass(frozen=True, slots=True)
class FeedLine:
    """A feed in the list: its picture, the usual size, its alarms that stand open."""

    feed: Feed
    picture: Picture | None
    usual: int | None
    alarms: tuple[FeedAlarm, ...]


def feed_lines() -> list[FeedLine]:
    """Every feed, those with an alarm first, then those that cannot be fetched, then by id."""
    open_alarms: dict[str, list[FeedAlarm]] = {}
    for alarm in FeedAlarm.objects.filter(until=None).order_by("since"):
        open_alarms.setdefault(alarm.source_id, []).append(alarm)
    all_feeds = feeds()
    sent = _recent(feed.source.pk for feed in all_feeds if not feed.is_own)
    lines = [
        _line(feed, sent.get(feed.source.pk, []), open_alarms.get(feed.source.pk, []))
        for feed in all_feeds
    ]
    return sorted(
        lines, key=lambda one: (not one.alarms, not one.feed.hindered, one.feed.source.pk)
    )


def _line(feed: Feed, sent: list[Delivery], alarms: list[FeedAlarm]) -> FeedLine:
    usual = _usual(feed.last, sent)
    drawn = None if feed.is_own or not sent else picture_of(sent, usual)
    return FeedLine(feed, drawn, round(usual) if usual else None, tuple(alarms))


def _usual(last: Delivery | None, sent: Sequence[Delivery]) -> float | None:
    if last is None:
        return None
    return usual_size([rows_of(one) for one in like(last, sent)])


def _recent(sources: Iterable[str]) -> dict[str, list[Delivery]]:
    """Source -> its newest deliveries, newest first, without what their columns held."""
    place = Window(RowNumber(), partition_by="source", order_by="-began_at")
    sent = Delivery.objects.filter(source_id__in=list(sources)).exclude(mode__in=NOT_SENT)
    newest = sent.annotate(place=place).filter(place__lte=DELIVERIES_SHOWN)
    found: dict[str, list[Delivery]] = {}
    for one in newest.defer("profile", "reasons").order_by("source_id", "-began_at"):
        found.setdefault(one.source_id, []).append(one)
    return found


@dataclass(frozen=True, slots=True)
class FeedStory:
    """One feed: `expected_at` is when the next delivery is due, `usual` its usual rows."""

    line: FeedLine
    deliveries: tuple[Delivery, ...]
    expected_at: dt.datetime | None
    overdue: bool
    drifts: tuple[Drift, ...]
    months: tuple[MonthOfRows, ...]
    dependents: tuple[Dependent, ...]
    alarms: tuple[FeedAlarm, ...]


def feed_story(source_id: str, *, counts_waiting: bool) -> FeedStory | None:
    """A feed with all that its page tells; None where there is no such source."""
    feed = next((one for one in feeds() if one.source.pk == source_id), None)
    if feed is None:
        return None
    sent = [] if feed.is_own else deliveries_of(source_id, most=4 * DELIVERIES_SHOWN)
    alarms = list(FeedAlarm.objects.filter(source_id=source_id).order_by("-since")[:ALARMS_SHOWN])
    expected = _expected_at(feed)
    drifted = drifts_of(feed.last, like(feed.last, sent)) if feed.last else []
    return FeedStory(
        line=_line(feed, sent, [one for one in alarms if one.until is None]),
        deliveries=tuple(sent[:DELIVERIES_SHOWN]),
        expected_at=expected,
        overdue=expected is not None and expected < clock_now(),
        drifts=tuple(drifted),
        months=tuple(months_of(source_id, waiting=counts_waiting)) if not feed.is_own else (),
        dependents=tuple(dependents_of(feed.source.manifest)),
        alarms=tuple(alarms),
    )


def _expected_at(feed: Feed) -> dt.datetime | None:
    days = feed.source.manifest["rhythm"]["expected_every_days"]
    if feed.last is None or days is None or feed.is_own:
        return None
    return feed.last.delivered_at + dt.timedelta(days=days)
