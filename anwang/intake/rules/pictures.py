"""What an attachment is, by its content, and a cleaned copy that others may open (S21, I5).

A photograph can carry where it was taken: the copy has the pixels and nothing else. What cannot be
cleaned stays sealed, for the court alone.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_FILE_BYTES: Final = 20 * 1024 * 1024
MOST_PIXELS: Final = 60_000_000
LONGEST_SIDE: Final = 4000
MOST_FILES: Final = 10
_READABLE: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_HEIF_BRANDS: Final = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis", b"avif")

CLEAN, SEALED = "clean", "sealed"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file is. `state` is clean (there is a copy) or sealed (only the original, kept)."""

    media_type: str
    copy: bytes | None
    state: str


def look_at(content: bytes) -> Looked | None:
    """The file's kind and its cleaned copy; None for a kind that is not taken, never an error."""
    if content[:5] == b"%PDF-":
        return Looked("application/pdf", None, SEALED)
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return Looked("image/heic", None, SEALED)
    return _picture(content)


def _picture(content: bytes) -> Looked | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content), formats=tuple(_READABLE)) as picture:
                kind = str(picture.format)
                if picture.width * picture.height > MOST_PIXELS:
                    return Looked(_READABLE[kind], None, SEALED)
                return Looked(_READABLE[kind], _cleaned(picture, kind), CLEAN)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            return Looked("image/unknown", None, SEALED)
        except UnidentifiedImageError:
            return None
        except (OSError, ValueError, SyntaxError, EOFError):  # a broken picture may still be proof
            return Looked("image/unknown", None, SEALED)


def _cleaned(picture: Image.Image, kind: str) -> bytes:
    """The pixels alone, upright: no place, no camera, no thumbnail, no profile."""
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = upright.convert("RGBA" if "A" in upright.getbands() and kind != "JPEG" else "RGB")
    bare = Image.frombytes(plain.mode, plain.size, plain.tobytes())
    out = io.BytesIO()
    if kind == "JPEG":
        bare.save(out, "JPEG", quality=88, optimize=True)
    else:
        bare.save(out, kind)
    return out.getvalue()
