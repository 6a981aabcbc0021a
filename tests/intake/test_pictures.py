"""What an attachment is, by its content alone: capped in pixels, nothing of a name or a claim believed."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from anwang.intake.rules.pictures import CLEAN, MOST_PIXELS, SEALED, look_at


def png(width: int, height: int) -> bytes:
    """A PNG that says it is this large, with next to nothing inside."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_known_by_its_content(kind: str) -> None:
    found = look_at(picture(kind))
    assert found and found.state == CLEAN and found.media_type == f"image/{kind.lower()}"


@pytest.mark.parametrize("side", [8_000, 30_000, 60_000])
def test_a_small_file_that_opens_to_a_huge_picture_is_never_opened(side: int) -> None:
    assert side * side > MOST_PIXELS
    found = look_at(png(side, side))
    assert found is not None and found.state == SEALED and found.copy is None


@pytest.mark.parametrize(
    "content",
    [b"", b"MZ\x90\x00", b"<html><script>1</script>", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
     b"#!/bin/sh\n", b"PK\x03\x04" + b"\0" * 40, b"GIF89a" + b"\0" * 40, b"\x7fELF"],
)  # fmt: skip
def test_what_is_no_picture_and_no_document_is_not_taken(content: bytes) -> None:
    assert look_at(content) is None


def test_a_document_is_kept_and_never_opened() -> None:
    found = look_at(b"%PDF-1.7 <script>")
    assert found and found.state == SEALED and found.copy is None
