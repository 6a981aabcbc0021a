"""A table on its way to or from a file: text in named columns, each with the place where it stands.

Both formats carry the same: a head (which policy, which version) and rows of text. What comes back
is taken whole or not at all: every fault names its place and what to do, and with one there is no
body. The structure of a table (its columns, outcomes, way of hitting) is not changed by a file,
since the colleague who agrees to a version is shown rows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from anwang.common.errors import AnwangError
from anwang.rulebook.rules.compare import WORDS, RowDoc
from anwang.rulebook.rules.drafts import DraftFault, Words
from anwang.rulebook.rules.loader import Doc

MOST_ROWS: Final = 2000
MOST_CHARACTERS: Final = 2000
MOST_OF_NAME: Final = 40
# An outcome that a row leaves empty on purpose; an empty cell says nothing at all.
NOTHING: Final = "-"
# The head's lines, in the order in which they are written. Of these, a file may change CHANGEABLE.
HEAD: Final[Mapping[str, Words]] = {
    "policy": {"zh": "規則代號（不要改）", "en": "Policy (leave as it is)"},
    "county": {"zh": "縣市代碼，全國為空白（不要改）",
               "en": "County, empty for the nation (leave as it is)"},
    "version": {"zh": "版本名稱；已經用過時，匯入後另取", "en": "Version; renamed where it is taken"},
    "valid_from": {"zh": "這一版自哪一天", "en": "This version from"},
    "valid_to": {"zh": "這一版到哪一天（不含），可空白", "en": "Until (not included), may be empty"},
    "hit": {"zh": "first 第一列符合就停，all 收集所有符合的列（不要改）",
            "en": "first: stops at the first row that fits; all: collects (leave as it is)"},
    "text.zh": {"zh": "名稱（中文）", "en": "Name (Chinese)"},
    "text.en": {"zh": "名稱（英文）", "en": "Name (English)"},
    "made_from": {"zh": "由哪一版匯出（不要改）", "en": "Written from version (leave as it is)"},
}  # fmt: skip
CHANGEABLE: Final = ("version", "valid_from", "valid_to")
_SEVERAL: Final = re.compile(r"[\s,、，]+")
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: the sheet's name (or the decision's), the row and the column as a reader
    sees them (`5`, `C`); empty where it is about the whole."""

    sheet: str = ""
    row: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class FileFault:
    """One thing to mend in a file before it is taken. `written` is what stands there now."""

    place: Place
    text: Words
    written: str = ""


class FileUnreadable(AnwangError):
    """The file as a whole cannot be read; `words` say in both tongues what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.words: Words = {"zh": zh, "en": en}


@dataclass(frozen=True, slots=True)
class Put:
    """The text of one cell and where it stands. `formula`: the program computed it."""

    text: str
    place: Place
    formula: bool = False


@dataclass(frozen=True)
class Carried:
    """What a file holds: the head by its lines, the columns by their codes, the rows.

    `rows` have their cells by column, empty ones left out, and `at` the place of each row. `faults`
    are those of the file itself, found while reading it.
    """

    head: Mapping[str, Put]
    columns: Mapping[str, Place]
    rows: Sequence[Mapping[str, Put]]
    at: Sequence[Place]
    faults: Sequence[FileFault] = field(default_factory=tuple)

    @property
    def policy_id(self) -> str:
        """Which policy the file says that it is; empty where it does not."""
        return self._said("policy")

    @property
    def county(self) -> str | None:
        """Whose overlay it is, None for the nation's table."""
        return self._said("county") or None

    @property
    def made_from(self) -> str:
        """Name of the version that the file was written from; empty where it does not say."""
        return self._said("made_from")

    def _said(self, line: str) -> str:
        put = self.head.get(line)
        return put.text if put else ""


def head_of(doc: Doc, made_from: str) -> dict[str, str]:
    """The head's lines of a (completed) table, empty ones included."""
    text: Mapping[str, str] = doc.get("text") or {}
    said = {"policy": doc["id"], "county": doc.get("county"), "hit": doc["hit"],
            "version": doc["version"], "valid_from": doc.get("valid_from"),
            "valid_to": doc.get("valid_to"), "text.zh": text.get("zh"), "text.en": text.get("en"),
            "made_from": made_from}  # fmt: skip
    return {line: printable(str(said[line] or "")) for line in HEAD}


def cells_of(row: RowDoc) -> dict[str, str]:
    """A row as text by column, to the letter: an outcome empty on purpose is NOTHING."""
    cells = {"id": str(row.get("id", ""))}
    for group in ("when", "then", "text"):
        for name, value in (row.get(group) or {}).items():
            cells[f"{group}.{name}"] = NOTHING if value is None else str(value)
    for column in WORDS:
        if "." not in column and row.get(column):
            value = row[column]
            cells[column] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return {column: printable(text) for column, text in cells.items() if text}


def row_of(cells: Mapping[str, str]) -> dict[str, Any]:
    """The row that `cells_of` made these of."""
    row: dict[str, Any] = {"id": "", "when": {}, "then": {}, "text": {}}
    row |= {"citation": "", "confidence": ""}
    for column, text in cells.items():
        group, _, name = column.partition(".")
        if name:
            row[group][name] = None if group == "then" and text == NOTHING else text
        elif column == "county_may":
            row[column] = [one for one in _SEVERAL.split(text) if one]
        else:
            row[column] = text
    return row


def printable(text: str) -> str:
    """The text without characters that no XML file can hold."""
    return _NOT_IN_XML.sub("", text)


def body_of(carried: Carried, base: Doc, doc: Doc, columns: Sequence[str]) -> dict[str, Any]:
    """The draft that the file holds: its rows, and of the head what a file may change.

    `base` is the version that it stands on, `doc` the same completed with the nation's columns,
    `columns` the codes of a row's columns; what stands in others is a fault and left out.
    """
    body = dict(base)
    for line in CHANGEABLE:
        put = carried.head.get(line)
        if put and put.text:
            body[line] = put.text
        elif put and line == "valid_to" and body.get("valid_to"):
            body["valid_to"] = None
    rows = [
        row_of({name: put.text for name, put in row.items() if name in columns})
        for row in carried.rows
    ]
    return body | {"rows": [_as_short(row, base) for row in rows]}


def _as_short(row: dict[str, Any], base: Doc) -> dict[str, Any]:
    """The row without empty parts that its like in the base did not have either."""
    like = next((one for one in base.get("rows", ()) if _same(one, row)), None)
    return row if like is None else {k: v for k, v in row.items() if v or k in like}


def _same(one: RowDoc, other: RowDoc) -> bool:
    keys = ("id", "valid_from")
    return [str(one.get(key) or "") for key in keys] == [str(other.get(key) or "") for key in keys]


def shape_faults(
    carried: Carried, doc: Doc, columns: Sequence[str], labels: Mapping[str, Words]
) -> list[FileFault]:
    """Faults of the file beside its rows' content: a head that names something else, columns that
    are gone or strange, formulas, rows beyond what a table may have."""
    found = [*carried.faults, *_of_head(carried, doc), *_of_columns(carried, columns, labels)]
    if len(carried.rows) > MOST_ROWS:
        found.append(_fault(Place(), f"最多 {MOST_ROWS} 列。", f"{MOST_ROWS} rows at most."))
    for row in carried.rows:
        for put in row.values():
            if put.formula:
                found.append(FileFault(put.place, _FORMULA, put.text))
            elif len(put.text) > MOST_CHARACTERS:
                found.append(_fault(put.place, f"這一格太長，最多 {MOST_CHARACTERS} 字。",
                                    f"Too long: {MOST_CHARACTERS} characters at most."))  # fmt: skip
    return found


_FORMULA: Final[Words] = {
    "zh": "這一格成了公式。請把格式設為「文字」再輸入一次，或在最前面加一個 '。",
    "en": "This cell became a formula. Set its format to Text and type again, or begin with '.",
}


def _of_head(carried: Carried, doc: Doc) -> Iterable[FileFault]:
    for line, stands in head_of(doc, "").items():
        put = carried.head.get(line)
        if put is None or line in ("made_from", "policy", "county"):
            continue
        if line in ("valid_from", "valid_to") and not _is_day(put.text, line):
            yield _fault(put.place, "日期請寫成 2026-03-02。", "Write the date as 2026-03-02.", put)
        elif line == "version" and not 0 < len(put.text) <= MOST_OF_NAME:
            yield _fault(put.place, f"請寫版本名稱，最多 {MOST_OF_NAME} 字。",
                         f"Name the version, in {MOST_OF_NAME} characters at most.", put)  # fmt: skip
        elif line not in CHANGEABLE and put.text != stands:
            yield _fault(put.place, f"這一格不能用檔案改，請改回「{stands}」。",
                         f"A file does not change this. Write '{stands}' again.", put)  # fmt: skip


def _is_day(text: str, line: str) -> bool:
    if not text:
        return line == "valid_to"
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _of_columns(
    carried: Carried, columns: Sequence[str], labels: Mapping[str, Words]
) -> Iterable[FileFault]:
    for code, place in carried.columns.items():
        if code not in columns:
            yield FileFault(
                place,
                {"zh": "這張表沒有這一欄。請刪去這一欄，或改回原來的欄名。",
                 "en": "The table has no such column. Take it out, or write its name as it was."},
                code,
            )  # fmt: skip
    for code in columns:
        if code not in carried.columns:
            told = labels.get(code, {})
            yield _fault(
                Place(next((one.sheet for one in carried.columns.values()), "")),
                f"少了「{told.get('zh', code)}」（{code}）這一欄。請加回來；不用的欄讓它空白就好。",
                f"The column '{told.get('en', code)}' ({code}) is gone. Put it back; it may be empty.",
            )


def _fault(place: Place, zh: str, en: str, put: Put | None = None) -> FileFault:
    return FileFault(place, {"zh": zh, "en": en}, put.text if put else "")


def placed(fault: DraftFault, carried: Carried) -> FileFault:
    """A fault of the draft, told at the place in the file where it is to be mended."""
    if fault.place is None or fault.place >= len(carried.at):
        return FileFault(Place(), fault.text)
    row = carried.at[fault.place]
    put = carried.rows[fault.place].get(fault.column or "")
    if put is not None:
        return FileFault(put.place, fault.text, put.text)
    column = carried.columns.get(fault.column or "", Place()).column
    return FileFault(Place(row.sheet, row.row, column), fault.text)
