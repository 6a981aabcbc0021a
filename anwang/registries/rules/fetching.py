"""When a source is asked again for what is new: by its rhythm, and less often while it fails."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

SOONEST: Final = timedelta(minutes=10)
LATEST: Final = timedelta(hours=6)
AFTER_FAILURE: Final = timedelta(minutes=2)


def next_fetch(
    tried_at: datetime | None, *, failures: int, expected_every_days: int | None
) -> datetime | None:
    """The instant from which the source is asked again; None: at once.

    A source that delivers every day is looked at every hour, so that a delivery is at most an hour
    old when it is taken. After a failure it is tried again soon, then half as often each time.
    """
    if tried_at is None:
        return None
    usual = min(max(timedelta(hours=expected_every_days or 1), SOONEST), LATEST)
    if not failures:
        return tried_at + usual
    # 2^12 minutes is past every usual pause already.
    doubled: int = 1 << min(failures - 1, 12)
    return tried_at + min(AFTER_FAILURE * doubled, usual)
