"""Looks over all feeds: raises an alarm once for what is wrong, ends it when it is mended."""

from __future__ import annotations

import datetime as dt
from typing import Final

from anwang.access.actions.entries import record_event
from anwang.access.actions.notices import notify
from anwang.access.context import SWEEPING, acting
from anwang.access.models import Membership
from anwang.access.vocabulary import Act, NoticeKind, Role
from anwang.common.clock import clock_now
from anwang.registries.models import FeedAlarm
from anwang.registries.queries.feed_health import Wrong, wrongs_of
from anwang.registries.queries.feeds import Feed, feeds

PURPOSE: Final = "feeds"
TOLD: Final = (Role.OPERATOR,)


def watch_feeds() -> int:
    """Raise and end alarms as the feeds stand now; how many were raised or ended."""
    changed = 0
    with acting(SWEEPING, PURPOSE):
        open_alarms: dict[tuple[str, str], FeedAlarm] = {
            (one.source_id, one.kind): one
            for one in FeedAlarm.objects.select_for_update().filter(until=None)
        }
        for feed in feeds():
            wrong = wrongs_of(feed)
            for kind, what in wrong.items():
                if (feed.source.pk, kind) not in open_alarms:
                    _raise(feed, kind, what)
                    changed += 1
            for (source, kind), alarm in open_alarms.items():
                if source == feed.source.pk and kind not in wrong:
                    _end(alarm)
                    changed += 1
    return changed


def _raise(feed: Feed, kind: str, what: Wrong) -> None:
    alarm = FeedAlarm.objects.create(
        source=feed.source, kind=kind, delivery=what.delivery, detail=what.detail, since=clock_now()
    )
    record_event(
        Act.FEED_ALARM_RAISED, actor=SWEEPING, object_kind="source", object_ids=[alarm.pk],
        purpose=PURPOSE, detail={"source": feed.source.pk, "kind": kind},
    )  # fmt: skip
    _tell(NoticeKind.FEED_ALARM, alarm)


def _end(alarm: FeedAlarm) -> None:
    alarm.until = clock_now()
    alarm.save(update_fields=["until"])
    record_event(
        Act.FEED_ALARM_ENDED, actor=SWEEPING, object_kind="source", object_ids=[alarm.pk],
        purpose=PURPOSE, detail={"source": alarm.source_id, "kind": alarm.kind},
    )  # fmt: skip
    _tell(NoticeKind.FEED_MENDED, alarm)


def _tell(kind: NoticeKind, alarm: FeedAlarm) -> None:
    """Everybody who operates feeds, by account: operators sit in no team."""
    now: dt.datetime = clock_now()
    accounts = (
        Membership.objects.filter(role__in=TOLD, since__lte=now)
        .exclude(until__lte=now)
        .values_list("account_id", flat=True)
        .distinct()
    )
    for account in accounts:
        notify(
            kind, to_account=account, object_kind="source",
            detail={"feed": alarm.source_id, "kind": alarm.kind},
        )  # fmt: skip
