"""Clocks: hours exact, days as the Administrative Procedure Act counts.

Never an end on a day of rest.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.rulebook.rules.calendar import package_calendar
from anwang.rulebook.rules.clocks import (
    TAIPEI,
    ClockDefinition,
    ClockFault,
    clocks_in_force,
    due_at,
    is_provisional,
    read_clocks,
)

CALENDAR = package_calendar()
for _year in range(2023, 2032):  # computed once a year, slow enough to upset a property test
    CALENDAR.is_rest_day(date(_year, 1, 1))
TEXT = {"zh": "範例", "en": "example"}


def clock(unit, amount, *, before=False):
    return ClockDefinition(
        "example",
        unit,
        amount,
        before,
        "received",
        "visited",
        "team",
        True,
        TEXT,
        "Example Act 1",
        "V",
        date(2020, 1, 1),
    )


def taipei(text):
    return datetime.fromisoformat(text).replace(tzinfo=TAIPEI)


starts = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001
    max_value=datetime(2027, 6, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(starts, st.integers(1, 2000))
def test_hours_are_exact(start, hours):
    assert due_at(start, clock("hours", hours), CALENDAR) - start == timedelta(hours=hours)


@given(starts, st.sampled_from(["days", "working_days", "months"]), st.integers(1, 40))
def test_a_due_day_is_after_its_start_and_never_a_day_of_rest(start, unit, amount):
    due = due_at(start, clock(unit, amount), CALENDAR)
    assert due > start
    assert due.date() > start.astimezone(TAIPEI).date()
    assert not CALENDAR.is_rest_day(due.date())


@given(starts, st.integers(1, 60))
def test_days_never_end_before_they_are_over_and_move_only_over_rest(start, days):
    last = start.astimezone(TAIPEI).date() + timedelta(days=days)
    due = due_at(start, clock("days", days), CALENDAR)
    assert due.date() >= last
    day = last
    while day < due.date():
        assert CALENDAR.is_rest_day(day)
        day += timedelta(days=1)


@given(starts, st.integers(1, 60), st.sampled_from(["days", "months", "working_days"]))
def test_a_clock_counting_back_ends_on_a_working_day_before(start, amount, unit):
    due = due_at(start, clock(unit, amount, before=True), CALENDAR)
    assert due.date() < start.astimezone(TAIPEI).date()
    assert not CALENDAR.is_rest_day(due.date())


@given(starts, st.integers(1, 40), st.integers(1, 40))
def test_a_longer_term_never_ends_earlier(start, one, other):
    short, long = sorted((one, other))
    assert due_at(start, clock("days", short), CALENDAR) <= due_at(
        start, clock("days", long), CALENDAR
    )


@pytest.mark.parametrize(
    ("unit", "amount", "start", "due"),
    [
        # The first day is not counted: a Tuesday and four days end on Saturday, so on Monday at
        # noon.
        ("days", 4, "2026-03-03 04:48", "2026-03-09 12:00:00"),
        ("days", 4, "2026-03-02 23:59", "2026-03-06 23:59:59"),
        ("days", 4, "2026-03-04 08:00", "2026-03-09 23:59:59"),  # a Sunday moves to Monday's end
        ("days", 10, "2026-02-06 09:00", "2026-02-23 12:00:00"),  # over the whole New Year
        ("days", 1, "2026-04-03 09:00", "2026-04-07 12:00:00"),  # Saturday before a Monday of rest
        ("working_days", 3, "2026-02-26 10:00", "2026-03-04 23:59:59"),
        ("months", 3, "2026-03-02 10:00", "2026-06-02 23:59:59"),
        (
            "months",
            1,
            "2026-01-30 10:00",
            "2026-03-02 12:00:00",
        ),  # no 31 February; the 28th a Saturday
        ("hours", 24, "2026-02-16 22:00", "2026-02-17 22:00:00"),  # through the eve of New Year
    ],
)
def test_terms_end_as_article_48_says(unit, amount, start, due):
    assert due_at(taipei(start), clock(unit, amount), CALENDAR) == taipei(due)


def test_the_day_is_the_day_in_taipei():
    late_evening_utc = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # 2 March, 07:00 in Taipei
    assert due_at(late_evening_utc, clock("days", 4), CALENDAR).date() == date(2026, 3, 6)
    tokyo = datetime(2026, 3, 3, 0, 30, tzinfo=ZoneInfo("Asia/Tokyo"))  # still 2 March in Taipei
    assert due_at(tokyo, clock("days", 4), CALENDAR).date() == date(2026, 3, 6)


def test_an_instant_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        due_at(datetime(2026, 3, 2), clock("hours", 1), CALENDAR)  # noqa: DTZ001


def test_a_make_up_saturday_is_a_working_day():
    assert not CALENDAR.is_rest_day(date(2025, 2, 8))
    assert due_at(taipei("2025-02-04 09:00"), clock("days", 4), CALENDAR) == taipei(
        "2025-02-08 23:59:59"
    )


def test_the_packages_stray_working_day_is_left_out():
    assert CALENDAR.is_rest_day(date(2026, 12, 27))


def test_official_days_win_and_assure():
    own = CALENDAR.with_official({date(2028, 1, 3): True, date(2028, 1, 8): False})
    assert own.is_rest_day(date(2028, 1, 3))
    assert not own.is_rest_day(date(2028, 1, 8))
    assert own.assured_until == date(2028, 1, 8)
    assert is_provisional(taipei("2028-01-04 10:00"), CALENDAR)
    assert not is_provisional(taipei("2028-01-04 10:00"), own)
    assert CALENDAR.with_official({}) is CALENDAR


def test_a_definition_needs_one_term_and_its_source():
    good = {"id": "c", "hours": 24, "start": "received", "stop": "dispatched", "owner": "desk",
            "text": TEXT, "citation": "Example Act 1", "confidence": "V"}  # fmt: skip
    doc = {"valid_from": date(2026, 1, 1)}
    assert read_clocks({**doc, "clocks": [good]})[0].unit == "hours"
    for bad in ({**good, "days": 2}, {**good, "hours": 0}, {**good, "citation": ""}):
        with pytest.raises(ClockFault):
            read_clocks({**doc, "clocks": [bad]})


def test_a_definition_changes_on_its_day():
    said = {"id": "c", "start": "received", "stop": "s", "owner": "desk", "text": TEXT,
            "citation": "x", "confidence": "V"}  # fmt: skip
    doc = {"valid_from": date(2026, 1, 1)}
    made = read_clocks({**doc, "clocks": [
        {**said, "hours": 24, "valid_to": date(2026, 7, 1)},
        {**said, "hours": 48, "valid_from": date(2026, 7, 1)},
    ]})  # fmt: skip
    assert clocks_in_force(made, date(2026, 6, 30))["c"].amount == 24
    assert clocks_in_force(made, date(2026, 7, 1))["c"].amount == 48
    with pytest.raises(ClockFault, match="two definitions"):
        clocks_in_force((made[0], made[0]), date(2026, 6, 30))
