"""One typed line about somebody, taken apart: 陳小安 民國101 中壢, in any order, as far as it tells.

Each piece is told by its shape: a number by its checksum's form, a telephone by its zero or length, a
birth by the date rules, a place by the directory. What is left is the name. A piece read wrong costs an
answer and never gives a wrong one, since what is found says by what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from unicodedata import normalize

from anwang.common.values.national_id import parse_id, valid_neighbours
from anwang.common.values.phones import parse_phones
from anwang.common.values.roc_dates import parse_birth
from anwang.people.rules.characters import folded_text, is_han
from anwang.people.rules.names import parse_name
from anwang.people.rules.places import county_at, county_named, district_at

LONGEST_LINE: Final = 100
Told = dict[str, str]

# What belongs together is typed apart: 民國 101 年 5 月, 0912 345 678, 8 歲.
_ERA_APART: Final = re.compile(r"(民國|西元|公元|約)\s+(?=\d)")
_MARK_APART: Final = re.compile(r"(?<=\d)\s+(?=[年月日歲])|(?<=[年月])\s+(?=\d)")
_TELEPHONE: Final = re.compile(r"(?<![\w-])(?:\+?886[ -]?|0)\d{1,3}(?:[ -]?\d{3,4}){2}(?![\w-])")
_PARTING: Final = re.compile(r"[\s,，、;；。]+")
_NAME_THEN_BIRTH: Final = re.compile(
    r"((?!民國|西元|公元|約|大約)\D{2,4}?)((?:民國|西元|約)?\d.*(?:[歲年月日生]|\d))"
)
_FIGURES: Final = re.compile(r"\+?[\d()#-]{7,}")
_ROAD: Final = re.compile(r"[路街]$|大道$|新村$|\d+(?:之\d+)?[段巷弄號樓]")
_SEXES: Final = {
    "男": "M", "女": "F", "男性": "M", "女性": "F", "男生": "M", "女生": "F", "男孩": "M",
    "女孩": "F", "male": "M", "female": "F", "boy": "M", "girl": "F",
}  # fmt: skip
_DISTRICT_ENDINGS: Final = "區鄉鎮市"


def read_line(text: str, county: str = "") -> Told:
    """The columns that the line tells, as `forms_of` takes them; those it does not tell are not there.

    `county`: code of the asker's own: 大安 is its district before it is another's.
    """
    plain = normalize("NFKC", text[:LONGEST_LINE]).strip()
    plain = _MARK_APART.sub("", _ERA_APART.sub(r"\1", plain))
    told: Told = {}
    if found := _TELEPHONE.search(plain):
        told["phone"] = found.group()
        plain = f"{plain[: found.start()]} {plain[found.end() :]}"
    several: dict[str, list[str]] = {"name": [], "name_romanised": [], "address": []}
    for piece in _pieces(plain):
        column, value = _read(piece, county, "".join(several["address"]))
        if column in several:
            several[column].append(value)
        elif column:
            told.setdefault(column, value)
    if names := several["name"]:
        told["name"] = next(filter(_is_whole, names), names[0])
    if letters := several["name_romanised"]:
        told["name_romanised"] = " ".join(letters)
    if places := several["address"]:
        told["address"] = "".join(places)
    return told


def _is_whole(name: str) -> bool:
    parsed = parse_name(name)
    return bool(parsed.surname and parsed.given)


def _pieces(plain: str) -> Iterator[str]:
    for piece in filter(None, _PARTING.split(plain)):
        found = _NAME_THEN_BIRTH.fullmatch(piece)
        if found and not _ROAD.search(piece) and _is_birth(found.group(2)):
            yield from found.groups()  # 陳小安8歲
        else:
            yield piece


def _read(piece: str, county: str, behind: str) -> tuple[str, str]:
    if parse_id(piece).normal or valid_neighbours(piece):
        return "national_id", piece
    if sex := _SEXES.get(piece.lower()):
        return "sex", sex
    if _is_birth(piece):
        return "birth", piece
    if _FIGURES.fullmatch(piece):
        return ("phone", piece) if parse_phones(piece) else ("", "")
    if place := _place(piece, county, behind):
        return "address", place
    if any(map(is_han, piece)):
        return "name", piece
    return ("name_romanised", piece) if any(map(str.isalpha, piece)) else ("", "")


def _is_birth(piece: str) -> bool:
    birth = parse_birth(piece)
    return birth.year is not None or birth.approximate_age is not None


def _place(piece: str, county: str, behind: str) -> str:
    """The piece as an address, with the ending that a short name lacks; empty if it is none.

    `behind`: the place that stands before it, in which a district's name is looked for first.
    """
    if not any(map(is_han, piece)):
        return ""
    if _ROAD.search(piece):
        return piece
    folded = folded_text(piece)
    whole, rest = county_at(f"{folded} ")
    if whole and not rest.strip():
        return piece
    if whole:
        return piece if district_at(f"{rest} ", whole)[0] else ""
    short = "" if folded[-1:] in _DISTRICT_ENDINGS else "區"
    for before in dict.fromkeys((folded_text(behind), county_named(county), "")):
        code, _ = county_at(before)
        # A blank behind: a short name that ends the text is taken for no district.
        district, _, rest = district_at(f"{folded}{short} ", code)
        if district and not rest.strip():
            return f"{'' if before == folded_text(behind) else before}{piece}{short}"
    return ""
