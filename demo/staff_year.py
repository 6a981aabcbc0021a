"""A year of staff opening files: ordinary work, and abuse planted in it. For the alarms' figure.

Nothing here is stored: readings are drawn in the order of time, the same for the same seed. What is
ordinary is drawn broadly (people look up an old case of their own, a colleague's, by mistake), so
that a rule which shouts at everybody shows itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from anwang.access.rules.alarms import Near, Reading
from anwang.common.values.roc_dates import TAIPEI

BEGINS = dt.datetime(2025, 1, 6, tzinfo=TAIPEI)
ABUSES = ("relative", "neighbour", "burst", "no-task", "bulk", "leaver", "night")


@dataclass(frozen=True, slots=True)
class Planted:
    """One abuse: the rule that must find it, and an account that takes part in it."""

    rule: str
    account: str


@dataclass(frozen=True, slots=True)
class StaffYear:
    """Readings in the order of time, and what was planted among them."""

    staff: int
    weeks: int
    readings: list[Reading]
    planted: list[Planted]


def staff_year(seed: int, staff: int = 1000, weeks: int = 52, abuses: int = 2) -> StaffYear:
    """`abuses` of each kind, at random weeks, among the work of `staff` people."""
    rng = Random(f"staff-year:{seed}:{staff}:{weeks}")
    readings = [one for who in range(staff) for one in _work(rng, who, weeks)]
    planted = []
    for kind in ABUSES:
        for number in range(abuses):
            account = f"abuser-{kind}-{number}"
            readings += _abuse(rng, kind, account, rng.randrange(weeks))
            planted.append(Planted(kind, account))
    readings.sort(key=lambda one: (one.at, one.account, one.object))
    return StaffYear(staff, weeks, readings, planted)


def _work(rng: Random, who: int, weeks: int) -> Iterator[Reading]:
    """Five days a week: own tasks, now and then a closed file, seldom an evening or a neighbour."""
    at_night = who % 12 == 0  # hotline and desk work in shifts
    leaves_in = rng.randrange(weeks) if rng.random() < 0.12 else None
    own = [f"file-{who}-{number}" for number in range(25)]
    for week in range(weeks):
        if leaves_in is not None and week > leaves_in:
            return
        for day in range(5):
            begins = 22 if at_night and rng.random() < 0.3 else rng.choice((8, 8, 9))
            start = BEGINS + dt.timedelta(weeks=week, days=day, hours=begins)
            for _ in range(rng.randint(2, 9)):
                at = start + dt.timedelta(minutes=rng.randrange(540))
                yield _ordinary(rng, who, own, at, at_night, leaving=leaves_in == week)
            if not at_night and rng.random() < 0.004:  # called out at night
                at = BEGINS + dt.timedelta(weeks=week, days=day, hours=24 + rng.random() * 4)
                for _ in range(rng.randint(1, 3)):
                    yield Reading(at, f"staff-{who}", rng.choice(own))


def _ordinary(
    rng: Random, who: int, own: list[str], at: dt.datetime, at_night: bool, *, leaving: bool
) -> Reading:
    chance = rng.random()
    if chance < 0.93:
        about, task = rng.choice(own), True
    elif chance < 0.99:
        about, task = f"closed-{who}-{rng.randrange(60)}", False
    else:
        about, task = f"file-{rng.randrange(2000)}-{rng.randrange(25)}", False
    near: Near = "neighbour" if rng.random() < 0.0001 else ""
    return Reading(at, f"staff-{who}", about, task, near, leaving, at_night)


def _abuse(rng: Random, kind: str, account: str, week: int) -> Iterator[Reading]:
    start = BEGINS + dt.timedelta(
        weeks=week, days=rng.randrange(5), hours=9, minutes=rng.randrange(300)
    )

    def readings(
        number: int, minutes: float, *, task: bool = False, leaving: bool = False
    ) -> Iterator[Reading]:
        for place in range(number):
            at = start + dt.timedelta(minutes=place * minutes)
            yield Reading(at, account, f"{account}-{place}", task, leaving=leaving)

    if kind in ("relative", "neighbour"):
        near: Near = "relative" if kind == "relative" else "neighbour"
        yield Reading(start, account, f"file-of-{account}", False, near)
    elif kind == "burst":  # a name from the news: seventy look, the abuser last
        for place in range(70):
            who = account if place == 69 else f"{account}-{place}"
            yield Reading(start + dt.timedelta(minutes=place * 7), who, f"famous-{account}", False)
    elif kind == "no-task":
        yield from readings(rng.randint(14, 19), 25)
    elif kind == "bulk":
        yield from readings(40, 1)
    elif kind == "leaver":
        yield from readings(rng.randint(30, 60), 8, task=True, leaving=True)
    else:
        start = start.replace(hour=1, minute=10)
        yield from readings(rng.randint(8, 15), 6, task=True)
