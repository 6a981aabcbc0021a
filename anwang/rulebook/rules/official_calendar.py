"""The official calendar of a year (政府行政機關辦公日曆表), from the government's file to working days.

The file is CSV with 西元日期, 星期, 是否放假 (0 working, 2 rest) and 備註, in UTF-8 or Big5, a line
for each day. A year is taken whole: with a day missing, a duty could end on a day that nobody chose.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from anwang.rulebook.rules.calendar import WorkCalendar, package_calendar
from anwang.rulebook.rules.exchange.carried import FileFault, FileUnreadable, Place, printable
from anwang.rulebook.rules.loader import Doc

COLUMNS: Final = ("西元日期", "星期", "是否放假", "備註")
_WEEKDAYS: Final = "一二三四五六日"
_REST: Final = {"0": False, "2": True}
MOST_DAYS: Final = 366 * 5
NOTE_LENGTH: Final = 60


@dataclass(frozen=True, slots=True)
class OfficialDay:
    """Whether offices rest on a day, and what the calendar calls it."""

    rest: bool
    note: str = ""


def read_official_calendar(content: bytes) -> tuple[dict[date, OfficialDay], list[FileFault]]:
    """The days of one or more whole years, and every fault with its line and column.

    Raises FileUnreadable for what is no such file.
    """
    try:
        return _read(csv.DictReader(io.StringIO(_decoded(content), newline="")))
    except csv.Error:
        raise FileUnreadable(
            "這個檔案不是可以讀的 CSV。請另存成 UTF-8 的 CSV。",
            "This is no CSV that can be read. Save it as CSV in UTF-8.",
        ) from None


def _read(
    table: csv.DictReader[str],
) -> tuple[dict[date, OfficialDay], list[FileFault]]:
    named = [(name or "").strip() for name in table.fieldnames or ()]
    if missing := [name for name in COLUMNS[:3] if name not in named]:
        raise FileUnreadable(
            f"這不是辦公日曆（少了欄：{'、'.join(missing)}）。"
            "請用人事行政總處的 CSV 檔，或匯入 ODS、DMN 規則表。",
            f"This is no official calendar (no column {', '.join(missing)}). Take the CSV file of the "
            "Directorate-General of Personnel Administration, or an ODS or DMN table.",
        )
    table.fieldnames = named
    days: dict[date, OfficialDay] = {}
    faults: list[FileFault] = []
    for number, line in enumerate(table, start=2):
        if number > MOST_DAYS:
            raise FileUnreadable(
                "檔案太長，最多五年。", "The file is too long: five years at most."
            )
        if any((value or "").strip() for value in line.values() if not isinstance(value, list)):
            _take(line, number, days, faults)
    return days, faults or list(_incomplete(days))


def _decoded(content: bytes) -> str:
    for codec in ("utf-8-sig", "cp950"):
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            continue
    raise FileUnreadable(
        "檔案的文字編碼讀不出來。請存成 UTF-8 的 CSV。",
        "The file's encoding cannot be read. Save it as CSV in UTF-8.",
    )


def _take(
    line: Mapping[str, str | None], number: int, days: dict[date, OfficialDay],
    faults: list[FileFault],
) -> None:  # fmt: skip
    written, weekday, rest, note = ((line.get(name) or "").strip() for name in COLUMNS)

    def fault(column: int, zh: str, en: str, text: str) -> None:
        place = Place("", str(number), COLUMNS[column])
        faults.append(FileFault(place, {"zh": zh, "en": en}, text))

    try:
        day = date.fromisoformat(written.replace("/", "-"))
    except ValueError:
        fault(0, "日期請寫成 20280103。", "Write the day as 20280103.", written)
        return
    if day in days:
        fault(0, "這一天出現兩次，請留下一列。", "This day stands twice. Keep one line.", written)
    if weekday and weekday.removeprefix("星期") != _WEEKDAYS[day.weekday()]:
        meant = _WEEKDAYS[day.weekday()]
        fault(1, f"這一天是星期{meant}，請核對日期。",
              f"This day is a {day:%A}. Check the date.", weekday)  # fmt: skip
    if rest not in _REST:
        fault(2, "請寫 0（上班）或 2（放假）。", "Write 0 (working) or 2 (rest).", rest)
        return
    days[day] = OfficialDay(_REST[rest], printable(note)[:NOTE_LENGTH])


def _incomplete(days: Mapping[date, OfficialDay]) -> Iterable[FileFault]:
    if not days:
        yield FileFault(Place(), {"zh": "檔案裡沒有日子。", "en": "The file holds no day."})
    for year in sorted({day.year for day in days}):
        if gone := [day for day in _days_of(year) if day not in days]:
            yield FileFault(
                Place(),
                {"zh": f"{year} 年少了 {len(gone)} 天，第一天是 {gone[0]}。整年的每一天都要有一列。",
                 "en": f"{len(gone)} days of {year} are missing, first {gone[0]}. "
                       "Every day of the year needs its line."},
            )  # fmt: skip


def _days_of(year: int) -> Iterable[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days))


def body_with(base: Doc, days: Mapping[date, OfficialDay]) -> dict[str, Any]:
    """The calendar's content with these years put in the places of what stood there."""
    years = {str(day.year) for day in days}
    kept = {day: said for day, said in base["days"].items() if day[:4] not in years}
    new = {day.isoformat(): {"rest": one.rest, "note": one.note} for day, one in days.items()}
    return dict(base) | {"version": "-".join(sorted(years)), "days": kept | new}


def official_days(body: Doc) -> dict[date, OfficialDay]:
    """The days that a calendar's content names."""
    return {
        date.fromisoformat(day): OfficialDay(bool(said["rest"]), str(said.get("note", "")))
        for day, said in body["days"].items()
    }


def calendar_of(body: Doc) -> WorkCalendar:
    """Working days as a calendar's content says, and as computed where it says nothing."""
    return package_calendar().with_official(
        {day: one.rest for day, one in official_days(body).items()}
    )


@dataclass(frozen=True, slots=True)
class YearShown:
    """A year for the reader: how many days of rest, and those that a week alone does not tell."""

    year: int
    rest_days: int
    days_off: tuple[tuple[date, str], ...]
    working_weekends: tuple[tuple[date, str], ...]

    @property
    def roc_year(self) -> int:
        """The year of the Republic."""
        return self.year - 1911


def years_shown(body: Doc) -> list[YearShown]:
    """Each year that the content names, the latest first."""
    days = official_days(body)
    resting = Counter(day.year for day, one in days.items() if one.rest)
    return [
        YearShown(
            year,
            resting[year],
            tuple((d, one.note) for d, one in sorted(days.items())
                  if d.year == year and one.rest and d.weekday() < 5),
            tuple((d, one.note) for d, one in sorted(days.items())
                  if d.year == year and not one.rest and d.weekday() >= 5),
        )
        for year in sorted({day.year for day in days}, reverse=True)
    ]  # fmt: skip


def changed_days(before: Doc, body: Doc) -> list[tuple[date, OfficialDay]]:
    """Days on which two contents say otherwise, as the second says them, in order.

    A day that one of them leaves out is as computed there: so it is when an import is undone.
    """
    former, later, named = calendar_of(before), calendar_of(body), official_days(body)
    return [
        (day, named.get(day, OfficialDay(later.is_rest_day(day))))
        for day in sorted({*official_days(before), *named})
        if former.is_rest_day(day) != later.is_rest_day(day)
    ]
