"""Dates as Taiwan writes them: ROC years (Gregorian less 1911) on paper and screen, ISO in storage.

Read leniently (`parse_birth`), shown one way (`roc_date`). A wrong year hides a person from the
desk, so what cannot be read stays None and is never guessed.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from unicodedata import normalize
from zoneinfo import ZoneInfo

from anwang.common.values.figures import without_fraction

TAIPEI: Final = ZoneInfo("Asia/Taipei")
ROC_OFFSET: Final = 1911

_EARLIEST, _LATEST = 1860, 2150
_LONGEST_LOOKED_AT: Final = 64
_FIGURES: Final = "零一二三四五六七八九"
_DIGITS: Final = {sign: value for value, sign in enumerate(_FIGURES)} | {
    "〇": 0, "○": 0, "兩": 2, "壹": 1, "貳": 2, "參": 3, "肆": 4, "伍": 5, "陸": 6,
    "柒": 7, "捌": 8, "玖": 9,
}  # fmt: skip
_TENS: Final = {"十": 10, "拾": 10, "百": 100, "廿": 20, "卅": 30}
_NUMERAL: Final = re.compile("[" + "".join(_DIGITS) + "".join(_TENS) + "]+")
_AGE: Final = re.compile(
    r"(?:約|大約|大概|年約|年齡|今年|about|approx\.?|aged?|ca\.?|c\.)?\s*:?\s*(\d{1,3})\s*"
    r"(多|幾|餘|來|出頭)?\s*"
    r"(?:足?歲|years?(?:\s*old)?|y/?o\b)",
    re.IGNORECASE,
)
_DECADE_AGE: Final = re.compile(
    r"(?:約|大約|about)\s*(\d{1,3})(?:\s*(?:上下|左右))?\s*$", re.IGNORECASE
)
_MONTHS_OLD: Final = re.compile(r"(\d{1,2})\s*個?(?:多)?月大?")
_COMPACT: Final = re.compile(r"\d{6,8}")
_PARTS: Final = re.compile(
    r"(西元|公元|民國前|民前|民國|民|中華民國|roc|r\.o\.c\.)?\s*(\d{1,4})\s*(?:年次?生?|[-/.\s])?\s*"
    r"(?:(\d{1,2})\s*(?:月|[-/.\s])?\s*(?:(\d{1,2})\s*[日號]?)?)?"
)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_TIME_BEHIND: Final = re.compile(r"[t\s]+\d{1,2}:\d{2}.*$")
_HIDDEN: Final = re.compile(r"[*＊x×?？_]{1,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A day of birth as far as it is known: Gregorian `year`, `month`, `day`, or an age in years.

    `month` is None where `day` or `month` cannot be; `approximate_age` is set only where the text
    tells an age, counted on the day the text was written. `text` is what was typed.
    """

    year: int | None
    month: int | None
    day: int | None
    approximate_age: int | None
    text: str

    @property
    def as_date(self) -> date | None:
        """The day, where all of it is known."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return date(self.year, self.month, self.day)


def parse_birth(text: object) -> PartialDate:
    """Read a day of birth or an age: 民國107年5月1日, 1070501, 74.3.2, 1985-03-02, 74年次, 約40歲.

    Two- and three-digit years are ROC years; six or seven figures are ROC yymmdd or yyymmdd,
    eight are Gregorian. A bare number of one to three figures could be year or age and gives
    neither. Never an error.
    """
    if isinstance(text, datetime):
        text = text.date()
    if isinstance(text, date):
        return PartialDate(text.year, text.month, text.day, None, text.isoformat())
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text) if abs(text) < 10**9 else ""
    if not isinstance(text, str) or not text or len(text) > _LONGEST_LOOKED_AT:
        return PartialDate(None, None, None, None, text[:80] if isinstance(text, str) else "")
    return _parsed(text)


@lru_cache(maxsize=32768)
def _parsed(text: str) -> PartialDate:
    plain = without_fraction(normalize("NFKC", text)).strip()
    plain = _NUMERAL.sub(lambda found: _arabic(found.group()), plain).lower()
    if not plain.isascii() or not plain[:1].isdigit():
        age = _age(plain)
    else:
        age = _age(plain) if not plain[-1].isdigit() else None
    if age is not None:
        return PartialDate(None, None, None, age, text)
    return PartialDate(*_calendar_parts(_TIME_BEHIND.sub("", plain)), None, text)


def _arabic(numeral: str) -> str:
    """七十四 as 74, 一○七 as 107; longer runs of plain figures stay figures."""
    if not any(sign in _TENS for sign in numeral):
        return "".join(str(_DIGITS[sign]) for sign in numeral)
    total, pending = 0, 0
    for sign in numeral:
        if sign in _DIGITS:
            pending = _DIGITS[sign]
        elif sign in "廿卅":
            total, pending = total + _TENS[sign], 0
        else:
            total, pending = total + (pending or 1) * _TENS[sign], 0
    return str(total + pending)


def _age(plain: str) -> int | None:
    if found := _AGE.search(plain):
        years = int(found.group(1))
        if found.group(2) and found.group(2) != "出頭" and years % 10 == 0:
            years += 5  # 四十多歲: the middle of the decade
        return years if years <= 130 else None
    if found := _DECADE_AGE.match(plain):
        years = int(found.group(1))
        return years if years <= 130 else None
    if (found := _MONTHS_OLD.fullmatch(plain)) and ("個" in plain or "大" in plain):
        return int(found.group(1)) // 12
    return None


def _calendar_parts(plain: str) -> tuple[int | None, int | None, int | None]:
    plain = _HIDDEN.sub("0", plain) if re.search(r"[-/.年]", plain) else _HIDDEN.sub("00", plain)
    if _COMPACT.fullmatch(plain):
        return _compact(plain)
    if found := _DAY_FIRST.fullmatch(plain):
        first, second, year = (int(part) for part in found.groups())
        if first > 12 >= second:
            return _plausible(year, second, first)
        if second > 12 >= first:
            return _plausible(year, first, second)
        return _plausible(year, None, None)  # month or day first cannot be told
    found = _PARTS.match(plain)
    if not found or plain[found.end() :].strip(" .,日生出()"):
        return None, None, None
    era, year_text, month, day = found.groups()
    if era is None and len(year_text) < 3 and month is None and "年" not in plain:
        return None, None, None
    if era is None and len(year_text) == 3 and month is None and "年" not in plain:
        return None, None, None
    year = _gregorian(int(year_text), era, figures=len(year_text))
    return _plausible(year, int(month) if month else None, int(day) if day else None)


def _gregorian(year: int, era: str | None, *, figures: int) -> int:
    if era in ("民國前", "民前"):
        return ROC_OFFSET + 1 - year
    if era in ("西元", "公元"):
        return year
    if era is not None and year < 1000:
        return year + ROC_OFFSET
    return year if figures == 4 and year >= 1000 else year + ROC_OFFSET


def _compact(figures: str) -> tuple[int | None, int | None, int | None]:
    if len(figures) == 8 and figures[0] != "0":
        return _plausible(int(figures[:4]), int(figures[4:6]), int(figures[6:]))
    roc, month, day = int(figures[:-4]), int(figures[-4:-2]), int(figures[-2:])
    if len(figures) == 6 and not 1 <= month <= 12 and figures[:2] in ("19", "20"):
        return _plausible(int(figures[:4]), int(figures[4:]), None)  # 198503: year and month
    return _plausible(roc + ROC_OFFSET, month, day) if roc else (None, None, None)


def _plausible(
    year: int, month: int | None, day: int | None
) -> tuple[int | None, int | None, int | None]:
    """Drop what cannot be: a year out of range drops all, a month of 13 or a 30 February the
    rest.
    """
    if not _EARLIEST <= year <= _LATEST:
        return None, None, None
    if month is None or not 1 <= month <= 12:
        return year, None, None
    if day is None or not 1 <= day <= monthrange(year, month)[1]:
        return year, month, None
    return year, month, day


def roc_date(day: date) -> str:
    """`day` for a screen or form: 115.03.03; the year unpadded, before 1912 as 民國前N."""
    return roc_parts(day.year, day.month, day.day)


def roc_parts(year: int, month: int | None = None, day: int | None = None) -> str:
    """A Gregorian day as far as it is known, as `roc_date` shows a whole one: 74.03; 74年."""
    roc = year - ROC_OFFSET
    shown = str(roc) if roc > 0 else f"民國前{1 - roc}"
    if month is None:
        return f"{shown}年"
    return ".".join([shown, *(f"{part:02}" for part in (month, day) if part is not None)])


def roc_datetime(moment: datetime) -> str:
    """`moment` (aware) in Taipei time: 115.03.03 04:48. Raises ValueError if it carries no
    offset.
    """
    if moment.tzinfo is None:
        raise ValueError("A moment without an offset cannot be shown in Taipei time.")
    local = moment.astimezone(TAIPEI)
    return f"{roc_date(local.date())} {local:%H:%M}"


def end_of_day(day: date, now: datetime) -> datetime:
    """The instant at which `day` ended in Taipei; `now` for a day not yet over (decision 2)."""
    return min(datetime.combine(day + timedelta(days=1), time(0), TAIPEI), now)
