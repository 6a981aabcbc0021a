"""A table as DMN 1.3, the standard by which other decision engines and editors read it.

A row's words, law and confidence are rule annotations. Each cell is FEEL; beside it stands the cell
as it was written here, so that what nobody changed comes back to the letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from anwang.rulebook.rules.cells import InputSpec
from anwang.rulebook.rules.exchange.carried import NOTHING, cells_of, head_of
from anwang.rulebook.rules.exchange.feel import to_feel
from anwang.rulebook.rules.exchange.xml_writer import XmlWriter
from anwang.rulebook.rules.loader import Doc
from anwang.rulebook.rules.written import FormColumn

DMN: Final = "https://www.omg.org/spec/DMN/20191111/MODEL/"
OWN: Final = "urn:anwang:policy:1"
# Of a table that collects, the order of its rows is the order of its answers.
HIT_POLICIES: Final = {"first": "FIRST", "unique": "UNIQUE", "all": "RULE ORDER"}
_TYPES: Final = {"flag": "boolean", "number": "number", "choice": "string", "set": "codes"}


def _texted(xml: XmlWriter, name: str, text: str, attrs: Mapping[str, str] | None = None) -> None:
    """An element that holds its text in `<text>`, as DMN's expressions do."""
    xml.begin(name, attrs or {})
    xml.whole("text", text=text)
    xml.end(name)


def write_dmn(
    doc: Doc, columns: Sequence[FormColumn], specs: Mapping[str, InputSpec], made_from: str
) -> bytes:
    """A (completed) table as a DMN file. Raises CellError where a cell cannot be read."""
    xml = XmlWriter(lines=True)
    xml.begin("definitions", {
        "xmlns": DMN, "xmlns:anwang": OWN, "id": f"definitions-{doc['id']}", "name": _title(doc),
        "namespace": OWN, "exporter": "Anwang",
    })  # fmt: skip
    xml.begin("itemDefinition", {"name": "codes", "isCollection": "true"})
    xml.whole("typeRef", text="string")
    xml.end("itemDefinition")
    asked = [specs[name] for name in doc["inputs"] if name in specs]
    for spec in asked:
        xml.begin("inputData", {"id": f"input-{spec.name}", "name": spec.name})
        xml.whole("variable", {"name": spec.name, "typeRef": _TYPES[spec.kind]})
        xml.end("inputData")
    _decision(xml, doc, columns, asked, made_from)
    xml.end("definitions")
    return xml.content() + b"\n"


def _title(doc: Doc) -> str:
    text = doc.get("text") or {}
    return " / ".join(filter(None, (text.get("zh"), text.get("en")))) or str(doc["id"])


def _decision(
    xml: XmlWriter,
    doc: Doc,
    columns: Sequence[FormColumn],
    asked: Sequence[InputSpec],
    made_from: str,
) -> None:
    xml.begin("decision", {"id": doc["id"], "name": _title(doc)})
    xml.begin("extensionElements")
    for line, text in head_of(doc, made_from).items():
        xml.whole("anwang:head", {"line": line}, text)
    xml.end("extensionElements")
    for spec in asked:
        xml.begin("informationRequirement")
        xml.whole("requiredInput", {"href": f"#input-{spec.name}"})
        xml.end("informationRequirement")
    xml.begin("decisionTable", {"id": f"table-{doc['id']}", "hitPolicy": HIT_POLICIES[doc["hit"]]})
    for spec in asked:
        _input(xml, spec)
    for column in columns:
        if column.name.startswith("then."):
            _output(xml, column)
    notes = [column.name for column in columns if not column.name.startswith(("when.", "then."))]
    for name in notes:
        xml.whole("annotation", {"name": name})
    for number, row in enumerate(doc["rows"], start=1):
        _rule(xml, number, cells_of(row), columns, asked, notes)
    xml.end("decisionTable")
    xml.end("decision")


def _input(xml: XmlWriter, spec: InputSpec) -> None:
    xml.begin("input", {"id": f"column-{spec.name}", "label": spec.text.get("zh", spec.name)})
    _texted(xml, "inputExpression", spec.name, {"typeRef": _TYPES[spec.kind]})
    # Of several codes at once a list of allowed values would have to name every combination.
    if spec.kind == "choice":
        _texted(xml, "inputValues", _quoted(spec.values))
    xml.end("input")


def _output(xml: XmlWriter, column: FormColumn) -> None:
    name = column.name.partition(".")[2]
    xml.begin("output", {
        "id": f"outcome-{name}", "name": name, "label": column.label["zh"], "typeRef": "string",
    })  # fmt: skip
    if column.values:
        _texted(xml, "outputValues", _quoted(column.values))
    xml.end("output")


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f'"{code}"' for code in codes)


def _rule(
    xml: XmlWriter, number: int, cells: Mapping[str, str], columns: Sequence[FormColumn],
    asked: Sequence[InputSpec], notes: Sequence[str],
) -> None:  # fmt: skip
    xml.begin("rule", {"id": f"rule-{number}"})
    for spec in asked:
        cell = cells.get(f"when.{spec.name}", "")
        if cell:
            _texted(xml, "inputEntry", to_feel(cell, spec), {"anwang:cell": cell})
        else:
            _texted(xml, "inputEntry", "-")
    for column in columns:
        if column.name.startswith("then."):
            _texted(xml, "outputEntry", _outcome(cells.get(column.name, "")))
    for name in notes:
        _texted(xml, "annotationEntry", cells.get(name, ""))
    xml.end("rule")


def _outcome(text: str) -> str:
    return "null" if text == NOTHING else f'"{text}"' if text else ""
