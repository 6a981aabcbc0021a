"""Finds and hides what names the reporter, and plain identity numbers, in free text (decision 13).

A wrong answer here betrays a reporter to the family. What was written stays in the vault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from anwang.common.values.national_id import parse_id, valid_neighbours
from anwang.common.values.phones import parse_phones

SAFE_PLACE: Final = "〔受保護〕"
NAME, PHONE, EMAIL, ORGANISATION = "〔通報人〕", "〔通報人電話〕", "〔通報人信箱〕", "〔通報單位〕"
_ID: Final = re.compile(
    r"(?<![A-Za-zＡ-Ｚａ-ｚ0-9０-９])[A-Za-zＡ-Ｚａ-ｚ][\s-]?[1289A-Da-d１２８９Ａ-Ｄａ-ｄ](?:[\s-]?\d){8}(?!\d)"
)
# A number written with one slip names its bearer as well: it is looked for by its neighbours.
_SIGN: Final = r"[A-Za-zＡ-Ｚａ-ｚ0-9０-９]"
_TEN_SIGNS: Final = re.compile(
    rf"(?<!{_SIGN})(?=[0-9０-９]{{0,9}}[A-Za-zＡ-Ｚａ-ｚ]){_SIGN}{{10}}(?!{_SIGN})"
)
_BETWEEN_DIGITS: Final = r"[\s\-－().（）．]{0,3}"
_EXTENSION: Final = re.compile(r"#|轉|分機|ext", re.IGNORECASE)
_MADE_SHORT: Final = ("國民小學", "國小"), ("國民中學", "國中"), ("高級中學", "高中")
_SHORTEST_NAME, _SHORTEST_ORGANISATION, _SHORTEST_PHONE, _SHORTEST_PLACE = 2, 3, 6, 4


def without_ids(text: str) -> tuple[str, bool]:
    """`text` with identity numbers masked (`A2******89`), one slip in them included, and whether there
    were any.
    """
    found = False

    def masked(match: re.Match[str]) -> str:
        nonlocal found
        parsed = parse_id(match.group())
        if not parsed.normal:
            return match.group()
        found = True
        return parsed.normal[:2] + "******" + parsed.normal[8:]

    def masked_as_written(match: re.Match[str]) -> str:
        nonlocal found
        signs = normalize("NFKC", match.group()).upper()
        if not valid_neighbours(signs):
            return match.group()
        found = True
        return signs[:2] + "******" + signs[8:]

    return _TEN_SIGNS.sub(masked_as_written, _ID.sub(masked, text)), found


@dataclass(frozen=True, slots=True)
class Hider:
    """Patterns of one reporter's identity, each with what is written in its place."""

    patterns: tuple[tuple[re.Pattern[str], str], ...]

    def hide(self, text: str) -> tuple[str, bool]:
        """`text` without the reporter's identity, and whether there was any."""
        found = 0
        for pattern, instead in self.patterns:
            text, times = pattern.subn(instead, text)
            found += times
        return text, bool(found)


def hider_of(
    reporter: Mapping[str, str], *, names: Iterable[str] = (), phones: Iterable[str] = ()
) -> Hider:
    """What hides this reporter.

    `names` and `phones` are the subjects': a reporter who is one of them (self, or the family's
    telephone) cannot be hidden without hiding whom the report is about.
    """
    subject_names = {_folded(name) for name in names}
    subject_phones = set(_telephones(*phones))
    patterns: list[tuple[re.Pattern[str], str]] = []
    email = reporter.get("email", "").strip()
    if len(email) > 3:
        patterns.append((_spaced(email, ""), EMAIL))
    for core in _telephones(reporter.get("phone", "")):
        if core not in subject_phones:
            patterns.append((_digits(core), PHONE))
    name = reporter.get("name", "").strip()
    if len(_folded(name)) >= _SHORTEST_NAME and _folded(name) not in subject_names:
        patterns.append((_spaced(name, r"[\s·‧・•]{0,2}"), NAME))
    for organisation in _spellings(reporter.get("organisation", "").strip()):
        patterns.append((_spaced(organisation, r"\s?"), ORGANISATION))
    return Hider(tuple(patterns))


def hider_of_places(places: Iterable[Mapping[str, str]]) -> Hider:
    """What hides safe addresses and telephones wherever else they were written (R7)."""
    patterns: list[tuple[re.Pattern[str], str]] = []
    for place in places:
        address = place.get("safe_address", "").strip()
        if len(_folded(address)) >= _SHORTEST_PLACE:
            patterns.append((_spaced(address, r"\s{0,2}"), SAFE_PLACE))
        for core in _telephones(place.get("safe_phone", "")):
            patterns.append((_digits(core), SAFE_PLACE))
    return Hider(tuple(patterns))


def _folded(text: str) -> str:
    return re.sub(r"[\s·‧・•]", "", normalize("NFKC", text)).casefold()


def _core(phone: str) -> str:
    """The figures of a telephone number without extension, country and leading 0."""
    figures = re.sub(r"\D", "", normalize("NFKC", _EXTENSION.split(phone)[0]))
    return figures.removeprefix("886").lstrip("0")


def _telephones(*texts: str) -> list[str]:
    """The figures of each telephone: as they are read, and all that stand between two signs, since a
    number that nobody can read is hidden too.
    """
    read = [str(number) for number in parse_phones(*texts)]
    written = [_core(one) for text in texts for one in re.split(r"[,、;；/]", text)]
    return [one for one in dict.fromkeys([*read, *written]) if len(one) >= _SHORTEST_PHONE]


def _digits(core: str) -> re.Pattern[str]:
    wide = [f"[{figure}{chr(ord(figure) + 0xFEE0)}]" for figure in core]
    lead = r"(?:[+＋]?(?:886|８８６)" + _BETWEEN_DIGITS + r")?[0０]?" + _BETWEEN_DIGITS
    return re.compile(r"(?<!\d)" + lead + _BETWEEN_DIGITS.join(wide) + r"(?!\d)")


def _spaced(text: str, between: str) -> re.Pattern[str]:
    signs = [re.escape(sign) for sign in text if not sign.isspace() and sign not in "·‧・•"]
    return re.compile(between.join(signs), re.IGNORECASE)


def _spellings(organisation: str) -> list[str]:
    if len(organisation) < _SHORTEST_ORGANISATION:
        return []
    short = [
        organisation.replace(whole, cut) for whole, cut in _MADE_SHORT if whole in organisation
    ]
    return [organisation, *(one for one in short if len(one) >= _SHORTEST_ORGANISATION + 1)]
