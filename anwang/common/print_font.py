"""One small font for a document: the signs that stand in it, from the pieces of the pages' own font.

A browser takes of the hundred variable pieces what a page needs. A PDF wants one plain font, which then
lies in the file, so that it reads alike on every machine, rare signs of names included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

SHEET: Final = Path(__file__).parent / "static/vendor/noto-sans-tc/noto-sans-tc.css"
WEIGHT: Final = 400
_FACE: Final = re.compile(
    r"@font-face\s*\{[^}]*?url\(\.?/?(?P<file>[^)]+)\)[^}]*?unicode-range:\s*(?P<range>[^;}]+)"
)
# Of the font as a whole, in its units.
_EM: Final = 1000
_ASCENT: Final = 1160
_DESCENT: Final = -288
_NOTHING: Final = ".notdef"


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of the font and the code points it holds."""

    file: Path
    signs: frozenset[int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The outline of one sign and how far it advances."""

    outline: Any
    advance: int


# Code point -> its outline, None where no piece draws it. Grows with the signs that were ever printed.
_drawn: dict[int, Drawn | None] = {}


def font_of(text: str) -> bytes:
    """A TrueType font with the signs of `text`; those that no piece has are left to the system's fonts."""
    signs = sorted({ord(sign) for sign in text})
    _draw([sign for sign in signs if sign not in _drawn])
    found = {sign: one for sign in signs if (one := _drawn[sign]) is not None}
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder([_NOTHING, *(_name(sign) for sign in found)])
    builder.setupCharacterMap({sign: _name(sign) for sign in found})
    outlines = {_name(sign): one.outline for sign, one in found.items()}
    builder.setupGlyf({_NOTHING: TTGlyphPen(None).glyph()} | outlines)
    bearings = builder.font["glyf"].glyphs
    builder.setupHorizontalMetrics(
        {_NOTHING: (_EM, 0)}
        | {
            _name(sign): (one.advance, getattr(bearings[_name(sign)], "xMin", 0))
            for sign, one in found.items()
        }
    )
    builder.setupHorizontalHeader(ascent=_ASCENT, descent=_DESCENT)
    builder.setupNameTable({"familyName": "Anwang Print", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=_ASCENT, sTypoDescender=_DESCENT, usWinAscent=_ASCENT,
                     usWinDescent=-_DESCENT)  # fmt: skip
    builder.setupPost()
    into = BytesIO()
    builder.save(into)
    return into.getvalue()


@cache
def pieces() -> tuple[Piece, ...]:
    """The pieces as the style sheet of the font names them."""
    found = [
        Piece(SHEET.parent / one["file"], frozenset(_signs(one["range"])))
        for one in _FACE.finditer(SHEET.read_text(encoding="utf-8"))
    ]
    return tuple(sorted(found, key=lambda one: min(one.signs)))


def _signs(ranges: str) -> set[int]:
    found: set[int] = set()
    for one in ranges.replace("U+", "").split(","):
        first, _, last = one.strip().partition("-")
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return found


def _draw(signs: Iterable[int]) -> None:
    missing = set(signs)
    for piece in pieces():
        if wanted := missing & piece.signs:
            drawn = _drawn_in(piece, wanted)
            _drawn.update(drawn)
            missing -= drawn.keys()
    _drawn.update(dict.fromkeys(missing))


def _drawn_in(piece: Piece, signs: Iterable[int]) -> dict[int, Drawn]:
    """Outlines at the one weight that is printed; parts of composed signs are put in."""
    found = {}
    with TTFont(piece.file) as font:
        named = font.getBestCmap()
        glyphs = font.getGlyphSet(location={"wght": WEIGHT})
        for sign in signs:
            if sign in named:
                glyph, whole = glyphs[named[sign]], DecomposingRecordingPen(glyphs)
                pen = TTGlyphPen(None)
                glyph.draw(whole)
                whole.replay(pen)
                found[sign] = Drawn(pen.glyph(), round(glyph.width))
    return found


def _name(sign: int) -> str:
    return f"u{sign:05X}"
