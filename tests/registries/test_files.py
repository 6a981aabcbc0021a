"""Files as offices send them: encodings, headers, broken rows. A held file gives no row at all."""

import datetime
import gzip
import io
import json
import zipfile

import pyarrow
import pytest
from pyarrow import parquet

from anwang.registries.rules.envelopes import Envelope, check_envelope, check_size, parse_envelope
from anwang.registries.rules.faults import RowFault
from anwang.registries.rules.files import FileRow, read_file, sha256_of
from anwang.registries.rules.held import FileHeld
from anwang.registries.rules.manifests import load_manifests

PEOPLE = load_manifests()["household-registration"]
HEAD = "record_key,name,birth_date,household_key,address\n"
ROWS = "R-1,陳小安,2018-05-01,H-7,範例路1段2號\nR-2,林美玉,1985-03-02,H-7,範例路1段2號\n"


@pytest.fixture
def read(tmp_path):
    def read_bytes(content: bytes, name: str = "people.csv", **asked):
        path = tmp_path / name
        path.write_bytes(content)
        opened = read_file(path, PEOPLE, **asked)
        rows = list(opened.rows)
        return opened, rows

    return read_bytes


def held(read, content: bytes, name: str = "people.csv", **asked) -> str:
    with pytest.raises(FileHeld) as refused:
        read(content, name, **asked)
    assert refused.value.zh and refused.value.en
    return refused.value.rule


@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("big5", "big5hkscs"),
    ],
)
def test_a_text_file_is_read_in_the_encoding_it_was_written_in(read, codec, found):
    opened, rows = read((HEAD + ROWS).encode(codec))
    assert opened.encoding == found
    assert [row.cells["name"] for row in rows] == ["陳小安", "林美玉"]
    assert [row.line for row in rows] == [2, 3]


def test_hkscs_characters_survive_big5(read):
    _, rows = read((HEAD + "R-1,李𨋢嘅,2018-05-01,H-7,深圳邨\n").encode("big5hkscs"))
    assert rows[0].cells["name"] == "李𨋢嘅"


def test_an_encoding_named_in_the_envelope_is_taken_at_its_word(read):
    opened, _ = read((HEAD + ROWS).encode("cp950"), encoding="CP950")
    assert opened.encoding == "cp950"
    assert held(read, (HEAD + ROWS).encode("big5"), encoding="UTF-8") == "encoding"
    assert held(read, b"x", encoding="EBCDIC") == "encoding-unknown"


def test_utf8_with_one_broken_place_is_held_and_not_taken_for_big5(read):
    content = (HEAD + ROWS).encode() + b"R-3,\xe9\x99,2018-05-01,H-7,x\n"
    assert held(read, content) == "encoding"


def test_bytes_of_no_encoding_are_held(read):
    assert held(read, HEAD.encode() + b"R-1,\xff\xfe\xff,,H-7,\n") == "encoding"


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("record_key,name\n", "header-missing"),
        ("name,household_key\n", "header-missing"),
        ("record_key,household_key,name,姓名\n", "header-repeated"),
        ("R-1,陳小安,2018-05-01\n", "header-none"),
        ("record_key,household_key,birthdate\n", "header-renamed"),
        ("record_key,household_key,national_id_no\n", "header-renamed"),
    ],
)
def test_a_wrong_header_holds_the_file(read, header, rule):
    assert held(read, (header + "a,b,c\n").encode()) == rule


def test_chinese_headers_other_delimiters_and_unknown_columns_are_read(read):
    opened, rows = read("紀錄鍵\t戶號\t姓名\t備註\nR-1\tH-7\t陳小安\t略\n".encode(), "people.tsv")
    assert opened.ignored == ("備註",)
    assert rows[0].cells == {"record_key": "R-1", "household_key": "H-7", "name": "陳小安"}


def test_a_row_of_another_width_is_one_fault_and_the_others_go_on(read):
    _, rows = read((HEAD + "R-1,陳小安,,H-7\n" + "R-2,林美玉,,H-7,x\n").encode())
    assert [type(row) for row in rows] == [RowFault, FileRow]
    assert (rows[0].line, rows[0].rule) == (2, "row-width")


def test_a_quotation_mark_never_closed_costs_one_row(read):
    broken = 'R-1,"陳小安,2018-05-01,H-7,x\n'
    _, rows = read((HEAD + broken + ROWS + 'R-9,"王,大",,H-7,"a\nb"\n').encode())
    assert [type(row).__name__ for row in rows] == ["RowFault", "FileRow", "FileRow", "FileRow"]
    assert [row.line for row in rows] == [2, 3, 4, 5]
    assert rows[3].cells["address"] == "a\nb"


def test_a_packed_file_is_read_and_a_cut_one_held(read):
    packed = gzip.compress((HEAD + ROWS).encode())
    _, rows = read(packed, "people.csv.gz")
    assert len(rows) == 2
    assert held(read, packed[:-12], "people.csv.gz") == "file-damaged"


def test_json_lines_give_numbers_and_truth_as_text_and_bad_lines_as_faults(read):
    lines = [
        json.dumps({"record_key": 1, "household_key": "H", "deleted": True, "name": None}),
        "{broken",
        json.dumps({"record_key": "2", "household_key": "H", "address": {"road": "x"}}),
    ]
    _, rows = read("\n".join(lines).encode(), "people.jsonl")
    assert rows[0].cells == {"record_key": "1", "household_key": "H", "deleted": "true"}
    assert [type(row).__name__ for row in rows[1:]] == ["RowFault", "RowFault"]
    assert [row.line for row in rows] == [1, 2, 3]


def test_parquet_days_come_as_iso_text(read):
    table = pyarrow.table(
        {
            "record_key": ["R-1", "R-2"],
            "household_key": ["H-7", None],
            "birth_date": [datetime.date(2018, 5, 1), None],
        }
    )
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    _, rows = read(sink.getvalue(), "people.parquet")
    assert rows[0].cells == {
        "record_key": "R-1",
        "household_key": "H-7",
        "birth_date": "2018-05-01",
    }
    assert rows[1].cells == {"record_key": "R-2"}
    assert held(read, b"PAR1 no", "people.parquet") == "file-damaged"


def test_a_parquet_file_whose_pages_are_spoilt_is_held_wherever_it_is_spoilt(read):
    """Its foot may be well: such a file once ended the fetch with an error of the library's."""
    keys = [f"R-{at % 7}" for at in range(400)]
    sink = io.BytesIO()
    parquet.write_table(pyarrow.table({"record_key": keys, "household_key": keys}), sink)
    whole = sink.getvalue()
    found = set()
    for at in range(4, len(whole) - 8, 11):
        spoilt = whole[:at] + bytes(one ^ 0xFF for one in whole[at : at + 4]) + whole[at + 4 :]
        try:
            read(spoilt, "people.parquet")
        except FileHeld as refused:
            found.add(refused.rule)
    assert "file-damaged" in found


def ods(*sheets: list[list[str]]) -> bytes:
    """The smallest ODS that holds the rows; one table a sheet."""
    tables = "".join(
        f'<table:table table:name="s{number}">'
        + "".join(
            "<table:table-row>"
            + "".join(
                '<table:table-cell office:value-type="string">'
                f"<text:p>{cell}</text:p></table:table-cell>"
                for cell in row
            )
            + "</table:table-row>"
            for row in sheet
        )
        + "</table:table>"
        for number, sheet in enumerate(sheets)
    )
    name = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{name}:office:1.0" '
        f'xmlns:table="{name}:table:1.0" xmlns:text="{name}:text:1.0" office:version="1.3">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{name}:manifest:1.0"/>',
        )
        book.writestr("content.xml", content)
    return out.getvalue()


def test_a_spreadsheet_gives_sheet_and_row_and_passes_over_a_sheet_of_notes(read):
    data = [["record_key", "戶號", "name"], ["R-1", "H-7", "陳小安"], ["R-2", "H-7"]]
    _, rows = read(ods([["說明", "請勿修改"]], data), "people.ods")
    assert [(row.sheet, row.line) for row in rows] == [("s1", 2), ("s1", 3)]
    assert rows[0].cells == {"record_key": "R-1", "household_key": "H-7", "name": "陳小安"}


def test_a_spreadsheet_with_empty_rows_and_columns_before_its_table_keeps_its_lines(read):
    data = [[""] * 4, ["", "record_key", "戶號", "name"], [""] * 4, ["", "R-1", "H-7", "陳小安"]]
    _, rows = read(ods(data), "people.ods")
    assert [(row.line, row.cells["record_key"]) for row in rows] == [(4, "R-1")]


def ods_of(rows: str, **manifest: str) -> bytes:
    """An ODS whose one table holds `rows` of XML."""
    name = "urn:oasis:names:tc:opendocument:xmlns"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("META-INF/manifest.xml", manifest.get("manifest", "<m/>"))
        book.writestr(
            "content.xml",
            f'{manifest.get("declared", "")}<o:document-content xmlns:o="{name}:office:1.0"'
            f' xmlns:t="{name}:table:1.0" xmlns:x="{name}:text:1.0"><o:body><o:spreadsheet>'
            f'<t:table t:name="資料">{HEADER}{rows}</t:table></o:spreadsheet></o:body>'
            "</o:document-content>",
        )
    return out.getvalue()


def ods_cell(text: str, attributes: str = 'o:value-type="string"') -> str:
    return f"<t:table-cell {attributes}><x:p>{text}</x:p></t:table-cell>"


HEADER = (
    "<t:table-row>"
    + "".join(map(ods_cell, ("record_key", "戶號", "name", "birth_date", "birth_year")))
    + "</t:table-row>"
)


def test_an_ods_gives_repeated_cells_and_rows_typed_values_and_no_comment(read):
    row = (
        '<t:table-row t:number-rows-repeated="2">'
        + ods_cell("R-1")
        + '<t:table-cell o:value-type="string" t:number-columns-repeated="2">'
        "<o:annotation><x:p>別看</x:p></o:annotation><x:p>陳<x:s/>安</x:p><x:p>二</x:p></t:table-cell>"
        + ods_cell("107年5月1日", 'o:value-type="date" o:date-value="2018-05-01"')
        + ods_cell("2,018", 'o:value-type="float" o:value="2018.0"')
        + '<t:table-cell t:number-columns-repeated="16000"/></t:table-row>'
        '<t:table-row t:number-rows-repeated="1048000"><t:table-cell/></t:table-row>'
    )
    _, rows = read(ods_of(row), "people.ods")
    assert [row.line for row in rows] == [2, 3]
    assert rows[0].cells == {
        "record_key": "R-1", "household_key": "陳 安\n二", "name": "陳 安\n二",
        "birth_date": "2018-05-01", "birth_year": "2018",
    }  # fmt: skip


def xlsx(rows: list[list[object]], **parts: str) -> bytes:
    """A workbook as openpyxl writes one, with parts put in place of its own."""
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as again:
        for name, text in parts.items():
            again.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return out.getvalue()


def test_an_xlsx_gives_days_numbers_and_truth_as_a_csv_would(read):
    data = [
        ["record_key", "戶號", "birth_date", "birth_year", "deleted"],
        ["R-1", 7.0, datetime.date(2018, 5, 1), 2018, True],
        [None] * 5,
        ["R-2", "H-7", None, None, False],
    ]
    _, rows = read(xlsx(data), "people.xlsx")
    assert [row.line for row in rows] == [2, 4]
    assert rows[0].cells == {
        "record_key": "R-1", "household_key": "7", "birth_date": "2018-05-01",
        "birth_year": "2018", "deleted": "true",
    }  # fmt: skip
    _, again = read(gzip.compress(xlsx(data)), "people.xlsx.gz")
    assert [row.cells for row in again] == [row.cells for row in rows]


def test_a_workbook_with_a_password_is_held_with_what_to_do(read):
    office = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert held(read, office + "EncryptedPackage".encode("utf-16-le"), "a.xlsx") == "file-locked"
    assert held(read, office, "a.xlsx") == "file-damaged"
    sealed = '<m><encryption-data checksum="x"/></m>'
    assert held(read, ods_of("", manifest=sealed), "a.ods") == "file-locked"


def test_a_workbook_that_is_broken_somewhere_is_held_and_not_read_in_part(read):
    whole = ods([["record_key", "戶號"], *([f"R-{no}", "H-7"] for no in range(5000))])
    assert len(read(whole, "a.ods")[1]) == 5000
    with zipfile.ZipFile(io.BytesIO(whole)) as book:
        content = book.read("content.xml")
    for wrong in (content[: len(content) // 2], content.replace(b"R-4000", b"R-4000</text:p>")):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
            book.writestr("META-INF/manifest.xml", "<m/>")
            book.writestr("content.xml", wrong)
        assert held(read, out.getvalue(), "a.ods") == "file-damaged"
    assert held(read, whole[: len(whole) // 2], "a.ods") == "file-damaged"
    packed = xlsx([["record_key", "戶號"]])
    assert held(read, packed[:-200], "a.xlsx") == "file-damaged"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_workbook_that_becomes_too_large_is_held_before_it_does(read):
    bomb = ods_of("<t:table-row/>" * (1 << 20))
    assert len(bomb) < 100_000
    assert held(read, bomb, "a.ods") == "file-too-large"
    filled = f'<t:table-row t:number-rows-repeated="9000000">{ods_cell("R-1")}</t:table-row>'
    assert held(read, ods_of(filled), "a.ods") == "file-too-large"
    wide = ods_cell("R", "t:number-columns-repeated='99999'")
    assert held(read, ods_of(f"<t:table-row>{wide}</t:table-row>"), "a.ods") == "file-too-large"
    assert held(read, xlsx([["record_key"]], big="0" * (16 << 20)), "a.xlsx") == "file-too-large"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_workbook_with_entities_or_a_document_type_is_held(read):
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    assert held(read, ods_of("", declared=laughs), "a.ods") == "file-damaged"
    assert held(read, ods_of("", declared="<!DOCTYPE x>"), "a.ods") == "file-damaged"
    sheet = f'{laughs}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    packed = xlsx([["record_key"]], xl__worksheets__sheet1_dot_xml=f"{sheet}&b;</worksheet>")
    assert held(read, packed, "a.xlsx") == "file-damaged"


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_memory_does_not_follow_the_length_of_a_sheet(tmp_path, kind):
    """Of its rows a few hundred at a time are there, as what is allocated at most shows."""
    import tracemalloc

    import openpyxl  # noqa: F401 - what it is made of is no row

    from demo.sources.sheets import write_workbook

    path = tmp_path / f"people.{kind}"
    columns = ["record_key", "household_key", "name", "address"]
    made = (
        {"record_key": f"R-{no}", "household_key": "H", "name": f"{no}" * 9} for no in range(4000)
    )
    write_workbook(path, kind, columns, made)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_file(path, PEOPLE).rows) == 4000
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 << 20


def test_a_spreadsheet_that_is_none_is_held(read):
    assert held(read, b"PK nothing", "people.xlsx") == "file-damaged"
    assert held(read, b"", "people.csv") == "file-empty"
    assert held(read, b"x", "people.pdf") == "format-unknown"


def test_an_envelope_is_read_and_what_differs_holds_the_file(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    digest = sha256_of(path)
    told = parse_envelope(
        json.dumps({"mode": "full", "rows": 2, "sha256": digest.upper(), "manifest_version": 1})
    )
    check_envelope(told, PEOPLE, sha256=digest)
    check_size(told, PEOPLE, rows=2, previous_rows=2)
    for rule, other in {
        "envelope-source": Envelope(source="elsewhere"),
        "manifest-version": Envelope(manifest_version=99),
        "sha256": Envelope(sha256="00"),
    }.items():
        with pytest.raises(FileHeld) as refused:
            check_envelope(other, PEOPLE, sha256=digest)
        assert refused.value.rule == rule


@pytest.mark.parametrize(
    ("rows", "mode", "rule"),
    [
        (90, "full", None),
        (89, "full", "row-count-collapse"),
        (1, "incremental", None),
    ],
)
def test_a_full_delivery_that_shrank_too_far_is_held(rows, mode, rule):
    envelope = Envelope(mode=mode)
    if rule is None:
        check_size(envelope, PEOPLE, rows=rows, previous_rows=100)
        return
    with pytest.raises(FileHeld) as refused:
        check_size(envelope, PEOPLE, rows=rows, previous_rows=100)
    assert refused.value.rule == rule


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"mode": "some"}', '{"rows": -1}', '{"delivered_at": "2026-03-02T10:00"}'],
)
def test_an_envelope_without_sense_holds_the_file(text):
    with pytest.raises(FileHeld):
        parse_envelope(text)
