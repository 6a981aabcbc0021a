"""HTML as PDF, for what is printed or taken along. Nothing is fetched, from nowhere."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from html import unescape
from pathlib import Path
from typing import Final

FAMILY: Final = "Anwang Print"
SHEET: Final = Path(__file__).parent / "static/anwang/paper.css"
# One weight is in the file; a heavier one would be taken from whatever font the machine has.
_FONT: Final = """
@font-face {{ font-family: "{family}"; src: url("data:font/ttf;base64,{font}"); }}
* {{ font-family: "{family}"; font-weight: normal; }}
@page {{ font-family: "{family}"; }}
"""
# The paper behind a word, which the writer of PDF would put over it; and weights, as above.
_NOT_FOR_PAPER: Final = re.compile(
    r' stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
    r'| font-weight="\d+"'
)


@cache
def can_make_pdf() -> bool:
    """Whether this machine can: the writer needs Pango, which no Python package brings along."""
    try:
        import weasyprint  # noqa: F401 - which looks for the libraries of the system
    except OSError:
        return False
    return True


def for_paper(svg: str) -> str:
    """A drawing of ours as it goes into a document for `pdf_of`."""
    # In a drawing the writer lays each sign by itself, and would end the line after this one with a hyphen.
    plain = _NOT_FOR_PAPER.sub("", svg).replace("\u2027", "\u00b7")
    return plain.replace("<svg ", f'<svg font-family="{FAMILY}" ', 1)


def pdf_of(html: str) -> bytes:
    """A whole document of HTML with its own style, as PDF that tells its structure to readers aloud.

    Raises OSError where `can_make_pdf` says no.
    """
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    from anwang.common.print_font import font_of

    only_inline = URLFetcher(allowed_protocols=("data",))
    fonts = FontConfiguration()
    font = b64encode(font_of(unescape(html))).decode()
    style = SHEET.read_text(encoding="utf-8") + _FONT.format(family=FAMILY, font=font)
    sheet = CSS(string=style, font_config=fonts, url_fetcher=only_inline)
    document = HTML(string=html, url_fetcher=only_inline)
    written = document.write_pdf(
        stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1", pdf_tags=True
    )
    assert isinstance(written, bytes)  # no target was given, so the bytes are the answer
    return written
