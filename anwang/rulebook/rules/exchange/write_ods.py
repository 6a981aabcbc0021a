"""Workbooks in the OpenDocument format (.ods), written with their cells as text.

So LibreOffice keeps `= child-protection` as it was typed and makes no formula or date of it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from anwang.rulebook.rules.exchange.xml_writer import XmlWriter

MIMETYPE: Final = "application/vnd.oasis.opendocument.spreadsheet"
OASIS: Final = "urn:oasis:names:tc:opendocument:xmlns:"
_PREFIXES: Final = ("office", "table", "text", "style")
_SPACES: Final = re.compile(r"( {2,})")


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    """A sheet to write: lines of text. `heads` lines on top are bold and stay in sight, as does the
    first column; `choices`: column number from 1 -> what may be chosen below the heads."""

    name: str
    lines: Sequence[Sequence[str]]
    heads: int = 1
    choices: Mapping[int, Sequence[str]] = field(default_factory=dict)


def letter_of(column: int) -> str:
    """A column's letters as a spreadsheet shows them: 1 is A, 28 is AB."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def write_workbook(sheets: Sequence[WrittenSheet]) -> bytes:
    """The workbook as a file. The same sheets give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        parts = {
            "mimetype": MIMETYPE.encode(),
            "content.xml": _content(sheets),
            "settings.xml": _settings(sheets),
            "META-INF/manifest.xml": _manifest(),
        }
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            # Other programs know the kind of file by its first bytes: this one is not packed.
            plain = name == "mimetype"
            entry.compress_type = zipfile.ZIP_STORED if plain else zipfile.ZIP_DEFLATED
            book.writestr(entry, content)
    return packed.getvalue()


def _document(root: str) -> XmlWriter:
    spaces = {f"xmlns:{one}": f"{OASIS}{one}:1.0" for one in _PREFIXES}
    more = {
        "xmlns:fo": f"{OASIS}xsl-fo-compatible:1.0",
        "xmlns:number": f"{OASIS}datastyle:1.0",
        "xmlns:config": f"{OASIS}config:1.0",
        "office:version": "1.3",
    }
    xml = XmlWriter()
    xml.begin(root, spaces | more)
    return xml


def _content(sheets: Sequence[WrittenSheet]) -> bytes:
    xml = _document("office:document-content")
    _styles(xml)
    xml.begin("office:body")
    xml.begin("office:spreadsheet")
    _validations(xml, sheets)
    for sheet in sheets:
        _table(xml, sheet)
    xml.end("office:spreadsheet", "office:body", "office:document-content")
    return xml.content()


def _styles(xml: XmlWriter) -> None:
    xml.begin("office:automatic-styles")
    xml.begin("number:text-style", {"style:name": "text"})
    xml.whole("number:text-content")
    xml.end("number:text-style")
    for name, bold in (("plain", False), ("head", True)):
        family = {"style:name": name, "style:family": "table-cell", "style:data-style-name": "text"}
        xml.begin("style:style", family)
        xml.whole("style:table-cell-properties",
                  {"fo:wrap-option": "wrap", "style:vertical-align": "top"}
                  | ({"fo:background-color": "#eef1f4"} if bold else {}))  # fmt: skip
        if bold:
            xml.whole("style:text-properties", {"fo:font-weight": "bold"})
        xml.end("style:style")
    xml.begin("style:style", {"style:name": "wide", "style:family": "table-column"})
    xml.whole("style:table-column-properties", {"style:column-width": "5cm"})
    xml.end("style:style")
    xml.end("office:automatic-styles")


def _validations(xml: XmlWriter, sheets: Iterable[WrittenSheet]) -> None:
    chosen = [(sheet, column) for sheet in sheets for column in sheet.choices]
    if not chosen:
        return
    xml.begin("table:content-validations")
    for sheet, column in chosen:
        listed = ";".join(f'"{one}"' for one in sheet.choices[column])
        xml.begin("table:content-validation", {
            "table:name": _validation(sheet, column),
            "table:condition": f"of:cell-content-is-in-list({listed})",
            "table:allow-empty-cell": "true", "table:display-list": "unsorted",
        })  # fmt: skip
        xml.whole("table:error-message", {"table:display": "true", "table:message-type": "warning"})
        xml.end("table:content-validation")
    xml.end("table:content-validations")


def _validation(sheet: WrittenSheet, column: int) -> str:
    return f"{sheet.name}-{letter_of(column)}"


def _table(xml: XmlWriter, sheet: WrittenSheet) -> None:
    width = max((len(line) for line in sheet.lines), default=1)
    xml.begin("table:table", {"table:name": sheet.name})
    xml.whole("table:table-column", {
        "table:style-name": "wide", "table:default-cell-style-name": "plain",
        "table:number-columns-repeated": str(width),
    })  # fmt: skip
    for number, line in enumerate(sheet.lines):
        xml.begin("table:table-row")
        for column in range(1, width + 1):
            text = line[column - 1] if column <= len(line) else ""
            _cell(xml, sheet, column, text, head=number < sheet.heads)
        xml.end("table:table-row")
    _room_below(xml, sheet, width)
    xml.end("table:table")


def _cell(xml: XmlWriter, sheet: WrittenSheet, column: int, text: str, *, head: bool) -> None:
    attrs = {"table:style-name": "head" if head else "plain"}
    if not head and column in sheet.choices:
        attrs["table:content-validation-name"] = _validation(sheet, column)
    if not text:
        xml.whole("table:table-cell", attrs)
        return
    xml.begin("table:table-cell", attrs | {"office:value-type": "string"})
    for paragraph in text.split("\n"):
        xml.begin("text:p")
        for place, part in enumerate(_SPACES.split(paragraph)):
            if place % 2:
                xml.whole("text:s", {"text:c": str(len(part))})
            else:
                xml.text(part)
        xml.end("text:p")
    xml.end("table:table-cell")


def _room_below(xml: XmlWriter, sheet: WrittenSheet, width: int) -> None:
    """Empty rows as text cells with their choices, for rows to be added."""
    if not sheet.choices:
        return
    xml.begin("table:table-row", {"table:number-rows-repeated": "200"})
    for column in range(1, width + 1):
        _cell(xml, sheet, column, "", head=False)
    xml.end("table:table-row")


def _settings(sheets: Sequence[WrittenSheet]) -> bytes:
    """Heads and first columns stay in sight."""
    xml = _document("office:document-settings")
    xml.begin("office:settings")
    xml.begin("config:config-item-set", {"config:name": "ooo:view-settings"})
    xml.begin("config:config-item-map-indexed", {"config:name": "Views"})
    xml.begin("config:config-item-map-entry")
    xml.whole("config:config-item", {"config:name": "ViewId", "config:type": "string"}, "view1")
    xml.begin("config:config-item-map-named", {"config:name": "Tables"})
    for sheet in sheets:
        xml.begin("config:config-item-map-entry", {"config:name": sheet.name})
        split = {"HorizontalSplitMode": "2", "VerticalSplitMode": "2", "PositionLeft": "0",
                 "HorizontalSplitPosition": "1", "VerticalSplitPosition": str(sheet.heads),
                 "PositionRight": "1", "PositionTop": "0", "PositionBottom": str(sheet.heads),
                 "ActiveSplitRange": "3"}  # fmt: skip
        for name, value in split.items():
            kind = "short" if name.endswith(("Mode", "Range")) else "int"
            xml.whole("config:config-item", {"config:name": name, "config:type": kind}, value)
        xml.end("config:config-item-map-entry")
    xml.end("config:config-item-map-named", "config:config-item-map-entry",
            "config:config-item-map-indexed", "config:config-item-set", "office:settings",
            "office:document-settings")  # fmt: skip
    return xml.content()


def _manifest() -> bytes:
    xml = XmlWriter()
    xml.begin("manifest:manifest",
                     {"xmlns:manifest": f"{OASIS}manifest:1.0", "manifest:version": "1.3"})  # fmt: skip
    for path, kind in (("/", MIMETYPE), ("content.xml", "text/xml"), ("settings.xml", "text/xml")):
        xml.whole("manifest:file-entry",
                  {"manifest:full-path": path, "manifest:media-type": kind})  # fmt: skip
    xml.end("manifest:manifest")
    return xml.content()
