"""Files from outside by what they are: a workbook, DMN, or neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from anwang.rulebook.rules.cells import InputSpec
from anwang.rulebook.rules.exchange.carried import Carried
from anwang.rulebook.rules.exchange.read_dmn import SpecsFor, read_dmn
from anwang.rulebook.rules.exchange.sheets import read_sheets, write_sheets
from anwang.rulebook.rules.exchange.write_dmn import write_dmn
from anwang.rulebook.rules.exchange.write_ods import MIMETYPE
from anwang.rulebook.rules.loader import Doc
from anwang.rulebook.rules.written import FormColumn

# Name of a format -> its kind of content. The name is also the end of a file's name.
FORMATS: Final = {"ods": MIMETYPE, "dmn": "application/xml"}
MOST_BYTES: Final = 2 * 1024 * 1024


def is_table(content: bytes) -> bool:
    """Whether the file could be a workbook or DMN, by its first bytes."""
    return content.startswith(b"PK") or content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def read_table_file(content: bytes, specs_for: SpecsFor) -> Carried:
    """What a workbook or DMN file holds. Raises FileUnreadable."""
    return read_sheets(content) if content.startswith(b"PK") else read_dmn(content, specs_for)


def write_table_file(
    kind: str, doc: Doc, columns: Sequence[FormColumn], specs: Mapping[str, InputSpec]
) -> bytes:
    """A (completed) table in one of FORMATS. Raises CellError where DMN cannot say a cell."""
    made_from = str(doc["version"])
    if kind == "dmn":
        return write_dmn(doc, columns, specs, made_from)
    return write_sheets(doc, columns, made_from)
