"""When it happened, as reporters say it: 昨晚, 前天, 三天前, 3月1日, 115.3.1; a range of civil
days.
"""

import re
from datetime import date, datetime, timedelta
from typing import Final
from unicodedata import normalize

from anwang.common.values.roc_dates import TAIPEI, parse_birth

_LONGEST_LOOKED_AT: Final = 60
_FIGURES: Final = {"一": 1, "二": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8}
_DAYS_AGO: Final = re.compile(
    r"(\d{1,2}|[一二兩三四五六七八])\s*(天|日|週|周|個?禮拜|個?星期)(?:以)?前"
)
_MONTH_AND_DAY: Final = re.compile(r"(?<!\d)(\d{1,2})[月/.](\d{1,2})日?(?![\d./])")
_WHOLE_DATE: Final = re.compile(r"(?:民國)?\d{2,4}[年./-]\d{1,2}[月./-]\d{1,2}日?|\d{7,8}(?!\d)")
# Word -> (first, last) day relative to the day of receipt. A night reaches into the next day.
_WORDS: Final = (
    ("大前天", (-3, -3)),
    ("前天晚", (-2, -1)),
    ("前晚", (-2, -1)),
    ("前天", (-2, -2)),
    ("前日", (-2, -2)),
    ("昨晚", (-1, 0)),
    ("昨夜", (-1, 0)),
    ("昨天晚", (-1, 0)),
    ("昨", (-1, -1)),
    ("今", (0, 0)),
    ("剛", (0, 0)),
    ("凌晨", (0, 0)),
    ("上週末", (-9, -1)),
    ("上週", (-13, -1)),
    ("上周", (-13, -1)),
    ("上星期", (-13, -1)),
    ("上禮拜", (-13, -1)),
)

DayRange = tuple[date, date]


def occurred_days(text: object, received_at: datetime) -> DayRange | None:
    """(first, last) day in Taipei that `text` can mean, or None. `received_at` is aware.

    A day of the month without a year is the latest one not after the receipt. Never an error.
    """
    if not isinstance(text, str) or not text or len(text) > _LONGEST_LOOKED_AT:
        return None
    received_on = received_at.astimezone(TAIPEI).date()
    plain = normalize("NFKC", text).strip()
    if found := _WHOLE_DATE.search(plain):
        day = parse_birth(found.group()).as_date
        return (day, day) if day is not None and day <= received_on + timedelta(days=1) else None
    if found := _DAYS_AGO.search(plain):
        return _days_ago(found.group(1), found.group(2), received_on)
    for word, (first, last) in _WORDS:
        if word in plain:
            return received_on + timedelta(days=first), received_on + timedelta(days=last)
    if found := _MONTH_AND_DAY.search(plain):
        return _latest(int(found.group(1)), int(found.group(2)), received_on)
    return None


def _days_ago(figure: str, unit: str, received_on: date) -> DayRange:
    count = int(figure) if figure.isdecimal() else _FIGURES[figure]
    if unit in ("天", "日"):
        day = received_on - timedelta(days=count)
        return day, day
    middle = received_on - timedelta(weeks=count)
    return middle - timedelta(days=3), middle + timedelta(days=3)


def _latest(month: int, day: int, received_on: date) -> DayRange | None:
    for year in (received_on.year, received_on.year - 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= received_on:
            return found, found
    return None
