"""Names as written to what is compared: surname, given name, sounds, nickname core, Latin tokens.

The written name is kept; nothing here corrects it. A wrong split costs a missed match, so
doubtful texts (a nickname, a given name alone) fill fewer fields rather than wrong ones.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from unicodedata import category, normalize

from anwang.people.rules.characters import NAME_TABLES, folded, folded_text, is_han, sound

LONGEST_NAME: Final = 200  # the longest romanised name the report format allows
_LONGEST_HAN: Final = 24
_MOST_TOKENS: Final = 8

_SURNAMES: Final = frozenset(folded_text("".join(NAME_TABLES["surnames"].split())))
_COMPOUNDS: Final = frozenset(folded_text(name) for name in NAME_TABLES["compound_surnames"])
_SURNAME_SOUNDS: Final = {
    folded(sign): reading for sign, reading in NAME_TABLES["surname_readings"].items()
}
_TITLES: Final = tuple(
    sorted((folded_text(title) for title in NAME_TABLES["titles"]), key=len, reverse=True)
)
_TITLE_ENDS: Final = frozenset(title[-1:] for title in _TITLES) | {""}
_NOBODY: Final = frozenset(folded_text(word) for word in NAME_TABLES["nobody"])
_BEFORE: Final = frozenset(NAME_TABLES["nickname_before"])
_BEHIND: Final = tuple(folded_text(word) for word in NAME_TABLES["nickname_behind"])
_BRACKETS: Final = re.compile(r"[(\[{<「『【〈《].*?(?:[)\]}>」』】〉》]|$)")
_INSIDE: Final = re.compile(r"[(\[{<「『【〈《](.*?)(?:[)\]}>」』】〉》]|$)")
_HAN: Final = re.compile("[\u4e00-\u9fff]*")
_MASKS: Final = frozenset("○〇◯●□■*＊OoＯX×")
_UNDECOMPOSED: Final = str.maketrans("đĐøØłŁıßæÆ", "dDoOlLisaA")


@dataclass(frozen=True, slots=True)
class ParsedName:
    """A name taken apart; every field is empty where the text does not tell it.

    `folded`: Han characters with variants folded, `*` for a hidden one. `surname` + `given` leave
    out a married-name prefix. `sounds`: one toneless syllable for each character of `surname` +
    `given`. `nickname`: the characters somebody is called by (小安 gives 安). `latin`: folded
    tokens, sorted.
    """

    folded: str = ""
    surname: str = ""
    given: str = ""
    sounds: tuple[str, ...] = ()
    nickname: str = ""
    latin: tuple[str, ...] = ()
    masked: bool = False


NO_NAME: Final = ParsedName()


def parse_name(text: object, romanised: object = None) -> ParsedName:
    """Take apart `text` and a name in Latin letters; garbage gives `NO_NAME`, never an error."""
    if not isinstance(text, str) or len(text) > LONGEST_NAME:
        text = ""
    if not isinstance(romanised, str) or len(romanised) > LONGEST_NAME:
        romanised = ""
    if not text and not romanised:
        return NO_NAME
    return _parsed(text, romanised)


@lru_cache(maxsize=65536)
def _parsed(text: str, romanised: str) -> ParsedName:
    latin = latin_tokens(romanised) if romanised else ()
    if not text or text.strip().lower() in _NOBODY:
        return ParsedName(latin=latin)
    plain = text if _all_han(text) else normalize("NFKC", text)
    called = ""
    if not _all_han(plain):
        if inside := _INSIDE.search(plain):
            called = _nickname_in(_han_of(inside.group(1)))
        plain = _BRACKETS.sub(" ", plain)
        latin = latin or (() if _is_masked(plain) else latin_tokens(plain))
    separated = any(sign in "·・‧•" for sign in plain)
    han = _without_title(_han_of(plain, masks=_is_masked(plain)))
    if not han.strip("*") or han in _NOBODY or len(han) > _LONGEST_HAN:
        return ParsedName(latin=latin)
    return _han_name(han, called, latin, separated=separated)


def _all_han(text: str) -> bool:
    return _HAN.fullmatch(text) is not None


def _is_masked(plain: str) -> bool:
    """Whether Han characters stand beside signs that hide others (陳○安, 林OO), and no Latin
    word.
    """
    return (
        not _MASKS.isdisjoint(plain)
        and any(is_han(sign) for sign in plain)
        and not re.search(r"[A-Za-z]{3}", plain.replace("OOO", "").replace("XXX", ""))
    )


def _han_of(plain: str, *, masks: bool = False) -> str:
    signs = []
    for sign in plain:
        if masks and sign in _MASKS:
            signs.append("*")
        elif is_han(sign):
            signs.append(signs[-1] if sign == "々" and signs else folded(sign))
    return "".join(signs)


def _without_title(han: str) -> str:
    if han[-1:] not in _TITLE_ENDS:
        return han
    for title in _TITLES:
        if han.endswith(title) and len(han) > len(title):
            rest = han[: -len(title)]
            # 林美君 is a name; 林君 and 林小姐 are a surname with a title.
            if len(title) > 1 or rest in _SURNAMES:
                return rest
    return han


def _han_name(han: str, called: str, latin: tuple[str, ...], *, separated: bool) -> ParsedName:
    surname, given = split_name(han, separated=separated)
    nickname = called or _nickname_in(han) or (_nickname_in(given) if surname else "")
    if nickname and not surname and not called:
        given = ""
    if han == surname and han[:1] in _BEFORE:
        surname = ""
    sounds = _sounds(surname, given)
    return ParsedName(
        folded=han,
        surname=surname,
        given=given,
        sounds=sounds,
        nickname=nickname,
        latin=latin,
        masked="*" in han,
    )


def split_name(han: str, *, separated: bool = False) -> tuple[str, str]:
    """(surname, given) of a folded Han name, a married-name prefix left out; surname empty if
    none is seen.
    """
    if separated or len(han) > 5:
        return "", han
    if han[:2] in _COMPOUNDS:
        return han[:2], han[2:]
    if len(han) >= 4 and han[0] in _SURNAMES:
        if han[1:3] in _COMPOUNDS and len(han) == 5:
            return han[1:3], han[3:]
        if len(han) == 4 and han[1] in _SURNAMES:
            return han[1], han[2:]  # 冠姓: 張陳美玉 is 陳美玉 (Civil Code art. 1000)
    if len(han) > 4:
        return "", han
    if len(han) == 2 and (han[0] == han[1] or han[0] in _BEFORE or han.endswith(_BEHIND)):
        return "", han
    if han[0] in _SURNAMES or han[0] == "*":
        return han[:1], han[1:]
    # A three-character text is a whole name even with a rare surname; two could be a given name
    # alone.
    return (han[0], han[1:]) if len(han) == 3 and not han.endswith(_BEHIND) else ("", han)


def _nickname_in(han: str) -> str:
    """The core of a way of calling somebody: 小安, 阿安, 安仔, 安安, 安妹 give 安; else empty."""
    if not 2 <= len(han) <= 3 or "*" in han:
        return ""
    if len(han) == 2 and han[0] == han[1]:
        return han[0]
    if han[0] in _BEFORE:
        rest = han[1:]
        return rest[:1] if len(set(rest)) == 1 else rest
    return han[0] if han[1:] in _BEHIND else ""


def _sounds(surname: str, given: str) -> tuple[str, ...]:
    heads = [_SURNAME_SOUNDS.get(sign) or sound(sign) for sign in surname]
    return (*heads, *[sound(sign) for sign in given])


@lru_cache(maxsize=16384)
def latin_tokens(text: str) -> tuple[str, ...]:
    """Tokens of a name in Latin letters, folded and sorted: marks, apostrophes and hyphens
    dropped.
    """
    if len(text) > LONGEST_NAME:
        return ()
    plain = normalize("NFKD", text.translate(_UNDECOMPOSED)).lower()
    plain = "".join(sign for sign in plain if category(sign) != "Mn")
    plain = re.sub(r"['’‘ʼʻ`´^\-‐-―]", "", plain)
    tokens = [token for token in re.findall(r"[a-z]+", plain) if token not in ("mr", "mrs", "ms")]
    if not tokens or " ".join(tokens) in _NOBODY:
        return ()
    return tuple(sorted(tokens[:_MOST_TOKENS]))
