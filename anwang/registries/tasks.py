"""When the feeds are looked over."""

from __future__ import annotations

from procrastinate.contrib.django import app

from anwang.registries.actions.fetching import is_held_off
from anwang.registries.actions.watching import watch_feeds


@app.periodic(cron="* * * * * 50", periodic_id="feeds")  # type: ignore[untyped-decorator]
@app.task(name="registries.watch_feeds", queue="feeds", queueing_lock="registries.watch_feeds")  # type: ignore[untyped-decorator]
def look_at_feeds(timestamp: int) -> int:
    """Feeds that are late, held, shrunk, doubled or drifting; none while a demo's past year is told."""
    return 0 if is_held_off() else watch_feeds()
