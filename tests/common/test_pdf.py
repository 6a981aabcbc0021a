"""Documents as PDF: their own font in them, readable aloud, and nothing fetched from anywhere."""

import re
import zlib
from io import BytesIO
from urllib.request import OpenerDirector

from fontTools.ttLib import TTFont

from anwang.common.pdf import can_make_pdf, for_paper, pdf_of
from anwang.common.print_font import font_of, pieces

NAMES = "陳小安 Lalang‧Yukan‧Watan 撒韵·武荖 ŭ é 𠮷"
PAGE = (
    '<!doctype html><html lang="zh-Hant-TW"><head><title>家戶</title></head><body>{}</body></html>'
)


def test_this_machine_writes_pdf():
    assert can_make_pdf()


def test_the_font_of_a_document_has_its_signs_and_no_others():
    drawn = set(TTFont(BytesIO(font_of(NAMES))).getBestCmap())
    had = set().union(*(piece.signs for piece in pieces()))
    assert drawn == {ord(sign) for sign in NAMES} & had
    assert {ord(sign) for sign in "陳小安撒韵武荖‧ŭé"} <= drawn
    assert font_of("") and font_of("\U0010fffd")


def test_a_document_is_written_with_its_font_and_its_structure():
    written = pdf_of(PAGE.format(f"<h1>{NAMES}</h1>"))
    assert written.startswith(b"%PDF-")
    objects = b"".join(
        zlib.decompressobj().decompress(one)  # whose last byte may look like the end of a line
        for one in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", written, re.S)
    )
    for part in (b"/StructTreeRoot", b"/FontFile2", b"/Lang"):
        assert part in written + objects, part


def test_nothing_that_a_document_names_is_fetched(tmp_path, monkeypatch):
    opened: list[str] = []
    fetched = OpenerDirector.open

    def noting(self, request, *more, **named):
        opened.append(request.full_url)
        return fetched(self, request, *more, **named)

    monkeypatch.setattr(OpenerDirector, "open", noting)
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"never")
    links = "".join(
        f'<img alt="" src="{url}"><link rel="stylesheet" href="{url}">'
        for url in (secret.as_uri(), "http://192.0.2.1/x.png", "ftp://192.0.2.1/x", "/etc/hostname")
    )
    assert pdf_of(PAGE.format(links)).startswith(b"%PDF-")
    assert opened
    assert not [one for one in opened if not one.startswith("data:")]


def test_a_drawing_for_paper_has_no_halo_and_one_weight():
    svg = (
        '<svg width="9"><text font-weight="600" fill="#000" stroke="#ffffff" stroke-width="4"'
        ' stroke-linejoin="round" paint-order="stroke">Lalang\u2027Yukan</text></svg>'
    )
    assert for_paper(svg) == (
        '<svg font-family="Anwang Print" width="9"><text fill="#000">Lalang\u00b7Yukan</text></svg>'
    )
