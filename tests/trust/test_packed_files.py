"""The search for canaries reads what is packed: the same marks are found in a PDF and an archive."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from anwang.common.pdf import can_make_pdf, pdf_of
from tests.trust.canaries import MARKS, Canary, forms, marks_in
from tests.trust.packed_files import packed_in

SAFE = Canary(7).safe["safe_address"]
PAGE = '<!doctype html><html lang="zh-Hant"><head><title>{}</title>{}</head><body>{}</body></html>'
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
HIDING_PLACES = {
    "a line of the page": ("案家", "", "<p>{}</p>"),
    "a cell of a table": ("案家", "", "<table><tr><th>住</th></tr><tr><td>{}</td></tr></table>"),
    "the footer": ("案家", '<style>@page { @bottom-left { content: "{}" } }</style>', "<p>頁</p>"),
    "the title": ("{}", "", "<p>頁</p>"),
    "the author": ("案家", '<meta name="author" content="{}">', "<p>頁</p>"),
    "the keywords": ("案家", '<meta name="keywords" content="{}">', "<p>頁</p>"),
    "the words for a picture": ("案家", "", f'<p>頁</p><img alt="{{}}" src="{DOT}">'),
    "a bookmark": ("案家", "", "<h1>{}</h1>"),
    "where a link leads": ("案家", "", '<p><a href="https://example.invalid/{}">頁</a></p>'),
}  # fmt: skip
needs_pango = pytest.mark.skipif(not can_make_pdf(), reason="the writer of PDF needs Pango")


def paper(place: str, value: str) -> bytes:
    title, head, body = HIDING_PLACES[place]
    return pdf_of(PAGE.format(title, head, body).replace("{}", value))


def plainly(content: bytes) -> bool:
    return any(form in content for form in forms() if len(form) > 3)


@needs_pango
@pytest.mark.parametrize("place", HIDING_PLACES)
@pytest.mark.parametrize("kind", ["safe_address", "safe_phone"])
def test_a_mark_is_found_on_paper(place: str, kind: str) -> None:
    written = paper(place, Canary(7).safe[kind])
    assert not plainly(written), "the file says it without being opened: this test shows nothing"
    assert {one.partition(" as ")[0] for one in marks_in(written)} == {kind}
    assert marks_in(paper(place, "範例路2段")) == set()


@needs_pango
def test_a_mark_across_the_end_of_a_line_is_found() -> None:
    narrow = f'<p style="width: 2.2em; font-size: 20px">地址是{SAFE}</p>'
    assert marks_in(pdf_of(PAGE.format("案家", "", narrow)))


def test_a_mark_is_found_in_archives() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", "<p>頁</p>" * 50 + MARKS["safe_address"])
    assert not plainly(packed.getvalue())
    assert marks_in(packed.getvalue())
    assert marks_in(gzip.compress(packed.getvalue()))
    named = io.BytesIO()
    with zipfile.ZipFile(named, "w") as archive:
        archive.writestr(f"{MARKS['safe_times']}.txt", "頁")
    assert marks_in(named.getvalue())


def test_plain_bytes_hold_nothing_packed() -> None:
    assert list(packed_in(b"a plain page")) == []
