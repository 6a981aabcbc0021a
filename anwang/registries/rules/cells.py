"""One cell of a delivered row: how each column type is read. Compiled once a manifest, run 23
million times.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final

from anwang.common.values.national_id import parse_id
from anwang.common.values.roc_dates import parse_birth
from anwang.registries.rules.manifests import Column

CellValue = str | int | bool
ReadCell = Callable[[str], CellValue]

_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00(?::00(?:\.0+)?)?")
_LOOKS_LIKE_A_DAY: Final = re.compile(
    r"\D*[0-9]{1,4}\D{1,2}[0-9]{1,2}\D{1,2}[0-9]{1,2}\D*|[0-9]{6,8}"
)
# A registry that names nothing before 1850: older days are typing slips. Later than 2150:
# placeholders.
_EARLIEST: Final = "1850-01-01"
_LATEST: Final = "2150-12-31"
# Tab and line breaks occur in addresses and do no harm; U+FFFD is what a wrong encoding leaves
# behind.
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd\ud800-\udfff]")
# What spreadsheets write in place of a value; an ASCII or full-width question mark is what a missing
# character becomes on export.
_SHEET_ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}
)
_LOST: Final = re.compile(r"[?？]{2,}[?？\s]*")
_SCIENTIFIC: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]{1,2}")
_BETWEEN: Final = re.compile(r"[;；、|/,，]")
# 1927 to 2119 as a spreadsheet counts days.
_SERIAL: Final = re.compile(r"[1-7][0-9]{4}(?:\.[0-9]+)?")
_YES: Final = frozenset({"true", "t", "yes", "y", "1", "是"})
_NO: Final = frozenset({"false", "f", "no", "n", "0", "否"})


class CellFault(Exception):
    """A cell breaks a rule of CELL_RULES; `rule` is its id."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class InvalidId(Exception):
    """A number fails its check; whether the row stands without it is the column's affair."""


def cell_reader(column: Column) -> ReadCell:
    """The function that reads this column's filled, stripped cells. It raises CellFault or
    InvalidId.
    """
    if column.type == "date":
        return read_date
    if column.type == "code":
        return _code_reader(column)
    if column.type == "national-id":
        return _read_id
    if column.type == "int":
        return _int_reader(column)
    if column.type == "yes-no":
        return _read_yes_no
    return _text_reader(column)


def told_apart(rule: str, text: str, read: ReadCell) -> str:
    """The rule that says best what is wrong with a cell that `read` refused under `rule`.

    Asked of refused cells alone, so that good ones cost nothing.
    """
    if text in _SHEET_ERRORS:
        return "spreadsheet-error"
    if rule in ("date-unreadable", "date-impossible") and _SERIAL.fullmatch(text):
        return "date-serial"
    if rule == "number-unreadable" and _SCIENTIFIC.fullmatch(text):
        return "number-scientific"
    if rule in ("date-unreadable", "code-unknown", "number-unreadable"):
        parts = [part.strip() for part in _BETWEEN.split(text)]
        if len(parts) > 1 and all(part and _reads(read, part) for part in parts):
            return "several-values"
    return rule


def _reads(read: ReadCell, text: str) -> bool:
    try:
        read(text)
    except CellFault:
        return False
    return True


@lru_cache(maxsize=1 << 16)  # a century has 36,525 days, and a nation's rows repeat them
def read_date(text: str) -> str:
    """The day as ISO text.

    ISO first; then the ROC forms of `parse_birth`, if they give a whole day (115.03.02, 1150302,
    民國115年3月2日). A Gregorian year has four figures, so 03/04/2026 is unreadable rather than
    guessed.
    """
    if _ISO.fullmatch(text):
        return _in_range(_calendar_day(text))
    midnight = _ISO_TIME.fullmatch(text)
    if midnight:
        return _in_range(_calendar_day(midnight[1]))
    parsed = parse_birth(text)
    if parsed.year is None or parsed.month is None or parsed.day is None:
        raise CellFault(
            "date-impossible" if _LOOKS_LIKE_A_DAY.fullmatch(text) else "date-unreadable"
        )
    return _in_range(_calendar_day(f"{parsed.year:04d}-{parsed.month:02d}-{parsed.day:02d}"))


def _calendar_day(iso: str) -> str:
    try:
        date.fromisoformat(iso)
    except ValueError:
        raise CellFault("date-impossible") from None
    return iso


def _in_range(iso: str) -> str:
    if not _EARLIEST <= iso <= _LATEST:
        raise CellFault("date-impossible")
    return iso


def _text_reader(column: Column) -> ReadCell:
    longest = column.max_length or 4000

    def read(text: str) -> str:
        if len(text) > longest:
            raise CellFault("too-long")
        if (not text.isprintable() and _CONTROL.search(text)) or "\ufffd" in text:
            raise CellFault("control-characters")
        if text[0] in "?？#":
            _check_whole(text)
        return text

    return read


def _check_whole(text: str) -> None:
    """A text that is nothing but what was lost on the way. Raises CellFault."""
    if text in _SHEET_ERRORS:
        raise CellFault("spreadsheet-error")
    if _LOST.fullmatch(text):
        raise CellFault("lost-characters")


def _code_reader(column: Column) -> ReadCell:
    known = {spelling: one.code for one in column.codes for spelling in (one.code, *one.also)}

    def read(text: str) -> str:
        try:
            return known[text]
        except KeyError:
            raise CellFault("code-unknown") from None

    return read


def _read_id(text: str) -> str:
    parsed = parse_id(text)
    if not parsed.valid:
        raise InvalidId
    return parsed.normal


def _int_reader(column: Column) -> ReadCell:
    least = column.least if column.least is not None else -(2**31)
    most = column.most if column.most is not None else 2**31

    def read(text: str) -> int:
        if not (text.isascii() and text.removeprefix("-").isdigit()) or len(text) > 12:
            raise CellFault("number-unreadable")
        number = int(text)
        if not least <= number <= most:
            raise CellFault("number-out-of-range")
        return number

    return read


def _read_yes_no(text: str) -> bool:
    lowered = text.lower()
    if lowered in _YES:
        return True
    if lowered in _NO:
        return False
    raise CellFault("yes-no-unreadable")
