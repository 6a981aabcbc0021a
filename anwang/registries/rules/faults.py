"""What can be wrong with a cell, in words for the office that must correct it. No value is ever
echoed: a fault names the column, the rule and what class of thing stood there."""

import re
from dataclasses import dataclass
from typing import Final

from anwang.registries.rules.words import Words


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row is set aside. `line` counts as a person opening the file counts; the header is
    line 1.
    """

    line: int
    column: str
    rule: str
    value_class: str
    text: Words
    fix: Words


@dataclass(frozen=True, slots=True)
class RowNote:
    """A row that is good, with something to count: a number kept though its check digit is
    wrong.
    """

    column: str
    rule: str


@dataclass(frozen=True, slots=True)
class CellRule:
    """A rule that holds for every source; `{column}` is filled with the column's label."""

    text: Words
    fix: Words


CELL_RULES: Final[dict[str, CellRule]] = {
    "required-empty": CellRule(
        Words("「{column}」空白", "{column} is empty"),
        Words("請補上此欄", "Fill this column"),
    ),
    "date-unreadable": CellRule(
        Words("「{column}」不是可辨識的日期", "{column} is not a readable date"),
        Words("請用 YYYY-MM-DD 或民國年月日", "Write YYYY-MM-DD or an ROC date"),
    ),
    "date-impossible": CellRule(
        Words("「{column}」不存在這一天", "{column} is not a day of the calendar"),
        Words("請核對年月日", "Check year, month and day"),
    ),
    "code-unknown": CellRule(
        Words("「{column}」不在代碼表內", "{column} is not one of the codes"),
        Words("請改用說明書所列代碼", "Use a code listed in the manifest"),
    ),
    "number-unreadable": CellRule(
        Words("「{column}」不是整數", "{column} is not a whole number"),
        Words("請填整數", "Write a whole number"),
    ),
    "number-out-of-range": CellRule(
        Words("「{column}」超出範圍", "{column} is out of range"),
        Words("請核對數值", "Check the number"),
    ),
    "too-long": CellRule(
        Words("「{column}」過長", "{column} is too long"),
        Words("請縮短或檢查是否錯欄", "Shorten it, or check whether columns have shifted"),
    ),
    "control-characters": CellRule(
        Words(
            "「{column}」含控制字元或無法解讀的字",
            "{column} holds control or undecodable characters",
        ),
        Words("請重新匯出此列", "Export this row anew"),
    ),
    "id-invalid": CellRule(
        Words("「{column}」檢查碼不符", "{column} fails its check digit"),
        Words("請核對號碼", "Check the number"),
    ),
    "yes-no-unreadable": CellRule(
        Words("「{column}」不是是或否", "{column} is neither yes nor no"),
        Words("請填 true 或 false", "Write true or false"),
    ),
    # What a spreadsheet makes of cells: told apart, since the office mends it in its export.
    "spreadsheet-error": CellRule(
        Words("「{column}」是試算表的錯誤值", "{column} is an error of a spreadsheet"),
        Words("請修正公式後重新匯出", "Mend the formula and export it anew"),
    ),
    "date-serial": CellRule(
        Words("「{column}」是試算表的日期序號", "{column} is a spreadsheet's number of a day"),
        Words("請將此欄設為日期格式後重新匯出", "Format the column as a date and export it anew"),
    ),
    "number-scientific": CellRule(
        Words("「{column}」是科學記號", "{column} is in scientific notation"),
        Words(
            "請將此欄設為文字或整數格式後重新匯出",
            "Format the column as text or whole numbers and export it anew",
        ),
    ),
    "several-values": CellRule(
        Words("「{column}」有好幾個值", "{column} holds several values"),
        Words("請一列只填一個值", "Write one value a row"),
    ),
    "lost-characters": CellRule(
        Words("「{column}」的字已變成問號", "The characters of {column} became question marks"),
        Words("請改用 UTF-8 重新匯出", "Export it anew in UTF-8"),
    ),
    "row-width": CellRule(
        Words("欄數與標題列不同", "The row has another number of cells than the header"),
        Words("請檢查多出的逗號或引號", "Look for a stray comma or quotation mark"),
    ),
    "row-unreadable": CellRule(
        Words("此列無法解讀", "The row cannot be read"),
        Words("請重新匯出此列", "Export this row anew"),
    ),
    "repeated-key": CellRule(
        Words(
            "同一檔案中紀錄鍵重複，以最後一列為準", "The record key repeats; the last row counts"
        ),
        Words("請每鍵只送一列", "Send one row a key"),
    ),
}

# Faults of a row as a whole: there is no cell to write anew, so its office must send it again.
_OF_THE_ROW: Final = frozenset({"row-width", "row-unreadable", "repeated-key"})


def is_correctable(rule: str) -> bool:
    """Whether a row that broke `rule` can be mended cell by cell, or by another manifest."""
    return rule not in _OF_THE_ROW


_CLASSES: Final = (
    ("digits", re.compile(r"[0-9]+")),
    ("digits-and-marks", re.compile(r"[0-9\s./:-]+")),
    ("letters", re.compile(r"[A-Za-z\s]+")),
    ("letters-and-digits", re.compile(r"[A-Za-z0-9\s._-]+")),
)


def value_class(text: str) -> str:
    """What kind of thing stood there, with its length, and nothing of what it was: `digits(7)`."""
    if not text.strip():
        return "empty"
    for name, pattern in _CLASSES:
        if pattern.fullmatch(text):
            return f"{name}({len(text)})"
    return f"text({len(text)})"


def cell_fault(line: int, column: str, label: Words, rule: str, text: str) -> RowFault:
    """The fault of one cell under a rule of CELL_RULES."""
    words = CELL_RULES[rule]
    return RowFault(
        line=line,
        column=column,
        rule=rule,
        value_class=value_class(text),
        text=Words(words.text.zh.format(column=label.zh), words.text.en.format(column=label.en)),
        fix=words.fix,
    )
