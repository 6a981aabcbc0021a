"""The official calendar as a file: a year is read whole, and a wrong line is named."""

from __future__ import annotations

import datetime as dt

import pytest

from anwang.rulebook.queries import CALENDAR
from anwang.rulebook.rules.exchange.carried import FileUnreadable
from anwang.rulebook.rules.official_calendar import (
    body_with,
    calendar_of,
    changed_days,
    read_official_calendar,
    years_shown,
)
from tests.rulebook.exchanging import calendar_csv


def test_a_year_is_read_in_either_encoding():
    content = calendar_csv(2028, d20280103="2", d20280108="0")
    days, faults = read_official_calendar(content)
    assert (len(days), faults) == (366, [])
    big5 = content.decode("utf-8-sig").encode("cp950")
    assert read_official_calendar(big5) == (days, [])
    body = body_with({"days": {"2027-01-01": {"rest": True, "note": ""}}, "id": CALENDAR}, days)
    assert len(body["days"]) == 367
    assert body["version"] == "2028"
    (shown, before) = years_shown(body)
    assert (before.year, before.roc_year) == (2027, 116)
    assert shown.days_off == ((dt.date(2028, 1, 3), "示範"),)
    assert shown.working_weekends == ((dt.date(2028, 1, 8), "示範"),)
    own = calendar_of(body)
    assert own.is_rest_day(dt.date(2028, 1, 3)) and not own.is_rest_day(dt.date(2028, 1, 8))
    assert own.assured_until == dt.date(2028, 12, 31)
    moved = dict(changed_days({"days": {}}, body))
    assert moved[dt.date(2028, 1, 3)].rest and not moved[dt.date(2028, 1, 8)].rest
    back = dict(changed_days(body, {"days": {}}))
    assert back.keys() == moved.keys(), "whoever undoes it sees the same days"
    assert not back[dt.date(2028, 1, 3)].rest and back[dt.date(2028, 1, 8)].rest


@pytest.mark.parametrize(
    ("old", "new", "line", "column"),
    [
        ("20280103,一,0,", "20281301,一,0,", "4", "西元日期"),
        ("20280103,一,0,", "20280102,日,2,", "4", "西元日期"),
        ("20280103,一,0,", "20280103,二,0,", "4", "星期"),
        ("20280103,一,0,", "20280103,一,1,", "4", "是否放假"),
        ("20280103,一,0,\r\n", "", "", ""),
    ],
)
def test_a_wrong_line_is_named_with_what_to_do(old, new, line, column):
    text = calendar_csv(2028).decode()
    assert old in text
    _, (fault,) = read_official_calendar(text.replace(old, new).encode())
    assert (fault.place.row, fault.place.column) == (line, column)
    assert fault.text["zh"] and fault.text["en"]


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"\xff\xff\xff", "西元日期,星期\n".encode()]
)
def test_what_is_no_calendar_is_told_so(content):
    with pytest.raises(FileUnreadable):
        read_official_calendar(content)
