"""Rows as a workbook, XLSX or ODS: text cells only, a row at a time, so that a county's rows fit."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from demo.registries import Row

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_NAMES = "urn:oasis:names:tc:opendocument:xmlns"
XLSX_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1"'
    f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="資料" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}  # fmt: skip
ODS_MANIFEST = (
    f'{_XML}<manifest:manifest xmlns:manifest="{_NAMES}:manifest:1.0" manifest:version="1.2">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    "</manifest:manifest>"
)


def write_workbook(path: Path, kind: str, columns: Sequence[str], rows: Iterator[Row]) -> None:
    """Write `rows` below their header; `kind` is xlsx or ods."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        if kind == "xlsx":
            for name, text in XLSX_PARTS.items():
                book.writestr(name, text)
            with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
                _lines(sheet, f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>', "</sheetData></worksheet>",
                       columns, rows, ("<row>", "</row>"), _xlsx_cell)  # fmt: skip
        else:
            book.writestr("mimetype", _ODS, zipfile.ZIP_STORED)
            book.writestr("META-INF/manifest.xml", ODS_MANIFEST)
            begin = (
                f'{_XML}<office:document-content xmlns:office="{_NAMES}:office:1.0"'
                f' xmlns:table="{_NAMES}:table:1.0" xmlns:text="{_NAMES}:text:1.0"'
                ' office:version="1.2"><office:body><office:spreadsheet><table:table table:name="資料">'
            )
            end = "</table:table></office:spreadsheet></office:body></office:document-content>"
            with book.open("content.xml", "w", force_zip64=True) as sheet:
                _lines(sheet, begin, end, columns, rows,
                       ("<table:table-row>", "</table:table-row>"), _ods_cell)  # fmt: skip


def _lines(
    out: IO[bytes], begin: str, end: str, columns: Sequence[str], rows: Iterator[Row],
    around: tuple[str, str], cell: Callable[[str], str],
) -> None:  # fmt: skip
    """One sheet: header and rows, each cell as the format wants it."""
    told = ([str(row.get(name) or "") for name in columns] for row in rows)
    out.write(begin.encode())
    for cells in chain([list(columns)], told):
        out.write((around[0] + "".join(map(cell, cells)) + around[1]).encode())
    out.write(end.encode())


def _xlsx_cell(text: str) -> str:
    return (
        f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
        if text
        else "<c/>"
    )


def _ods_cell(text: str) -> str:
    if not text:
        return "<table:table-cell/>"
    return (
        '<table:table-cell office:value-type="string">'
        f"<text:p>{escape(text)}</text:p></table:table-cell>"
    )
