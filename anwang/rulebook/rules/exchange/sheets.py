"""A table as a workbook: a sheet that says which table it is, its rows, and the codes that they may name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from anwang.rulebook.rules.drafts import Words
from anwang.rulebook.rules.exchange.carried import (
    HEAD,
    Carried,
    FileFault,
    FileUnreadable,
    Place,
    Put,
    cells_of,
    head_of,
    printable,
)
from anwang.rulebook.rules.exchange.read_ods import ReadCell, ReadSheet, read_workbook
from anwang.rulebook.rules.exchange.write_ods import WrittenSheet, letter_of, write_workbook
from anwang.rulebook.rules.loader import Doc
from anwang.rulebook.rules.written import FormColumn

ABOUT: Final = "說明"
RULES: Final = "規則"
CODES: Final = "代碼"
# The rules' sheet: codes of the columns, then their names for the reader, then the rows.
HEADS: Final = 2
_HINTS: Final = (
    "在「規則」這一頁改。條件空白表示不問這一欄，unknown 是「不明」。"
    "每一格可以寫什麼，見「代碼」這一頁。不要改第一列的欄名，也不要刪去欄。改好存成 .ods 再匯入。",
    "Edit the sheet 規則. An empty condition is not asked; unknown is an answer of its own. What a cell "
    "may say stands on the sheet 代碼. Leave the names in the first line, and take out no column. "
    "Save as .ods and import.",
)


def write_sheets(doc: Doc, columns: Sequence[FormColumn], made_from: str) -> bytes:
    """A (completed) table as an ODS file that LibreOffice opens."""
    return write_workbook([_about(doc, made_from), _rules(doc, columns), _codes(columns)])


def _about(doc: Doc, made_from: str) -> WrittenSheet:
    lines = [["欄 Line", "內容 Content", "說明", "In words"]]
    for line, text in head_of(doc, made_from).items():
        lines.append([line, text, HEAD[line]["zh"], HEAD[line]["en"]])
    return WrittenSheet(ABOUT, [*lines, [], ["", "", *_HINTS]])


def _rules(doc: Doc, columns: Sequence[FormColumn]) -> WrittenSheet:
    codes = [column.name for column in columns]
    names = [f"{column.label['zh']}\n{column.label['en']}" for column in columns]
    rows = [cells_of(row) for row in doc["rows"]]
    lines = [codes, names, *([row.get(code, "") for code in codes] for row in rows)]
    choices = {
        number: column.values for number, column in enumerate(columns, start=1) if column.values
    }
    return WrittenSheet(RULES, lines, HEADS, choices)


def _codes(columns: Iterable[FormColumn]) -> WrittenSheet:
    lines = [["欄 Column", "名稱", "Name", "可以寫 Can be", "代碼 Codes"]]
    for column in columns:
        hint = "\n".join(dict.fromkeys(text for text in column.hint.values() if text))
        codes = ", ".join(column.codes or column.values)
        lines.append([column.name, column.label["zh"], column.label["en"], hint, codes])
    return WrittenSheet(CODES, [[printable(one) for one in line] for line in lines])


def read_sheets(content: bytes) -> Carried:
    """The table in an ODS file. Raises FileUnreadable where it is none of ours."""
    book = read_workbook(content)
    missing = [name for name in (ABOUT, RULES) if name not in book]
    if missing:
        told = "、".join(f"「{name}」" for name in missing)
        raise FileUnreadable(
            f"這個檔案少了工作表{told}。請用這裡匯出的檔案改。",
            f"The file has no sheet {', '.join(missing)}. Begin with a file exported here.",
        )
    lines = sorted(book[RULES].items())
    columns, named, faults = _columns(lines[0] if lines else (1, {}))
    rows, at = [], []
    for number, cells in lines:
        if number <= HEADS:
            continue
        row: dict[str, Put] = {}
        for column, cell in cells.items():
            place = Place(RULES, str(number), letter_of(column))
            if column in named:
                row[named[column]] = Put(cell.text, place, cell.formula)
            else:
                faults.append(FileFault(place, _BESIDE, cell.text))
        rows.append(row)
        at.append(Place(RULES, str(number)))
    return Carried(_head(book[ABOUT]), columns, rows, at, tuple(faults))


_BESIDE: Final[Words] = {
    "zh": "這一格在欄名之外，不會被讀。請移到有欄名的那一欄，或清空。",
    "en": "This cell stands in no named column. Move it into one, or empty it.",
}
_TWICE: Final[Words] = {
    "zh": "這個欄名出現兩次。請留下一欄。",
    "en": "This name stands on two columns. Keep one of them.",
}


def _columns(
    line: tuple[int, Mapping[int, ReadCell]],
) -> tuple[dict[str, Place], dict[int, str], list[FileFault]]:
    """Code -> place, number -> code, and columns named twice."""
    number, cells = line
    columns: dict[str, Place] = {}
    named: dict[int, str] = {}
    faults: list[FileFault] = []
    for column, cell in cells.items() if number == 1 else ():
        code, place = cell.text, Place(RULES, "1", letter_of(column))
        if code in columns:
            faults.append(FileFault(place, _TWICE, code))
        else:
            columns[code] = place
        named[column] = code
    return columns, named, faults


def _head(sheet: ReadSheet) -> dict[str, Put]:
    head: dict[str, Put] = {}
    for number, cells in sorted(sheet.items()):
        line, value = cells.get(1), cells.get(2)
        if line is not None and line.text in HEAD:
            formula = value is not None and value.formula
            text = value.text if value is not None else ""
            head[line.text] = Put(text, Place(ABOUT, str(number), "B"), formula)
    return head
