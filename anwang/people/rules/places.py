"""Counties and districts as people write them: full, old (台北縣, 中壢市), or cut short (中壢).

Read once from the directory's lists, which name their sources.
"""

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Final

import anwang.directory
from anwang.people.rules.characters import folded_text

_DIRECTORY: Final = Path(next(iter(anwang.directory.__path__))) / "data"
_DISTRICT_ENDINGS: Final = "區鄉鎮市"
_ROAD_SIGNS: Final = ("路", "街", "大道", "巷", "弄", "號", "段", "里", "村", "鄰", "新村")
_SHARED_SHORT_NAMES: Final = ("嘉義", "新竹")  # each a city and a county


@cache
def _counties() -> dict[str, str]:
    """Written name, folded -> code; old and short names too, but no short name that two
    governments share.
    """
    codes: dict[str, set[str]] = defaultdict(set)
    with (_DIRECTORY / "counties.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for name in [row["name_zh"], *row["old_names"].split(";")]:
                if name:
                    codes[folded_text(name)].add(row["code"])
    return {name: next(iter(found)) for name, found in codes.items() if len(found) == 1}


@cache
def _districts() -> dict[str, dict[str, str]]:
    """Written name, folded -> {county code: district code}; the ending may be any of 區鄉鎮市 or
    absent.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    with (_DIRECTORY / "districts.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for name in [row["name_zh"], *row["old_names"].split(";")]:
                for spelled in _spellings(folded_text(name)):
                    found[spelled].setdefault(row["county_code"], row["code"])
    return dict(found)


def _spellings(name: str) -> list[str]:
    if not name:
        return []
    core = name[:-1]
    if len(core) < 2 or name[-1] not in _DISTRICT_ENDINGS:
        return [name]
    return [name, core, *[core + ending for ending in _DISTRICT_ENDINGS]]


def county_at(text: str) -> tuple[str, str]:
    """(county code, rest) of a folded address; the code is empty if it does not begin with a
    county.
    """
    for length in (3, 2):
        code = _counties().get(text[:length])
        # 花蓮市, 彰化市 are districts: only a full name takes its ending along.
        if code and not (length == 2 and text[2:3] in _DISTRICT_ENDINGS + "路街"):
            return code, text[length:]
    if text[:2] in _SHARED_SHORT_NAMES and text[2:3] not in ("", *"縣市路街"):
        return "", text[2:]  # 嘉義民雄: the district tells which
    return "", text


def county_code(text: str) -> str:
    """Code of a county given by name or code; empty if unknown."""
    plain = folded_text(text.strip())
    return _counties().get(plain) or (plain if plain in _counties().values() else "")


def district_at(text: str, county: str) -> tuple[str, str, str]:
    """(district code, county code, rest); the county is found from a district name only it has."""
    for length in (4, 3, 2):
        name = text[:length]
        if len(name) < length:
            continue
        by_county = _districts().get(name)
        if not by_county:
            continue
        whole = name[-1] in _DISTRICT_ENDINGS
        if not whole and (text[length:].startswith(_ROAD_SIGNS) or not text[length:]):
            continue  # 中山 in 中山路 is a road
        if county and county in by_county:
            return by_county[county], county, text[length:]
        if not county and len(by_county) == 1:
            found_county, code = next(iter(by_county.items()))
            return code, found_county, text[length:]
        if whole:
            return "", county, text[length:]  # shared by several counties, or not of this one
    return "", county, text


@cache
def districts_of(county: str) -> tuple[str, ...]:
    """Codes of a county's districts, sorted; empty for no county."""
    return tuple(sorted({found[county] for found in _districts().values() if county in found}))


@cache
def county_named(code: str) -> str:
    """The folded name of a county by its code; empty if unknown."""
    return next((name for name, own in _counties().items() if own == code), "")
