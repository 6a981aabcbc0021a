"""A report as delivered: bytes to an object, its digest, and text that the database can hold.

Only broken JSON and more than 1 MiB are refused; every object is accepted (I1, docs/formats).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from anwang.common.errors import AnwangError

LARGEST_BYTES: Final = 1_048_576
DEEPEST: Final = 40
_LONGEST_NUMBER: Final = 18


class BrokenReport(AnwangError):
    """The report is not one JSON object in UTF-8. Correct it and send it again."""


class ReportTooLarge(AnwangError):
    """The report has more than 1 MiB (1,048,576 bytes). Send it in parts, or attach documents."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One report as it came: the object, its bytes, and whether parts lie too deep to be read."""

    body: dict[str, Any]
    raw: bytes
    too_deep: bool = False


def read_body(raw: bytes) -> Delivered:
    """The object in `raw`. Raises ReportTooLarge or BrokenReport; no content is refused."""
    if len(raw) > LARGEST_BYTES:
        raise ReportTooLarge(str(ReportTooLarge.__doc__))
    too_deep = False
    try:
        text = raw.decode("utf-8-sig")
        try:
            body = _parsed(text)
        except RecursionError:
            too_deep = True
            body = _parsed(_cut_deep(text))
    except ValueError:  # also what json and the decoder raise
        raise BrokenReport(str(BrokenReport.__doc__)) from None
    if not isinstance(body, dict):
        raise BrokenReport(str(BrokenReport.__doc__))
    return Delivered(body, raw, too_deep)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=_number, parse_float=_fraction, parse_constant=str)


def _number(figures: str) -> int | str:
    # A telephone number may come as a number; one of thousands of figures must not stop us.
    return int(figures) if len(figures) <= _LONGEST_NUMBER else figures


def _fraction(figures: str) -> float | str:
    value = float(figures)
    return value if abs(value) < 1e300 else figures


def _cut_deep(text: str) -> str:
    """`text` with everything nested deeper than `DEEPEST` replaced by null."""
    kept: list[str] = []
    depth, in_text, escaped, kept_from = 0, False, False, 0
    for place, sign in enumerate(text):
        if in_text:
            if escaped:
                escaped = False
            elif sign == "\\":
                escaped = True
            elif sign == '"':
                in_text = False
        elif sign == '"':
            in_text = True
        elif sign in "[{":
            depth += 1
            if depth == DEEPEST + 1:
                kept += [text[kept_from:place], "null"]
        elif sign in "]}":
            if depth == DEEPEST + 1:
                kept_from = place + 1
            depth -= 1
    if depth:
        raise ValueError("brackets do not close")
    return "".join([*kept, text[kept_from:]])


def shallow(value: Any, left: int = DEEPEST) -> Any:
    """`value` without what is nested deeper than `left`; for objects made by our own forms too."""
    if isinstance(value, Mapping):
        return {str(name): shallow(one, left - 1) for name, one in value.items()} if left else None
    if isinstance(value, (list, tuple)):
        return [shallow(one, left - 1) for one in value] if left else None
    return value


def canonical(body: Mapping[str, Any]) -> bytes:
    """The object in one agreed spelling: order of keys and blanks do not count."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), default=str).encode()


def digest_of(delivered: Delivered) -> bytes:
    """SHA-256 by which a repeated delivery is known."""
    said = delivered.raw if delivered.too_deep else canonical(delivered.body)
    return hashlib.sha256(said).digest()


def clean(text: str) -> str:
    """`text` as PostgreSQL can hold it: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
