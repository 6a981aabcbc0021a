"""XML of ours, written element by element by Django's generator, which escapes what it is given."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, cast

from django.utils.xmlutils import SimplerXMLGenerator

NONE: Mapping[str, str] = {}


class XmlWriter:
    """One document. With `lines` each element begins a line of its own, indented by its depth."""

    def __init__(self, *, lines: bool = False) -> None:
        self._stream = io.StringIO()
        self._xml = SimplerXMLGenerator(self._stream, "utf-8")
        self._lines, self._depth = lines, 0
        self._xml.startDocument()

    def begin(self, name: str, attrs: Mapping[str, str] = NONE) -> None:
        self._line()
        self._xml.startElement(name, cast(Any, dict(attrs)))
        self._depth += 1

    def end(self, *names: str) -> None:
        for name in names:
            self._depth -= 1
            self._line()
            self._xml.endElement(name)

    def whole(self, name: str, attrs: Mapping[str, str] = NONE, text: str = "") -> None:
        """An element that holds text alone, or nothing."""
        self._line()
        self._xml.startElement(name, cast(Any, dict(attrs)))
        self._xml.characters(text)
        self._xml.endElement(name)

    def text(self, text: str) -> None:
        self._xml.characters(text)

    def content(self) -> bytes:
        """The document, when all is ended."""
        return self._stream.getvalue().encode()

    def _line(self) -> None:
        if self._lines:
            self._xml.characters("\n" + " " * self._depth)
