"""What lies packed inside a file: streams and texts of a PDF, members of an archive.

The texts of a PDF are compressed, and its letters are numbers of a font made for it alone; a search
of the file's bytes finds none of them. No reader of PDF is among our dependencies, so the little that
is needed stands here: streams, strings, and the tables by which a font's numbers are letters again.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator

DEEPEST = 4  # an archive in a PDF in an archive
MOST_BYTES = 64 << 20
_STREAM = re.compile(rb"stream\r?\n")
_HEX = re.compile(rb"<([0-9A-Fa-f\s]+)>")
_LITERAL = re.compile(rb"\(((?:[^()\\]|\\.)*)\)", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_CHARACTERS = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
_RANGES = re.compile(rb"beginbfrange(.*?)endbfrange", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f\s]*)>")
_RANGE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f]+)>|\[([^\]]*)\])")
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
Table = dict[bytes, str]


def packed_in(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """Everything that is packed in `content`, in its own bytes, however deep; nothing for plain bytes."""
    if depth >= DEEPEST:
        return
    for part in _parts(content):
        yield part
        yield from packed_in(part, depth + 1)


def _parts(content: bytes) -> Iterator[bytes]:
    if content[:1024].find(b"%PDF-") >= 0:
        yield from _of_pdf(content)
    elif content.startswith(b"PK\x03\x04"):
        yield from _of_zip(content)
    elif content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)


def _of_zip(content: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield archive.comment
        for member in archive.infolist():
            yield member.filename.encode() + member.comment + member.extra
            yield archive.read(member)


def _of_pdf(content: bytes) -> Iterator[bytes]:
    """Its streams, its strings (titles, names, what is read aloud), and the text of its pages."""
    plain = [content, *_inflated(content)]
    yield from plain[1:]
    yield b"\n".join(string for part in plain for string in _strings(part))
    yield text_of_pdf(plain).encode()


def _inflated(content: bytes) -> Iterator[bytes]:
    for start in _STREAM.finditer(content):
        with_rest = zlib.decompressobj()
        try:
            yield with_rest.decompress(content[start.end() :], MOST_BYTES)
        except zlib.error:
            continue  # not compressed this way: its bytes stand in the file as they are


def _strings(part: bytes) -> Iterator[bytes]:
    """Every string, its escapes resolved; those that say that they are UTF-16 as UTF-8."""
    found = [_unescaped(one) for one in _LITERAL.findall(part)]
    found += [_from_hex(one) for one in _HEX.findall(part)]
    for one in found:
        yield one[2:].decode("utf-16-be", "replace").encode() if one[:2] == b"\xfe\xff" else one


def _unescaped(literal: bytes) -> bytes:
    def meant(found: re.Match[bytes]) -> bytes:
        said = found[1]
        if said[:1] in b"01234567":
            return bytes([int(said, 8) & 255])
        return b"" if said == b"\n" else _LETTERS.get(said, said)

    return _ESCAPED.sub(meant, literal)


def _from_hex(digits: bytes) -> bytes:
    bare = re.sub(rb"\s", b"", digits).decode()
    return bytes.fromhex(bare + "0" * (len(bare) % 2))


def text_of_pdf(parts: list[bytes]) -> str:
    """The letters of all pages as each font of the file reads them, without breaks between.

    Which font shows which string is not followed: each table is tried on all of them, so nothing is
    missed, and what a wrong table makes of a string is no text of anybody.
    """
    tables = [table for part in parts if (table := _table(part))]
    shown = [part for part in parts if re.search(rb"\bT[jJ]\b", part)]
    return "\n".join(_read_by(table, part) for table in tables for part in shown)


def _read_by(table: Table, part: bytes) -> str:
    width = max(map(len, table))
    letters = []
    for found in re.finditer(rb"%s|%s" % (_HEX.pattern, _LITERAL.pattern), part, re.DOTALL):
        string = _from_hex(found[1]) if found[1] is not None else _unescaped(found[2])
        letters += [table.get(string[at : at + width], "") for at in range(0, len(string), width)]
    return "".join(letters)


def _table(part: bytes) -> Table:
    """A font's number -> letters, of a /ToUnicode stream; empty for any other part."""
    table: Table = {}
    for block in _CHARACTERS.findall(part):
        table |= {_from_hex(number): _letters(text) for number, text in _PAIR.findall(block)}
    for block in _RANGES.findall(part):
        for first, last, start, each in _RANGE.findall(block):
            numbers = range(int(first, 16), int(last, 16) + 1)
            texts = (
                [_letters(one) for one in _HEX.findall(each)] if each else _counted(start, numbers)
            )
            table |= {
                number.to_bytes(len(first) // 2, "big"): text
                for number, text in zip(numbers, texts, strict=False)
            }
    return table


def _letters(digits: bytes) -> str:
    return _from_hex(digits).decode("utf-16-be", "replace")


def _counted(start: bytes, numbers: range) -> list[str]:
    """Letters that follow one another from `start`, one for each number."""
    before, last = start[:-4], int(start[-4:], 16)
    return [_letters(before + f"{last + step:04x}".encode()) for step in range(len(numbers))]
