"""Reading and showing dates in the ROC calendar."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.common.values.roc_dates import parse_birth, roc_date, roc_datetime, roc_parts


@pytest.mark.parametrize(
    ("typed", "year", "month", "day", "age"),
    [
        ("民國107年5月1日", 2018, 5, 1, None),
        ("中華民國 74 年 3 月 2 日", 1985, 3, 2, None),
        ("民國七十四年三月二日", 1985, 3, 2, None),
        ("一○七年五月一日", 2018, 5, 1, None),
        ("1070501", 2018, 5, 1, None),
        ("０５５０８１５", 1966, 8, 15, None),
        ("550815", 1966, 8, 15, None),
        ("19850302", 1985, 3, 2, None),
        ("198513", 1985, None, None, None),
        ("74.3.2", 1985, 3, 2, None),
        ("074/03/02", 1985, 3, 2, None),
        ("1985-03-02", 1985, 3, 2, None),
        ("1985-03-02T00:00:00", 1985, 3, 2, None),
        ("1985/3", 1985, 3, None, None),
        ("1985", 1985, None, None, None),
        ("1985.0", 1985, None, None, None),
        ("19850302.0", 1985, 3, 2, None),
        ("740302.0", 1985, 3, 2, None),
        ("西元1985年", 1985, None, None, None),
        ("民國74年", 1985, None, None, None),
        ("74年次", 1985, None, None, None),
        ("民74", 1985, None, None, None),
        ("民國前5年", 1907, None, None, None),
        ("1985-**-**", 1985, None, None, None),
        ("1985-02-30", 1985, 2, None, None),
        ("25/12/1985", 1985, 12, 25, None),
        ("3/2/1985", 1985, None, None, None),
        ("約40歲", None, None, None, 40),
        ("四十多歲", None, None, None, 45),
        ("40歲左右", None, None, None, 40),
        ("大約四十歲", None, None, None, 40),
        ("約30", None, None, None, 30),
        ("3歲半", None, None, None, 3),
        ("8個月大", None, None, None, 0),
        ("about 40 years old", None, None, None, 40),
        ("40", None, None, None, None),
        ("不詳", None, None, None, None),
        ("", None, None, None, None),
        (None, None, None, None, None),
        (date(1985, 3, 2), 1985, 3, 2, None),
        ("9" * 10_000, None, None, None, None),
    ],
)
def test_a_birth_is_read_as_far_as_it_goes(typed, year, month, day, age):
    read = parse_birth(typed)
    assert (read.year, read.month, read.day, read.approximate_age) == (year, month, day, age)


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
