"""One Han character at a time: its folded form and its sound. Everything here is remembered per
character.

Rare characters (Unicode extensions, private use of CNS 11643) are kept by code point and sound as
themselves.
"""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from opencc import OpenCC

from anwang.common.yaml_files import read_yaml

NAMES_FILE: Final = Path(__file__).parent.parent / "policies" / "names.yaml"
NAME_TABLES: Final[dict[str, Any]] = read_yaml(NAMES_FILE)
UNIHAN_FILE: Final = NAMES_FILE.with_name("unihan_variants.yaml")

VARIANTS: Final[dict[str, str]] = {
    **dict(read_yaml(UNIHAN_FILE)["pairs"].split()),
    **NAME_TABLES["variants"],
}
_SHAPES: Final[dict[str, str]] = {
    sign: group[0] for group in NAME_TABLES["look_alikes"].split() for sign in group
}
_MERGED: Final[dict[str, str]] = NAME_TABLES["merged_syllables"]
_GIVEN_READINGS: Final[dict[str, str]] = NAME_TABLES["given_readings"]
_HAN_RANGES: Final = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xE000, 0xFAFF),  # private use (CNS 11643 fonts) and compatibility
    (0x20000, 0x3FFFD),
    (0xF0000, 0x10FFFD),
)


@cache
def _converters() -> tuple[OpenCC, OpenCC, OpenCC]:
    return OpenCC("s2t"), OpenCC("jp2t"), OpenCC("t2tw")


def is_han(sign: str) -> bool:
    """Whether `sign` is a Han character, private use and rare extensions included."""
    if "\u4e00" <= sign <= "\u9fff":
        return True
    point = ord(sign)
    return any(first <= point <= last for first, last in _HAN_RANGES) or sign in "〇々ㄚ"


@lru_cache(maxsize=65536)
def folded(sign: str) -> str:
    """The form `sign` is compared by: 台 as 臺, 温 as 溫, 黄 and 陈 as 黃 and 陳.

    Characters of Big5 are never read as simplified (范 stays 范, 余 stays 余): those are surnames
    of their own.
    """
    if sign in VARIANTS:
        return VARIANTS[sign]
    if sign == "〇":
        return sign
    if "\ud800" <= sign <= "\udfff":
        return ""  # half a character: JSON may carry it, no encoding can
    from_simplified, from_japanese, to_taiwan = _converters()
    try:
        sign.encode("cp950")
    except UnicodeEncodeError:
        sign = from_japanese.convert(from_simplified.convert(sign))
    sign = to_taiwan.convert(sign)
    return VARIANTS.get(sign, sign)[:1]


@lru_cache(maxsize=65536)
def sound(sign: str) -> str:
    """Toneless pinyin of a folded `sign`; the sign itself where no reading is known."""
    if sign in _GIVEN_READINGS:
        return _GIVEN_READINGS[sign]
    from pypinyin import Style, lazy_pinyin  # not at once: its dictionary takes 0.2 s to read

    return "".join(lazy_pinyin(sign, style=Style.NORMAL)) or sign


@lru_cache(maxsize=4096)
def coarse(syllable: str) -> str:
    """`syllable` as many speakers in Taiwan merge it: zh/z, ch/c, sh/s, final ng/n and f/hu fall
    together.
    """
    if syllable[:2] in ("zh", "ch", "sh"):
        syllable = syllable[0] + syllable[2:]
    if syllable.endswith(("ing", "eng")):
        syllable = syllable[:-1]
    return _MERGED.get(syllable, syllable)


@lru_cache(maxsize=65536)
def coarse_text(sounds: tuple[str, ...]) -> str:
    """`sounds` as `coarse` has them, in one text."""
    return " ".join([coarse(syllable) for syllable in sounds])


def shape(text: str) -> str:
    """A folded `text` with look-alikes fallen together: 玟 as 玫, 泰 as 秦."""
    return "".join([_SHAPES.get(sign, sign) for sign in text])


def folded_text(text: str) -> str:
    """Every character of `text` folded."""
    return "".join([folded(sign) for sign in text])
