"""Reading and showing dates in the ROC calendar."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.common.values.roc_dates import parse_birth, roc_date, roc_datetime, roc_parts
from tests.spelled_out import examples


@pytest.mark.parametrize(("typed", "becomes", "shown"), examples("births"))
def test_a_birth_is_read_as_far_as_it_goes(typed, becomes, shown):
    read = parse_birth(typed)
    known = [part for part in (read.year, read.month, read.day) if part is not None]
    age = "" if read.approximate_age is None else f"age {read.approximate_age}"
    assert (age or "-".join(f"{part:02}" for part in known)) == becomes
    assert (roc_parts(*known) if known else "") == shown


@pytest.mark.parametrize("typed", [None, "9" * 10_000])
def test_nothing_tells_no_birth(typed):
    read = parse_birth(typed)
    assert (read.year, read.month, read.day, read.approximate_age) == (None, None, None, None)


def test_a_day_is_read_as_itself():
    assert parse_birth(date(1985, 3, 2)).as_date == date(1985, 3, 2)


@given(st.dates(date(1912, 1, 1), date(2100, 12, 31)))
def test_a_day_shown_is_read_back_as_the_same_day(day):
    assert parse_birth(roc_date(day)).as_date == day
    assert parse_birth(day.isoformat()).as_date == day
    assert parse_birth(f"{day:%Y%m%d}").as_date == day


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_a_day_known_in_part_is_read_back_as_far_as_it_was_shown(day):
    month, year = parse_birth(roc_parts(day.year, day.month)), parse_birth(roc_parts(day.year))
    assert (month.year, month.month, month.day) == (day.year, day.month, None)
    assert (year.year, year.month, year.day) == (day.year, None, None)


@given(st.text(max_size=80) | st.none() | st.integers() | st.floats())
def test_no_text_makes_an_error(typed):
    parse_birth(typed)


def test_days_and_moments_are_shown_in_the_roc_calendar_and_taipei_time():
    assert roc_date(date(2026, 3, 3)) == "115.03.03"
    assert roc_date(date(1911, 1, 2)) == "民國前1.01.02"
    assert [roc_parts(1985, 3, 2), roc_parts(1985, 3), roc_parts(1985)] == [
        "74.03.02",
        "74.03",
        "74年",
    ]
    assert [roc_parts(1907), roc_parts(1912, 1)] == ["民國前5年", "1.01"]
    assert roc_datetime(datetime(2026, 3, 2, 20, 48, tzinfo=UTC)) == "115.03.03 04:48"
    with pytest.raises(ValueError, match="offset"):
        roc_datetime(datetime(2026, 3, 2))  # noqa: DTZ001
