"""When a channel took a report, as systems and people write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Final
from unicodedata import normalize

from anwang.common.values.roc_dates import TAIPEI, parse_birth

_TIME: Final = re.compile(r"[\sT]+(上午|下午)?\s*(\d{1,2})[:時](\d{2})?")
_EARLIEST, _LATEST = 1950, 2150


def read_instant(text: object) -> tuple[datetime | None, str | None]:
    """(instant in UTC, mark): ISO 8601, or a ROC or Gregorian day with a time.

    Without an offset it is Taipei's; without a time, the day's beginning. What cannot be read is
    None, with a mark.
    """
    if not isinstance(text, str) or not text.strip() or len(text) > 64:
        return None, "received-at-missing" if text in (None, "") else "received-at-unreadable"
    plain = normalize("NFKC", text).strip()
    mark: str | None = None
    try:
        instant = datetime.fromisoformat(plain)
        if len(plain) <= 10:
            mark = "received-at-without-time"
    except ValueError:
        told = _as_people_write(plain)
        if told is None:
            return None, "received-at-unreadable"
        instant, mark = told
    if instant.tzinfo is None:
        instant, mark = instant.replace(tzinfo=TAIPEI), mark or "received-at-without-offset"
    if not _EARLIEST <= instant.year <= _LATEST:
        return None, "received-at-unreadable"
    return instant.astimezone(UTC), mark


def _as_people_write(plain: str) -> tuple[datetime, str | None] | None:
    found = _TIME.search(plain)
    day = parse_birth(plain[: found.start()] if found else plain).as_date
    if day is None:
        return None
    if found is None:
        return datetime.combine(day, time()), "received-at-without-time"
    half, hour, minute = found.groups()
    shift = 12 if half == "下午" and int(hour) < 12 else 0
    try:
        return datetime.combine(day, time(int(hour) + shift, int(minute or 0))), None
    except ValueError:
        return None
