"""XML from outside, read without what can be abused in it: no entities, no document type, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, cast

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from anwang.common.errors import AnwangError


class NotXml(AnwangError):
    """This is no XML, or XML with a document type or entities, which are refused."""


class Element(Protocol):
    """An element as the reader gives it; `tag` is `{namespace}name`."""

    tag: str
    text: str | None
    tail: str | None

    def get(self, key: str, default: str) -> str: ...
    def findall(self, path: str) -> list[Element]: ...
    def find(self, path: str) -> Element | None: ...
    def iter(self, tag: str | None = None) -> Iterator[Element]: ...
    def __iter__(self) -> Iterator[Element]: ...


def read_xml(content: bytes) -> Element:
    """The root element. Raises NotXml."""
    try:
        return cast(Element, fromstring(content, forbid_dtd=True))
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise NotXml(str(NotXml.__doc__)) from None
