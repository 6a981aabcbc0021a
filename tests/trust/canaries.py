"""Texts that stand nowhere else, in every form in which they could come out again.

Each protected field of a report carries a mark of its own kind and a number that is the report's.
A place is searched for the marks, plain and in the encodings that bytes pass through on their way.
"""

from __future__ import annotations

import base64
import re
import unicodedata
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.trust.packed_files import packed_in

MARKS = {
    "name": "鳶鵺",
    "organisation": "鴟鵂醫護",
    "phone": "95513579",
    "email": "qvzkpost",
    "learned_at": ":17.424243",
    "safe_address": "鼴鼠蝕巷",
    "safe_phone": "95524680",
    "safe_times": "蝕日之時",
    "message": "螢惑之問",
    "exif": "QVZKLENS",
}
_FIGURES = "甲乙丙丁戊己庚辛壬癸"
_BETWEEN = re.compile(rb"(?<=\d)[\s\-()./]{1,3}(?=\d)")


def figures(number: int) -> str:
    """The number in letters of a name."""
    return "".join(_FIGURES[int(one)] for one in f"{number:06}")


@dataclass(frozen=True)
class Canary:
    """The protected values of report `number`."""

    number: int

    @property
    def reporter(self) -> dict[str, str]:
        return {
            "name": f"{MARKS['name']}{figures(self.number)}",
            "organisation": f"{MARKS['organisation']}{figures(self.number)}院",
            "phone": f"0{MARKS['phone']}{self.number % 10}",
            "email": f"{MARKS['email']}{self.number}@example.org",
            "learned_at": f"2026-03-01T08:{self.number % 60:02}{MARKS['learned_at']}+08:00",
        }

    @property
    def safe(self) -> dict[str, str]:
        return {
            "safe_address": f"新北市三重區{MARKS['safe_address']}{self.number}號",
            "safe_phone": f"0{MARKS['safe_phone']}{self.number % 10}",
            "safe_times": f"{MARKS['safe_times']}{figures(self.number)}",
        }

    @property
    def narrative(self) -> str:
        """What a careless sender writes: both, in the middle of the story, in several spellings."""
        said, safe = self.reporter, self.safe
        phone = said["phone"]
        wide = "".join(chr(ord(one) + 0xFEE0) for one in phone)
        spaced = f"{phone[:4]}-{phone[4:7]} {phone[7:]}"
        ways = (
            f"{said['name']}（電話{phone}）說孩子手上有傷。",
            f"請回電{wide}或{said['email'].upper()}，{said['organisation']}。",
            f"母子現在住{safe['safe_address']}，打{safe['safe_phone'][:4]}-{safe['safe_phone'][4:]}。",
            f"通報人{' '.join(said['name'])} {spaced}；+886-{phone[1:4]}-{phone[4:]}",
        )
        return ways[self.number % len(ways)] + "鄰居聽到哭聲。"


@cache
def forms() -> dict[bytes, str]:
    """Every form of every mark -> `kind as form`."""
    found: dict[bytes, str] = {}
    for kind, mark in MARKS.items():
        for form, text in _forms_of(mark):
            found[text] = f"{kind} as {form}"
    return found


def _forms_of(mark: str) -> Iterator[tuple[str, bytes]]:
    raw = mark.encode()
    yield "utf-8", raw
    for code in ("utf-16-le", "utf-16-be", "utf-32-le"):
        yield code, mark.encode(code)
    for code in ("big5", "gb18030"):
        try:
            yield code, mark.encode(code)
        except UnicodeEncodeError:
            continue
    for normal in ("NFD", "NFKC", "NFKD"):
        yield normal, unicodedata.normalize(normal, mark).encode()
    wide = "".join(
        chr(ord(one) + 0xFEE0) if one.isascii() and one.isalnum() else one for one in mark
    )
    yield "full width", wide.encode()
    for start in range(3):  # the three ways in which a text falls into base64's groups
        body = base64.b64encode(bytes(start) + raw)
        first, last = (0, 2, 3)[start], len(body) - (4 if (start + len(raw)) % 3 else 0)
        yield f"base64 at {start}", body[first:last]
        yield f"base64url at {start}", body[first:last].translate(bytes.maketrans(b"+/", b"-_"))
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    if not mark.isascii():
        yield "percent", urllib.parse.quote(mark).encode()
        yield "percent, small", urllib.parse.quote(mark).lower().encode()
        yield "entities", "".join(f"&#{ord(one)};" for one in mark).encode()
        yield "hex entities", "".join(f"&#x{ord(one):x};" for one in mark).encode()
        yield "JSON", "".join(f"\\u{ord(one):04x}" for one in mark).encode()
        yield "JSON, capital", "".join(f"\\u{ord(one):04X}" for one in mark).encode()
        yield "repr", raw.hex(" ").replace(" ", r"\x").encode().join((b"\\x", b""))


@cache
def _searched() -> re.Pattern[bytes]:
    longest_first = sorted(forms(), key=len, reverse=True)
    return re.compile(b"|".join(re.escape(one) for one in longest_first if len(one) > 3))


def marks_in(content: bytes | str, *, but: frozenset[str] = frozenset()) -> set[str]:
    """`kind as form` for every mark in `content`; kinds in `but` may stand there.

    PDF and archives are searched in what is packed in them too, from their first byte on.
    """
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    found = set().union(*map(_plainly_in, (raw, *packed_in(raw))))
    return {one for one in found if one.partition(" as ")[0] not in but}


def _plainly_in(raw: bytes) -> set[str]:
    found = {forms()[one] for one in _searched().findall(raw)}
    if b"955" in raw:  # telephone numbers written with signs between the figures
        found |= {forms()[one] for one in _searched().findall(_BETWEEN.sub(b"", raw))}
    return found


def body_of(number: int, **more: Any) -> dict[str, Any]:
    """A report whose every protected field carries a mark."""
    canary = Canary(number)
    return {
        "report_id": f"canary-{number}",
        "channel": ("school-safety", "hospital", "hotline-113", "online-help")[number % 4],
        "county": "桃園市",
        "reporter": canary.reporter | {"mandated": number % 2 == 0, "role": "teacher"},
        "subjects": [
            {"role": "victim", "name": f"陳小{figures(number)[-1]}", "sex": "F",
             "birth": "民國107年5月1日", "address": "桃園市中壢區範例路1段2號3樓",
             "notes": canary.narrative} | canary.safe,
            {"role": "respondent", "name": "陳大方",
             "address": f"太太躲在{canary.safe['safe_address']}"},
        ],
        "concerns": ["partner-violence"],
        "immediate_danger": "no",
        "incident": {"occurred_at": "昨晚", "place": f"{canary.safe['safe_address']}門口"},
        "narrative": canary.narrative,
        "answers": {"consult": {"who": canary.narrative}},
        "remarks": canary.narrative,
    } | more  # fmt: skip
