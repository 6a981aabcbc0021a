"""Workbooks in the OpenDocument format (.ods), read cell by cell.

What is read is held to a size: a few bytes of such a file can claim millions of cells.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from anwang.rulebook.rules.exchange.carried import FileUnreadable
from anwang.rulebook.rules.exchange.safe_xml import Element, NotXml, read_xml
from anwang.rulebook.rules.exchange.write_ods import MIMETYPE, OASIS

MOST_BYTES: Final = 16 * 1024 * 1024  # of the content when unpacked; ours have some 200 kB
MOST_COLUMNS: Final = 256
MOST_LINES: Final = 4096


def _name(prefix: str, local: str) -> str:
    return f"{{{OASIS}{prefix}:1.0}}{local}"


@dataclass(frozen=True, slots=True)
class ReadCell:
    """One filled cell: its text (of a number or a day, what stands behind the display)."""

    text: str
    formula: bool = False


# Line number from 1 -> column number from 1 -> cell; empty lines and cells are left out.
ReadSheet = Mapping[int, Mapping[int, ReadCell]]


def read_workbook(content: bytes) -> dict[str, ReadSheet]:
    """Sheet name -> its filled cells. Raises FileUnreadable."""
    try:
        root = read_xml(_unpacked(content))
    except (NotXml, zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, EOFError):
        raise FileUnreadable(
            "這個檔案不是可以讀的 ODS 試算表（可能損壞、加了密碼，或是 Excel 檔）。"
            "請在 LibreOffice 另存為 .ods。",
            "This is no ODS spreadsheet that can be read (damaged, with a password, or of Excel). "
            "Save it as .ods in LibreOffice.",
        ) from None
    return {
        str(table.get(_name("table", "name"), "")): _read_sheet(table)
        for table in root.iter(_name("table", "table"))
    }


def _unpacked(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        with packed.open("mimetype") as file:
            if file.read(200).strip() != MIMETYPE.encode():
                raise KeyError("mimetype")
        with packed.open("content.xml") as file:
            found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise _too_large()
    return found


def _too_large() -> FileUnreadable:
    return FileUnreadable(
        "這個檔案太大，不像一張規則表。請用匯出的檔案改。",
        "The file is too large for a table of rules. Begin with the exported file.",
    )


def _read_sheet(table: Element) -> dict[int, dict[int, ReadCell]]:
    lines: dict[int, dict[int, ReadCell]] = {}
    number = 1
    for row in table.iter(_name("table", "table-row")):
        times = _times(row, "rows")
        if cells := _read_line(row):
            if times > MOST_LINES or len(lines) > MOST_LINES:
                raise _too_large()
            lines |= {number + more: cells for more in range(times)}
        number += times
    return lines


def _read_line(row: Element) -> dict[int, ReadCell]:
    cells: dict[int, ReadCell] = {}
    number = 1
    for cell in row:
        if cell.tag in (_name("table", "table-cell"), _name("table", "covered-table-cell")):
            times = _times(cell, "columns")
            if (read := _read_cell(cell)) is not None:
                if number + times > MOST_COLUMNS:
                    raise _too_large()
                cells |= {number + more: read for more in range(times)}
            number += times
    return cells


def _times(element: Element, what: str) -> int:
    said = element.get(_name("table", f"number-{what}-repeated"), "1")
    return max(1, int(said)) if said.isdecimal() and len(said) < 10 else 1


def _read_cell(cell: Element) -> ReadCell | None:
    kind = cell.get(_name("office", "value-type"), "")
    formula = bool(cell.get(_name("table", "formula"), ""))
    if kind in ("float", "percentage", "currency"):
        text = _plain_number(cell.get(_name("office", "value"), ""))
    elif kind == "date":
        text = cell.get(_name("office", "date-value"), "").removesuffix("T00:00:00")
    elif kind == "boolean":
        text = cell.get(_name("office", "boolean-value"), "")
    else:
        # Notes on a cell have paragraphs too: only the cell's own count.
        text = "\n".join(_flowing(one) for one in cell.findall(_name("text", "p"))).strip()
        text = text or cell.get(_name("office", "string-value"), "").strip()
    return ReadCell(text, formula) if text or formula else None


def _plain_number(said: str) -> str:
    """2.0 as 2, as it was typed."""
    try:
        number = float(said)
    except ValueError:
        return said
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else said


def _flowing(element: Element) -> str:
    """The text of a paragraph, with what the format says by elements put back in."""
    told = element.text or ""
    for child in element:
        if child.tag == _name("text", "s"):
            count = child.get(_name("text", "c"), "1")
            told += " " * min(int(count) if count.isdecimal() else 1, 100)
        elif child.tag == _name("text", "tab"):
            told += "\t"
        elif child.tag == _name("text", "line-break"):
            told += "\n"
        elif child.tag != _name("office", "annotation"):
            told += _flowing(child)
        told += child.tail or ""
    return told
