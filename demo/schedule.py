"""When reports come in over a year, and the last day, which a live desk still has before it."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random

TAIPEI = timezone(timedelta(hours=8))
# School start and the weeks after lunar new year bring more; July and August less (assumed).
MONTHS = (0.95, 1.05, 1.2, 1.05, 1.05, 1.0, 0.85, 0.85, 1.2, 1.1, 1.0, 0.95)
HOURS = (14, 10, 7, 5, 4, 4, 6, 12, 26, 40, 44, 40, 30, 34, 40, 42, 40, 36, 32, 30, 32, 32, 28, 20)
OFFICE_CHANNELS = frozenset(
    {"school-safety", "paper", "walk-in", "lawyer", "system", "active-finding"}
)


@dataclass(frozen=True, slots=True)
class Scripted:
    """One report of the last day: hours before the end, and what it must be."""

    hours_ago: float
    kind: str
    grave: bool = False
    open: bool = True
    retells: int | None = None  # position in LAST_DAY of the event told again
    channel: str = ""


LAST_DAY: tuple[Scripted, ...] = (
    Scripted(29.2, "child-witness", open=False, channel="police"),
    Scripted(28.1, "suicide-ideation", open=False, channel="hotline-1925"),
    Scripted(26.7, "out-of-scope", open=False, channel="hotline-113"),
    Scripted(25.4, "partner-violence", open=False, channel="police"),
    Scripted(24.33, "elder-abuse", channel="police"),
    Scripted(23.4, "poverty", channel="hotline-1957"),
    Scripted(22.7, "child-neglect", channel="mandated-web"),
    Scripted(21.9, "consult-vague", channel="mens-line"),
    Scripted(20.2, "partner-violence", channel="hospital"),
    Scripted(18.8, "child-physical", grave=True, channel="hospital"),
    Scripted(17.3, "child-physical", retells=9, channel="hotline-113"),
    Scripted(16.1, "suicide-attempt", channel="hospital"),
    Scripted(14.6, "unreachable", channel="hotline-113"),
    Scripted(13.2, "child-witness", channel="police"),
    Scripted(11.8, "psychiatric-violence", channel="police"),
    Scripted(10.5, "partner-violence", open=False, channel="police"),
    Scripted(9.3, "parent-battered", channel="police"),
    Scripted(7.9, "sexual-assault", channel="hospital"),
    Scripted(6.4, "partner-violence", grave=True, channel="police"),
    Scripted(5.2, "long-term-care", channel="hotline-113"),
    Scripted(4.1, "parent-battered", retells=16, channel="hotline-113"),
    Scripted(2.9, "vaccine-overdue", channel="system"),
    Scripted(2.2, "child-physical", channel="school-safety"),
    Scripted(1.6, "child-physical", retells=9, channel="mandated-web"),
    Scripted(1.1, "grandparent-care", channel="mandated-web"),
    Scripted(0.6, "school-dropout", channel="school-safety"),
    Scripted(0.2, "consult-vague", channel="hotline-113"),
)
LAST_DAY_HOURS = 30.0


def year_of_moments(n: int, until: datetime, rng: Random) -> list[datetime]:
    """`n` moments over the year that ends `LAST_DAY_HOURS` before `until`, sorted."""
    last = until - timedelta(hours=LAST_DAY_HOURS)
    days = [last - timedelta(days=back) for back in range(1, 365)]
    weights = [MONTHS[day.month - 1] * (0.7 if day.weekday() > 4 else 1.0) for day in days]
    moments = []
    for day in rng.choices(days, weights, k=n):
        hour = rng.choices(range(24), HOURS)[0]
        at = day.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60))
        moments.append(min(at, last))
    return sorted(moments)


def channel_open(channel: str, at: datetime) -> bool:
    """Offices and schools send on working days by day; 1957 answers from 8 to 22; others always."""
    if channel == "hotline-1957":
        return 8 <= at.hour < 22
    if channel in OFFICE_CHANNELS:
        return at.weekday() < 5 and 8 <= at.hour < 18
    return True
