"""The one clock: every instant that is stored or compared comes from here (decision 1)."""

from __future__ import annotations

import datetime as dt

from django.db import connections
from django.db.models import DateTimeField, Func


def clock_now(using: str = "default") -> dt.datetime:
    """The instance's present instant, aware, in UTC. One short query."""
    with connections[using].cursor() as cursor:
        cursor.execute("select clock.now()")
        (instant,) = cursor.fetchone()
    return instant  # type: ignore[no-any-return]


class ClockNow(Func):
    """`clock.now()` as a database default, so that no machine's own clock decides."""

    function = "clock.now"
    template = "%(function)s()"
    output_field = DateTimeField()
