"""In which encoding a text file was written: byte-order mark, then UTF-8, then Big5 with HKSCS.

Never guessed by likelihood. A file that is UTF-8 but for one broken place is held, not read as
Big5: that would turn every name in it to garbage without a single error.
"""

import codecs
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from anwang.registries.rules.held import FileHeld

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMED: Final = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "utf-16": "utf-16",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "cp950": "cp950",
}
# So many good characters in a row do not happen by chance in a Big5 file read as UTF-8.
_SURELY_UTF8: Final = 8
_STEP: Final = 1 << 20


def open_bytes(path: Path) -> BinaryIO:
    """The bytes of `path`, unpacked where it is gzip (told by its first bytes, not its name)."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def encoding_of(path: Path, named: str | None = None) -> str:
    """The codec for `path`; `named` (from the envelope) comes first. Reads the whole file once.

    Raises FileHeld if the bytes fit no encoding, or not the named one.
    """
    if named is not None:
        codec = _NAMED.get(named.strip().lower())
        if codec is None:
            raise FileHeld(
                "encoding-unknown",
                "封套所列編碼不支援。請用 UTF-8、UTF-16、Big5 或 CP950。",
                "The envelope names an encoding we do not read. Use UTF-8, UTF-16, Big5 or CP950.",
            )
        _decodes(path, codec)
        return codec
    with open_bytes(path) as file:
        first = file.read(4)
    for mark, codec in _MARKS:
        if first.startswith(mark):
            _decodes(path, codec)
            return codec
    good = _utf8_until_fault(path)
    if good is None:
        return "utf-8"
    if good < _SURELY_UTF8:
        _decodes(path, "big5hkscs")
        return "big5hkscs"
    raise _broken("utf-8")


def _utf8_until_fault(path: Path) -> int | None:
    """None if all of `path` is UTF-8; else how many characters beyond ASCII were good before the
    fault.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    good = 0
    for chunk, last in _chunks(path):
        try:
            text = decoder.decode(chunk, final=last)
        except UnicodeDecodeError as error:
            text = error.object[: error.start].decode("utf-8", "ignore")
            return good + sum(1 for sign in text if sign > "\x7f")
        if not text.isascii() and good < _SURELY_UTF8:
            good += sum(1 for sign in text if sign > "\x7f")
    return None


def _decodes(path: Path, codec: str) -> None:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for chunk, last in _chunks(path):
            decoder.decode(chunk, final=last)
    except UnicodeError:
        raise _broken(codec) from None


def _chunks(path: Path) -> Iterator[tuple[bytes, bool]]:
    try:
        with open_bytes(path) as file:
            while chunk := file.read(_STEP):
                yield chunk, False
    except (OSError, EOFError):
        raise FileHeld(
            "file-damaged",
            "壓縮檔損壞或無法讀取。請重新傳送。",
            "The file is damaged or cannot be read. Send it again.",
        ) from None
    yield b"", True


def _broken(codec: str) -> FileHeld:
    shown = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "big5hkscs": "Big5"}.get(codec, codec)
    return FileHeld(
        "encoding",
        f"檔案含無法以 {shown} 解讀的位元組，未收。請以 UTF-8 重新匯出，或在封套註明編碼。",
        f"The file holds bytes that are not {shown}. Export it as UTF-8, or name its encoding in "
        "the envelope.",
    )
