"""Keeps the audit's tree close behind its entries, shows it to witnesses, and verifies it."""

from __future__ import annotations

import time
from typing import Final

from django.db import connection
from procrastinate.contrib.django import app

from anwang.access.actions.audit_alarms import raise_alarm
from anwang.access.actions.standing import warn_of_endings
from anwang.access.audit_tree import give_places, unplaced
from anwang.access.audit_verify import keep_verification, last_verification
from anwang.access.audit_witnesses import ask_witnesses
from anwang.access.vocabulary import NoticeKind

PLACED_WITHIN_SECONDS: Final = 5.0  # decision 7
# An alarm is an entry too: told again and again, it would raise the next one by itself.
QUIET_SECONDS: Final = 600.0
_first_seen: dict[int, float] = {}
_told = {"last": float("-inf")}


@app.periodic(cron="* * * * * */3", periodic_id="audit-places")  # type: ignore[untyped-decorator]
@app.task(name="access.give_places", queue="audit", queueing_lock="access.give_places")  # type: ignore[untyped-decorator]
def place_entries(timestamp: int) -> None:
    """Give committed entries their places in the tree."""
    while give_places():
        pass


@app.periodic(cron="* * * * * */5", periodic_id="audit-late-places")  # type: ignore[untyped-decorator]
@app.task(name="access.watch_places", queue="audit-watch", queueing_lock="access.watch_places")  # type: ignore[untyped-decorator]
def watch_places(timestamp: int) -> None:
    """Raise an alarm for an entry that waits for its place for more than five seconds."""
    now = time.monotonic()
    late = late_places(unplaced(), now)
    if late and now - _told["last"] > QUIET_SECONDS:
        _told["last"] = now
        raise_alarm(NoticeKind.AUDIT_PLACE_LATE, {"entries": len(late)})


def late_places(waiting: list[int], now: float) -> list[int]:
    """Entries that wait too long by this process's own watch; each is named once.

    The entries' own times would not do: on a demo the clock is set ahead while the year is told.
    """
    for gone in _first_seen.keys() - set(waiting):
        del _first_seen[gone]
    late = []
    for no in waiting:
        seen = _first_seen.setdefault(no, now)
        if now - seen > PLACED_WITHIN_SECONDS:
            late.append(no)
            _first_seen[no] = float("inf")
    return late


@app.periodic(cron="* * * * * */5", periodic_id="audit-witnesses")  # type: ignore[untyped-decorator]
@app.task(name="access.ask_witnesses", queue="audit-watch", queueing_lock="access.ask_witnesses")  # type: ignore[untyped-decorator]
def show_to_witnesses(timestamp: int) -> None:
    """Send the last checkpoint to every configured witness."""
    ask_witnesses()


@app.periodic(cron="*/10 * * * *", periodic_id="audit-verify")  # type: ignore[untyped-decorator]
@app.task(name="access.verify_audit", queue="audit-watch", queueing_lock="access.verify_audit")  # type: ignore[untyped-decorator]
def verify_whole(timestamp: int) -> None:
    """Verify the whole log and keep what was found; an alarm where it is not as it was written."""
    before = last_verification()
    verdict = keep_verification()
    if not verdict.ok and (before is None or before.first_bad != verdict.first_bad):
        raise_alarm(NoticeKind.AUDIT_BROKEN, {"first_bad": verdict.first_bad, "why": verdict.why})


@app.periodic(cron="17 * * * *", periodic_id="access-sweep")  # type: ignore[untyped-decorator]
@app.task(name="access.sweep_sessions", queue="upkeep", queueing_lock="access.sweep_sessions")  # type: ignore[untyped-decorator]
def sweep_sessions(timestamp: int) -> None:
    """Forget sessions that no cookie opens any more, leaked buckets, places not used for weeks."""
    with connection.cursor() as cursor:
        cursor.execute("select access.sweep_sessions(interval '2 days')")


@app.periodic(cron="23 6 * * *", periodic_id="access-endings")  # type: ignore[untyped-decorator]
@app.task(name="access.warn_of_endings", queue="upkeep", queueing_lock="access.warn_of_endings")  # type: ignore[untyped-decorator]
def tell_of_endings(timestamp: int) -> None:
    """Tell accounts whose training or accepted rules end soon, once each, in portions."""
    while warn_of_endings():
        pass
