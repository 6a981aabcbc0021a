"""Tables as files: what goes out comes back to the letter, and a wrong cell is named by its place."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from anwang.rulebook.rules.cells import CellError, InputSpec, parse_cell
from anwang.rulebook.rules.exchange.carried import FileUnreadable, cells_of, row_of, shape_faults
from anwang.rulebook.rules.exchange.feel import from_feel, same_meaning, to_feel
from anwang.rulebook.rules.exchange.files import FORMATS
from anwang.rulebook.rules.exchange.read_ods import MOST_LINES, read_workbook
from anwang.rulebook.rules.exchange.safe_xml import NotXml, read_xml
from anwang.rulebook.rules.exchange.write_ods import WrittenSheet, letter_of, write_workbook
from tests.rulebook.exchanging import (
    back,
    columns,
    described,
    read,
    repacked,
    retyped,
    shipped,
    whole,
    written,
)

GRADE = ("triage.grade", None)
FLAG = InputSpec("f", "flag", (), {})
CODE = InputSpec("c", "choice", ("a-b", "c.d", "e"), {})
NUMBER = InputSpec("n", "number", (), {})
CODES = InputSpec("s", "set", ("a-b", "c.d", "e"), {})


def faults(content: bytes, body) -> list[tuple[str, str, str, str]]:
    """(sheet, row, column, what stands there) of the file's own faults."""
    codes = [one.name for one in columns(body)]
    found = shape_faults(read(content), whole(body), codes, {})
    return [(one.place.sheet, one.place.row, one.place.column, one.written) for one in found]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", sorted(shipped(), key=str), ids=str)
def test_every_shipped_table_comes_back_to_the_letter(name, kind):
    body = shipped()[name]
    assert back(written(body, kind), body) == body


numbers = st.integers(-20, 200) | st.decimals(0, 20, places=2).map(lambda one: one.normalize())
codes = st.lists(st.sampled_from(CODES.values), min_size=1, max_size=3, unique=True)
ATOMS = {
    "flag": st.sampled_from(["yes", "no"]),
    "choice": codes.map(lambda found: f"in {{{', '.join(found)}}}")
    | st.sampled_from(CODE.values).map("= {}".format),
    "set": codes.map(lambda found: f"has any {{{','.join(found)}}}")
    | st.sampled_from(CODES.values).map("has {}".format),
    "number": st.builds("{} {:f}".format, st.sampled_from(["<", "<=", ">", ">=", "="]), numbers)
    | st.integers(0, 40).map("{0}..4{0}".format),
}


@st.composite
def cells(draw, specs=(FLAG, CODE, NUMBER, CODES)):
    spec = draw(st.sampled_from(specs))
    atom = ATOMS[spec.kind] | st.sampled_from(["unknown", "known"])
    parts = draw(st.lists(atom, min_size=1, max_size=3))
    return spec, draw(st.just("-") | st.just(" or ".join(parts)))


@given(cells())
def test_a_cell_means_the_same_in_feel_and_back(one):
    spec, cell = one
    assert same_meaning(from_feel(to_feel(cell, spec), spec), cell, spec)


@pytest.mark.parametrize(
    ("feel", "spec", "cell"),
    [
        ('"a-b","e"', CODE, "in {a-b, e}"),
        ("not( null )", FLAG, "known"),
        ("null,true", FLAG, "unknown or yes"),
        ("3, > 5", NUMBER, "= 3 or > 5"),
        ("[ 2 .. 5 ]", NUMBER, "2..5"),
        ('some x in ? satisfies list contains(["e","a-b"], x)', CODES, "has any {e, a-b}"),
    ],
)
def test_feel_of_other_editors_is_read(feel, spec, cell):
    assert from_feel(feel, spec) == cell


@pytest.mark.parametrize(
    ("feel", "spec"),
    [('"z"', CODE), ("date(\"2026-01-01\")", NUMBER), ('"a-b"', CODES), ("(2..5]", NUMBER), ("1 + 1", FLAG)],
)  # fmt: skip
def test_what_our_cells_cannot_say_is_no_cell(feel, spec):
    with pytest.raises(CellError):
        from_feel(feel, spec)


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40
)
said = words.map(lambda text: " ".join(text.split()))


@st.composite
def rows(draw):
    """A row of the table of grades, with whatever its author may have written."""
    when = draw(
        st.dictionaries(
            st.sampled_from(
                [n for n in shipped()[GRADE]["inputs"] if described()[n].kind == "flag"]
            ),
            st.sampled_from(["yes", "no", "-", "unknown", "known", "yes or unknown"]),
        )
    )
    row = {"id": draw(st.from_regex(r"[A-Z]-[0-9]{2}", fullmatch=True)), "when": when,
           "then": {"grade": draw(st.sampled_from(["1", "2", None]))},
           "text": {"zh": draw(said) or "字", "en": draw(said) or "x"},
           "citation": draw(said), "confidence": draw(st.sampled_from("VSDU"))}  # fmt: skip
    if draw(st.booleans()):
        row["valid_from"] = "2026-03-02"
    if draw(st.booleans()):
        row["county_may"] = ["grade", "injury"]
    return row


@pytest.mark.parametrize("kind", FORMATS)
@given(found=st.lists(rows(), min_size=1, max_size=4, unique_by=lambda row: row["id"]))
def test_any_draft_comes_back_to_the_letter(kind, found):
    body = shipped()[GRADE] | {"rows": found, "version": "2027 草案 <1>"}
    assert back(written(body, kind), body) == body


def test_a_row_is_the_same_after_cells_and_back():
    for body in shipped().values():
        for row in body["rows"]:
            assert row_of(cells_of(row)) == row


def test_another_program_reads_the_same_cells():
    body = shipped()[GRADE]
    book = CalamineWorkbook.from_filelike(io.BytesIO(written(body, "ods")))
    assert book.sheet_names == ["說明", "規則", "代碼"]
    lines = book.get_sheet_by_name("規則").to_python()
    assert lines[0] == [one.name for one in columns(body)]
    shown = [dict(zip(lines[0], line, strict=True)) for line in lines[2 : 2 + len(body["rows"])]]
    told = [{name: text for name, text in line.items() if text} for line in shown]
    assert told == [cells_of(row) for row in body["rows"]]


def test_an_edited_cell_comes_back_and_the_rest_stays():
    body = shipped()[GRADE]
    changed = back(retyped(written(body, "ods"), "= minor", "in {minor, serious}"), body)
    differing = [(a, b) for a, b in zip(body["rows"], changed["rows"], strict=True) if a != b]
    assert len(differing) == 1
    assert differing[0][1]["when"]["injury"] == "in {minor, serious}"


def test_faults_of_a_workbook_name_sheet_line_and_column():
    body = shipped()[GRADE]
    content = written(body, "ods")
    gone = repacked(content, lambda text: text.replace("<text:p>when.weapon</text:p>", ""))
    assert ("規則", "", "", "") in faults(gone, body)
    strange = repacked(content, lambda text: text.replace(">when.weapon<", ">when.tool<"))
    where = letter_of([one.name for one in columns(body)].index("when.weapon") + 1)
    assert ("規則", "1", where, "when.tool") in faults(strange, body)
    twice = repacked(content, lambda text: text.replace(">when.weapon<", ">when.injury<"))
    assert ("規則", "1", where, "when.injury") in faults(twice, body)
    computed = repacked(
        content,
        lambda text: text.replace(
            'table:style-name="plain"><text:p>= minor',
            'table:style-name="plain" table:formula="of:=minor"><text:p>#NAME?',
            1,
        ),
    )
    line = 3 + next(
        n for n, row in enumerate(body["rows"]) if row["when"].get("injury") == "= minor"
    )
    injury = letter_of([one.name for one in columns(body)].index("when.injury") + 1)
    assert faults(computed, body) == [("規則", str(line), injury, "#NAME?")]
    other = repacked(
        content, lambda text: text.replace("<text:p>first</text:p>", "<text:p>all</text:p>")
    )
    assert faults(other, body) == [("說明", "7", "B", "all")]


def test_a_file_does_not_change_what_a_table_may_do_by_itself():
    body = shipped()["triage.dispatch", None]
    for kind in FORMATS:
        assert back(written(body, kind), body)["automatic"] == body["automatic"]


def test_cells_are_read_as_they_were_typed_whatever_the_editor_made_of_them():
    book = write_workbook([WrittenSheet("a", [["one", "two  spaces", "2", "", "line\nline"]])])

    def as_libreoffice(text: str) -> str:
        noted = ('<table:table-cell office:value-type="float" office:value="2"><office:annotation>'
                 "<text:p>a note</text:p></office:annotation><text:p>2.00</text:p></table:table-cell>"
                 '<table:table-cell office:value-type="date" office:date-value="2026-03-02T00:00:00">'
                 "<text:p>115年3月2日</text:p></table:table-cell>"
                 '<table:table-cell table:number-columns-repeated="16000"/>')  # fmt: skip
        end = '</table:table-row><table:table-row table:number-rows-repeated="1048570"/></table:table>'
        return text.replace("</table:table-row></table:table>", noted + end)

    (sheet,) = read_workbook(repacked(book, as_libreoffice)).values()
    assert {column: cell.text for column, cell in sheet[1].items()} == {
        1: "one", 2: "two  spaces", 3: "2", 5: "line\nline", 6: "2", 7: "2026-03-02",
    }  # fmt: skip


@pytest.mark.parametrize(
    "claim",
    [
        f'<table:table-row table:number-rows-repeated="{MOST_LINES + 1}"><table:table-cell'
        ' office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>',
        '<table:table-row><table:table-cell table:number-columns-repeated="16384"'
        ' office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>',
    ],
)
def test_a_few_bytes_that_claim_millions_of_cells_are_refused(claim):
    book = write_workbook([WrittenSheet("a", [["one"]])])
    with pytest.raises(FileUnreadable, match="too large"):
        read_workbook(
            repacked(book, lambda text: text.replace("</table:table>", claim + "</table:table>"))
        )


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 broken", b"<a", b"no table", b"<html></html>"]
)
def test_what_is_no_such_file_is_told_so(content):
    with pytest.raises(FileUnreadable):
        read(content)


ENTITY = (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">'
          b'<!ENTITY b "bbbbbbbbbb">]><a>&e;&b;</a>')  # fmt: skip


@pytest.mark.parametrize("content", [ENTITY, ENTITY.replace(b"&e;&b;", b""), b"<a>", b"\xff\xfe"])
def test_xml_with_entities_or_a_document_type_is_refused(content):
    with pytest.raises(NotXml):
        read_xml(content)
    with pytest.raises(FileUnreadable):
        read(content)
    book = write_workbook([WrittenSheet("a", [["one"]])])
    with pytest.raises(FileUnreadable):
        read_workbook(repacked(book, lambda text: content.decode("latin-1")))


def test_of_an_edited_dmn_the_feel_counts_and_not_the_cell_beside_it():
    body = shipped()[GRADE]
    text = written(body, "dmn").decode()
    row = next(row for row in body["rows"] if row["when"].get("injury") == "= minor")
    edited = text.replace('<text>"minor"</text>', '<text>"serious", null</text>', 1)
    changed = next(one for one in back(edited.encode(), body)["rows"] if one["id"] == row["id"])
    assert changed["when"]["injury"] == "= serious or unknown"
    wrong = text.replace('<text>"minor"</text>', "<text>upper case(?)</text>", 1)
    ((sheet, line, column, stands),) = faults(wrong.encode(), body)
    assert (sheet, column, stands) == ("triage.grade", "when.injury", "upper case(?)")
    assert body["rows"][int(line) - 1]["id"] == row["id"]


def test_dmn_of_an_editor_that_drops_what_it_does_not_know_means_the_same():
    body = shipped()["triage.stream", None]
    bare = re.sub(r' anwang:cell="[^"]*"|<extensionElements>.*?</extensionElements>', "",
                  written(body, "dmn").decode(), flags=re.S)  # fmt: skip
    came = back(bare.encode(), body)
    for before, after in zip(body["rows"], came["rows"], strict=True):
        assert before.keys() == after.keys()
        for name in before["when"].keys() | after["when"].keys():
            one, other = before["when"].get(name, "-"), after["when"].get(name, "-")
            assert same_meaning(one, other, described()[name]), (before["id"], name)
            parse_cell(other, described()[name])
