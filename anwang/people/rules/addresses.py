"""Addresses of Taiwan taken apart, down to the floor, and the whole numbers two addresses are
compared by.

Order of the parts: county, district, village, neighbourhood, road, section, lane, alley, number,
floor, unit (household registration practice); any may be missing: islands and mountain villages
have no roads.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from unicodedata import normalize

from anwang.people.rules.characters import folded
from anwang.people.rules.places import county_at, district_at

LONGEST_ADDRESS: Final = 300  # as in the report format
_FIGURES: Final = "零一二三四五六七八九"
_VALUES: Final = {sign: value for value, sign in enumerate(_FIGURES)} | {"〇": 0, "○": 0}
_NUMERAL_BEFORE_PART: Final = re.compile(
    r"([零〇○一二三四五六七八九十百]{1,6})(?=段|巷|弄|衖|號|樓|鄰|層|室|之\d|之[號一二三四五六七八九十])"
)
_NUMERAL_BEHIND_OF: Final = re.compile(r"(?<=之)([一二三四五六七八九十]{1,4})")
_FIGURE_BEFORE_ROAD: Final = re.compile(r"(?<=[^\d])(\d{1,2})(?=路|街|大道)")
# Before a number's or a floor's unit: 4-1號, 4樓-2, 4F-2.
_DASH_OF_A_UNIT: Final = re.compile(r"(?<=[\d號樓層F室])[-‐-―~]+(?=\d)")
# A unit, then what stands for itself: 4號之1 5樓 has no fifteenth unit.
_BEHIND_A_UNIT: Final = re.compile(
    r"(之[零〇○一二三四五六七八九十\d]{1,4})[\s,，、;；]+(?=[零〇○一二三四五六七八九十\d])"
)
_SIGN_RUNS: Final = re.compile(r"[\s,，。.;；、:：'\"()\[\]（）]+")
_POSTCODE: Final = re.compile(
    r"^(?:臺灣省?|中華民國|福建省)?\d{3,6}(?=\D)|^(?:臺灣省|中華民國|福建省)"
)
_VILLAGE: Final = re.compile(r"^([^\d路街段巷弄號]{1,4}?[里村])(?![路街段巷弄])(?=.)")
_NEIGHBOURHOOD: Final = re.compile(r"^0*(\d+)鄰")
_PART: Final = re.compile(
    r"(?P<between>\D*?)(?P<below>地下|B)?0*(?P<figure>\d{1,5})(?:之0*(?P<of>\d{0,4}))?"
    r"(?P<mark>段|巷|弄|衖|號|樓|F|層|室|$)(?:之0*(?P<behind>\d{1,4})(?![\d樓F層]))?"
)
_BASEMENT: Final = re.compile(r"地下(?:室|樓|層|$)")
_FIRST_FIGURE: Final = re.compile(r"地下|B?\d")
_ROAD_END: Final = re.compile(r"^.{1,19}?(?:大道|路|街|巷|弄|新村)")


@dataclass(frozen=True, slots=True)
class Address:
    """Parts of one address and its keys. Keys are signed 64-bit; 0 means the text does not reach
    that far.

    `full_key`: down to number and floor (and unit), with district. `door_key`: without floor.
    `loose_key`: the door without county and district, for those who leave them out. `road_key`:
    district, road, section.
    """

    county: str = ""
    district: str = ""
    village: str = ""
    road: str = ""
    section: int = 0
    lane: str = ""
    alley: str = ""
    number: str = ""
    floor: str = ""
    full_key: int = 0
    door_key: int = 0
    loose_key: int = 0
    road_key: int = 0


NO_ADDRESS: Final = Address()


def parse_address(text: object) -> Address:
    """Take an address apart; what cannot be read gives `NO_ADDRESS` or fewer parts, never an
    error.
    """
    if not isinstance(text, str) or not text or len(text) > LONGEST_ADDRESS:
        return NO_ADDRESS
    return _parsed(text)


@lru_cache(maxsize=16384)
def _parsed(text: str) -> Address:
    plain = _plain(text)
    if not plain:
        return NO_ADDRESS
    county, rest = county_at(plain)
    district, county, rest = district_at(rest, county)
    village = ""
    if found := _VILLAGE.match(rest):
        village, rest = found.group(1), rest[found.end() :]
    if found := _NEIGHBOURHOOD.match(rest):
        rest = rest[found.end() :]
    return _with_keys(county, district, village, rest)


def _plain(text: str) -> str:
    """Folded, without blanks and post code; numerals of sections, lanes, numbers and floors as
    figures.
    """
    plain = "".join([folded(sign) for sign in normalize("NFKC", text)])
    plain = _BEHIND_A_UNIT.sub(r"\1|", plain)
    plain = _SIGN_RUNS.sub("", plain).replace("f", "F").replace("b", "B")
    plain = _DASH_OF_A_UNIT.sub("之", plain)
    plain = _POSTCODE.sub("", plain)
    plain = _NUMERAL_BEFORE_PART.sub(_as_figures, plain)
    plain = _NUMERAL_BEHIND_OF.sub(lambda found: str(_value(found.group(1))), plain)
    return _FIGURE_BEFORE_ROAD.sub(lambda found: _numeral(int(found.group(1))), plain)


def _as_figures(numeral: re.Match[str]) -> str:
    """The numeral in figures, apart from figures before it: 之1三樓 is no thirteenth unit."""
    before = numeral.string[numeral.start() - 1 : numeral.start()]
    return f"{'|' if before.isdecimal() else ''}{_value(numeral.group(1))}"


def _value(numeral: str) -> int:
    if "十" not in numeral and "百" not in numeral:
        return int("".join(str(_VALUES[sign]) for sign in numeral))
    total, pending = 0, 0
    for sign in numeral:
        if sign in "十百":
            total, pending = total + (pending or 1) * (10 if sign == "十" else 100), 0
        else:
            pending = _VALUES[sign]
    return total + pending


def _numeral(number: int) -> str:
    tens, units = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else _FIGURES[tens] + "十")
    return head + (_FIGURES[units] if units or not tens else "")


def _with_keys(county: str, district: str, village: str, rest: str) -> Address:
    road, parts = _street_and_parts(rest)
    street = road or village
    place = district or county
    number = parts.get("號", "")
    section = parts.get("段", "")
    way = "|".join([parts.get(mark, "") for mark in ("巷", "弄", "衖")])
    loose = f"{street}|{section}|{way}|{number}" if street and number else ""
    return Address(
        county=county,
        district=district,
        village=village,
        road=road,
        section=int(section or 0),
        lane=parts.get("巷", ""),
        alley=parts.get("弄", ""),
        number=number,
        floor=parts.get("樓", ""),
        full_key=key_of(f"F{place}|{loose}|{parts.get('樓', '')}") if loose and district else 0,
        door_key=key_of(f"D{place}|{loose}") if loose and district else 0,
        loose_key=key_of(f"L{loose}") if loose else 0,
        road_key=key_of(f"R{place}|{street}|{section}") if street and district else 0,
    )


def _street_and_parts(rest: str) -> tuple[str, dict[str, str]]:
    """The road (or hamlet) before the first figure, and the figures by their mark: 段 巷 弄 衖 號
    樓.
    """
    first = _FIRST_FIGURE.search(rest)
    if first is None:
        ending = _ROAD_END.match(rest)
        return (ending.group() if ending else ""), {}
    road, tail = rest[: first.start()], rest[first.start() :]
    if len(road) > 20 or len(tail) > 60:
        return "", {}
    parts: dict[str, str] = {}
    for found in _PART.finditer(tail):
        between, below, figure, of, mark, behind = found.groups()
        if mark == "段" and figure.isdigit():
            parts.setdefault("段", figure)
            continue
        if below and mark == "":
            mark = "樓"
        if mark == "" and ("號" in parts or between not in ("", "B")):
            break
        mark = {"": "號", "F": "樓", "層": "樓"}.get(mark, mark)
        if mark in "巷弄衖號" and between:
            parts["巷"] = between + parts.get("巷", "")  # 1段平和巷12號
        text = ("B" if below else "") + figure + (f"之{of or behind}" if of or behind else "")
        parts.setdefault("樓" if mark == "室" else mark, text)
    if "樓" not in parts and _BASEMENT.search(tail):
        parts["樓"] = "B1"
    return road, parts


def key_of(text: str) -> int:
    """A signed 64-bit number for `text`, the same on every machine; never 0."""
    digest = blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True) or 1
