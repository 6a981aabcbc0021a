"""A table as a form writes it: its columns, and a row made of what was typed into their cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anwang.directory.listed import listed
from anwang.rulebook.rules.cells import InputSpec
from anwang.rulebook.rules.compare import RowDoc, flat_row
from anwang.rulebook.rules.drafts import GRAMMAR, Words
from anwang.rulebook.rules.loader import Doc
from anwang.rulebook.rules.tables import CONFIDENCES

MOST: Final = 2000
_SEVERAL: Final = re.compile(r"[\s,、，]+")
_DAY: Final = {"zh": "2026-03-02，空白表示沒有另定", "en": "2026-03-02; empty: not set apart"}
_WORDS: Final[Mapping[str, tuple[Words, Words]]] = {
    "text.zh": ({"zh": "說明（中文）", "en": "In words (Chinese)"}, {}),
    "text.en": ({"zh": "說明（英文）", "en": "In words (English)"}, {}),
    "citation": (
        {"zh": "法源", "en": "Law"},
        {"zh": "法條或指引；若為假定，請寫「假定」", "en": "Law or guide; if assumed, say so"},
    ),
    "confidence": (
        {"zh": "可信度", "en": "Confidence"},
        {"zh": "V 已讀法條，S 次要來源，D 推算，U 待確認",
         "en": "V law text read, S secondary source, D derived, U to be confirmed"},
    ),
    "valid_from": ({"zh": "這一列自", "en": "This row from"}, _DAY),
    "valid_to": ({"zh": "這一列到（不含）", "en": "This row until (not included)"}, _DAY),
    "county_may": (
        {"zh": "縣市可改的欄", "en": "Columns that a county may vary"},
        {"zh": "欄的代號，以逗號分開", "en": "Codes of columns, with commas between"},
    ),
    "replaces": (
        {"zh": "取代全國的哪一列", "en": "Stands for the national row"},
        {"zh": "全國表的列編號", "en": "Id of a national row"},
    ),
    "before": (
        {"zh": "放在全國哪一列之前", "en": "Goes before the national row"},
        {"zh": "全國表的列編號", "en": "Id of a national row"},
    ),
}  # fmt: skip
NEW_ROW: Final[RowDoc] = {
    "id": "", "when": {}, "then": {}, "text": {}, "citation": "", "confidence": "U"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FormColumn:
    """One cell of a row's form. `name` as in `flat_row`; `values` closes what may be chosen;
    `codes` are what an expression of this column may name."""

    name: str
    label: Words
    hint: Words
    values: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


def columns_of(doc: Doc, specs: Mapping[str, InputSpec], county: str | None) -> list[FormColumn]:
    """The columns of a (completed) table in the order in which a row is written."""
    columns = [FormColumn("id", {"zh": "編號", "en": "Id"}, {})]
    for name in doc["inputs"]:
        if name in specs:
            spec = specs[name]
            columns.append(
                FormColumn(f"when.{name}", spec.text, GRAMMAR[spec.kind], codes=spec.values)
            )
    for name, values in doc["outputs"].items():
        said = listed("outcomes").get(name, {"zh": name, "en": name})
        named: Words = {"zh": f"結果：{said['zh']}", "en": f"Outcome: {said['en']}"}
        columns.append(FormColumn(f"then.{name}", named, {}, tuple(map(str, values))))
    left_out = ("replaces", "before") if county is None else ("county_may",)
    for name, (label, hint) in _WORDS.items():
        if name not in left_out:
            values = tuple(sorted(CONFIDENCES)) if name == "confidence" else ()
            columns.append(FormColumn(name, label, hint, values))
    return columns


def begun_variation(national: RowDoc, county: str) -> dict[str, Any]:
    """A county's row that stands for a national one: as that one, its own words and law still to be said."""
    kept = {name: national.get(name) or {} for name in ("when", "then")}
    return {"id": f"{national['id']}-{county}", "replaces": str(national["id"]), **kept,
            "text": {}, "citation": "", "confidence": "U"}  # fmt: skip


def written_row(
    said: Mapping[str, str], before: RowDoc, columns: Sequence[FormColumn]
) -> dict[str, Any]:
    """`before` with its cells as typed. An empty cell, and a condition `-`, is left out.

    What no column shows stays; a cell that was not touched keeps its value to the letter.
    """
    row: dict[str, Any] = {
        name: dict(value) if isinstance(value, Mapping) else value for name, value in before.items()
    }
    was = flat_row(before)
    for column in columns:
        typed = " ".join(str(said.get(column.name, "")).split())[:MOST]
        if typed != " ".join(was.get(column.name, "").split()):
            _put(row, column.name, typed)
    return row


def _put(row: dict[str, Any], column: str, typed: str) -> None:
    name, _, part = column.partition(".")
    place: dict[str, Any] = row.setdefault(name, {}) if part else row
    last = part or name
    if not typed or (name == "when" and typed == "-"):
        place.pop(last, None)
        if column in ("id", "citation", "confidence"):
            row[column] = ""
    elif name == "county_may":
        row[name] = [one for one in _SEVERAL.split(typed) if one]
    else:
        place[last] = typed


def moved(rows: Sequence[RowDoc], place: int, by: int) -> list[RowDoc]:
    """The rows with one moved up (-1) or down (1); as they were where there is no room."""
    listed, there = list(rows), place + by
    if 0 <= place < len(listed) and 0 <= there < len(listed):
        listed[place], listed[there] = listed[there], listed[place]
    return listed
