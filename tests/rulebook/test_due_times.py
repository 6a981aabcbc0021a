"""Due times against a slow clerk who crosses off days in the office calendar, one by one.

The calendar here is typed in from the official ones of three years (days of rest that are no weekend,
and Saturdays that are worked), so the product's own source of holidays is held against it too.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anwang.rulebook.rules.calendar import package_calendar
from anwang.rulebook.rules.clocks import (
    TAIPEI,
    ClockDefinition,
    ClockFault,
    days_paused,
    due_at,
    next_warning,
    read_clocks,
    read_pauses,
)
from anwang.rulebook.rules.loader import read_doc
from tests.trust.figure import ROOT

CALENDAR = package_calendar()
SHIPPED = read_doc(ROOT / "anwang" / "triage" / "policies" / "clocks.yaml")
RESTED = {
    2024: "0101 0208 0209 0212 0213 0214 0228 0404 0405 0610 0917 1010",
    2025: "0101 0127 0128 0129 0130 0131 0228 0403 0404 0530 0929 1006 1010 1024 1225",
    2026: "0101 0216 0217 0218 0219 0220 0227 0403 0406 0501 0619 0925 0928 1009 1026 1225",
}
WORKED = {date(2024, 2, 17), date(2025, 2, 8)}
RESTS = {
    date(year, int(day[:2]), int(day[2:])) for year, days in RESTED.items() for day in days.split()
}
FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)


def closed(day: date) -> bool:
    if day in WORKED:
        return False
    return day in RESTS or day.weekday() >= 5


def following(day: date) -> date:
    return day + timedelta(days=1)


def clerk(start: datetime, unit: str, amount: int, more: int = 0) -> datetime:
    """The last moment of a term, by crossing off: no arithmetic but the next day."""
    if unit == "hours":
        moment = start
        for _ in range(amount):
            moment += timedelta(hours=1)
        return moment
    day = start.astimezone(TAIPEI).date()  # not counted itself
    if unit == "days":
        for _ in range(amount + more):
            day = following(day)
    elif unit == "working_days":
        left = amount + more
        while left:
            day = following(day)
            left -= not closed(day)
    else:
        # Ends the day before the one that corresponds to the first day counted, or on the month's last.
        begins = following(day)
        month, day = begins.month, begins
        for _ in range(amount):
            while day.month == month:
                day = following(day)
            month = day.month  # the first of the next month
        wanted = begins.day
        last = day
        while last.month == month and last.day < wanted:
            last = following(last)
        day = last - timedelta(days=1)  # the day before, or the last of a short month
        for _ in range(more):
            day = following(day)
    hour = time(23, 59, 59)
    while closed(day):
        if day.weekday() == 5:
            hour = time(12, 0)
        day = following(day)
    return datetime.combine(day, hour, tzinfo=TAIPEI)


def clock(unit: str, amount: int, **more) -> ClockDefinition:
    return ClockDefinition(
        "example", unit, amount, False, "received", "visited", "team", True, {}, "Example Act 1",
        "V", date(2020, 1, 1), **more,
    )  # fmt: skip


starts = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001
    max_value=datetime(2026, 8, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
# The days around which holidays, made-up days and New Year lie.
near_rest = st.builds(
    lambda day, back, hour: datetime.combine(day - timedelta(days=back), time(hour), tzinfo=TAIPEI),
    st.sampled_from(sorted(day for day in RESTS | WORKED if date(2024, 2, 1) < day < date(2026, 9, 1))),
    st.integers(0, 12),
    st.integers(0, 23),
)  # fmt: skip


def test_the_products_days_of_rest_are_the_official_ones():
    day, wrong = FIRST, []
    while day <= LAST:
        if CALENDAR.is_rest_day(day) != closed(day):
            wrong.append(day)
        day = following(day)
    assert wrong == []


@given(
    st.one_of(starts, near_rest),
    st.sampled_from(["hours", "days", "working_days"]),
    st.integers(1, 40),
)
@example(datetime(2026, 2, 6, 9, tzinfo=TAIPEI), "days", 10)
@example(datetime(2025, 2, 4, 9, tzinfo=TAIPEI), "days", 4)
@example(datetime(2024, 2, 7, 9, tzinfo=TAIPEI), "working_days", 3)
def test_a_due_instant_is_the_clerks(start, unit, amount):
    assert due_at(start, clock(unit, amount), CALENDAR) == clerk(start, unit, amount)


@given(st.one_of(starts, near_rest), st.integers(1, 3))
@example(datetime(2026, 1, 30, 10, tzinfo=TAIPEI), 1)
@example(datetime(2024, 1, 30, 10, tzinfo=TAIPEI), 1)
@example(datetime(2025, 10, 30, 23, 59, tzinfo=TAIPEI), 1)
def test_months_end_where_the_clerk_ends_them(start, months):
    assert due_at(start, clock("months", months), CALENDAR) == clerk(start, "months", months)


@given(
    near_rest, st.sampled_from(["days", "working_days"]), st.integers(1, 30),
    st.integers(0, 20 * 24),
)  # fmt: skip
def test_a_pause_gives_just_the_days_that_it_lasted(start, unit, amount, hours):
    since = start + timedelta(hours=5)
    until = since + timedelta(hours=hours)
    definition = clock(unit, amount)
    day, counted = since.date(), 0
    while day < until.date():
        day = following(day)
        counted += unit == "days" or not closed(day)
    assert days_paused(since, until, definition, CALENDAR) == counted
    assert due_at(start, definition, CALENDAR, counted) == clerk(start, unit, amount, counted)


def test_hours_stand_still_for_no_days():
    start = datetime(2026, 3, 2, 9, tzinfo=TAIPEI)
    assert days_paused(start, start + timedelta(days=3), clock("hours", 24), CALENDAR) == 0


def test_warnings_come_in_order_and_none_before_the_start():
    start = datetime(2026, 3, 2, 9, tzinfo=TAIPEI)
    due = start + timedelta(days=2)
    definition = clock("days", 2, warn=(timedelta(days=7), timedelta(days=1), timedelta(hours=2)))
    assert next_warning(definition, start, due, 0) == due - timedelta(days=1)
    assert next_warning(definition, start, due, 1) == due - timedelta(hours=2)
    assert next_warning(definition, start, due, 2) is None


def test_every_shipped_clock_has_its_source_words_and_warning():
    shipped = read_clocks(SHIPPED)
    assert len(shipped) >= 60
    assert len({one.id for one in shipped}) == len(shipped)
    for one in shipped:
        assert one.text["zh"] and one.text["en"], one.id
        assert one.citation and one.confidence in "VSDU", one.id
        assert one.warn, f"{one.id}: nobody would be warned"
        assert one.confidence != "U" or not one.legal or "附表" in one.citation, one.id
    for event in SHIPPED["events"].values():
        assert event["zh"] and event["en"]


def test_the_first_24_hours_never_stand_still():
    by_id = {one.id: one for one in read_clocks(SHIPPED)}
    for one in by_id.values():
        if one.unit == "hours":
            assert one.pause == (), f"{one.id} runs by the hour"
    assert by_id["vulnerable-visit-10d"].pause
    for reason in read_pauses(SHIPPED):
        assert 1 <= reason.at_most_days <= 31, "the database allows no longer pause"


def test_a_fault_in_the_file_is_named():
    good = {"id": "c", "days": 4, "start": "a", "stop": "b", "owner": "team", "text": {},
            "citation": "x", "confidence": "V"}  # fmt: skip
    doc = {"valid_from": date(2026, 1, 1), "events": {"a": {}, "b": {}}}
    assert read_clocks({**doc, "clocks": [good]})[0].warn == ()
    for bad in (
        {"pause": ["nowhere"]},
        {"warn": ["soon"]},
        {"kind": "race"},
        {"stop": "unheard-of"},
    ):
        with pytest.raises(ClockFault):
            read_clocks({**doc, "clocks": [{**good, **bad}]})
    for bad in (
        {"by": [], "at_most_days": 3},
        {"by": ["lead"], "at_most_days": 3, "confidence": "X"},
    ):
        with pytest.raises(ClockFault):
            read_pauses(
                {"pauses": [{"id": "p", "text": {}, "citation": "x", "confidence": "U", **bad}]}
            )
