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

_SURNAMES: Final = frozenset(folded_text("".join(NAME_TABLES["surnames"].split())))
_COMMONEST: Final = frozenset(folded_text("".join(NAME_TABLES["surnames"].split())[:100]))
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
_EITHER: Final = frozenset(folded_text(NAME_TABLES["given_or_called"]))
_BRACKETS: Final = re.compile(r"[(\[{<「『【〈《].*?(?:[)\]}>」』】〉》]|$)")
_INSIDE: Final = re.compile(r"[(\[{<「『【〈《](.*?)(?:[)\]}>」』】〉》]|$)")
_HAN: Final = re.compile("[\u4e00-\u9fff]*")
# What stands between the parts of a traditional name; NFKC has made the other dots one of these.
_DOTS: Final = re.compile(r"[.·・‧•｡。˙∙⋅‐‑–—_-]")
_BLANKS: Final = re.compile(r"\s+")
_SHORTEST_PART: Final = 2
# A traditional name of so many signs, written without a dot, begins with a part of two or three.
_SHORTEST_JOINED: Final = 4
_MASKS: Final = frozenset("○〇◯●□■*＊OoＯX×")
_UNDECOMPOSED: Final = str.maketrans("đĐøØłŁıßæÆ", "dDoOlLisaA")


@dataclass(frozen=True, slots=True)
class ParsedName:
    """A name taken apart; every field is empty where the text does not tell it.

    `folded`: Han characters with variants folded, `*` for a hidden one. `surname` + `given` leave
    out a married-name prefix. `sounds`: one toneless syllable for each character of `surname` +
    `given`. `nickname`: the characters somebody is called by (小安 gives 安); where it is the
    surname itself, the text is a way of calling or a name (黃妹, 林君, 小陳). `parts`: sounds of the parts
    of a traditional name, by any of which its bearer may be told; of another name that of the whole.
    `latin`: folded tokens, sorted.
    """

    folded: str = ""
    surname: str = ""
    given: str = ""
    sounds: tuple[str, ...] = ()
    nickname: str = ""
    parts: tuple[str, ...] = ()
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
    masks = _is_masked(plain)
    han = _without_title(_han_of(plain, masks=masks))
    if not han.strip("*") or han in _NOBODY:
        return ParsedName(latin=latin)
    return _han_name(han, called, latin, () if masks else _parts_of(plain, han))


def _parts_of(plain: str, han: str) -> tuple[str, ...]:
    """The parts of a traditional name that a dot or a blank parts; none of any other name."""
    for marks in (_DOTS, _BLANKS):
        groups = [group for one in marks.split(plain) if (group := _han_of(one))]
        if groups and "".join(groups) != han:
            last = groups.pop()  # a title behind the name
            groups += [rest] if (rest := _without_title(last)) != last else []
        if len(groups) < 2 or "".join(groups) != han:
            continue
        # 李 美 玉, 陳·志安, 張陳 美玉 and 阮氏 玉蘭 are a surname and a given name.
        if min(map(len, groups)) >= _SHORTEST_PART and not _is_surname(groups[0]):
            return tuple(groups)
    return ()


def _is_surname(han: str) -> bool:
    """Whether two signs are a compound surname, two surnames (冠姓), or one with 氏 (Vietnamese)."""
    return han in _COMPOUNDS or (
        len(han) == 2 and han[0] in _SURNAMES and (han[1] in _SURNAMES or han[1] == "氏")
    )


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
            # 林美媽 is a name; 林媽 and 林小姐 are a surname with a title.
            if len(title) > 1 or rest in _SURNAMES:
                return rest
    return han


def _han_name(han: str, called: str, latin: tuple[str, ...], parts: tuple[str, ...]) -> ParsedName:
    surname, given = split_name(han, separated=bool(parts))
    if called == surname:
        called = ""
    nickname = called or _nickname_in(han) or (_nickname_in(given) if surname else "")
    if nickname and not surname and not called:
        given = ""
    if len(surname) == 1 and given in _EITHER:
        nickname = surname
    if len(han) == 2 and han[0] in _BEFORE and nickname in _COMMONEST:
        surname = nickname  # 小陳 and 老王 are called by their surname; 小康 may be
    if han == surname and han[:1] in _BEFORE:
        surname = ""
    return ParsedName(
        folded=han,
        surname=surname,
        given=given,
        sounds=_sounds(surname, given),
        nickname=nickname,
        parts=_part_sounds(han, parts) if given and "*" not in han else (),
        latin=latin,
        masked="*" in han,
    )


def _part_sounds(han: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    if not parts:
        parts = (han[:2], han[:3]) if len(han) >= _SHORTEST_JOINED else (han,)
    return tuple(dict.fromkeys(" ".join(map(sound, part)) for part in parts))


def split_name(han: str, *, separated: bool = False) -> tuple[str, str]:
    """(surname, given) of a folded Han name, a married-name prefix left out; surname empty if
    none is seen.
    """
    if separated:
        return "", han
    if own := _behind_prefix(han):
        return own
    if han[:2] in _COMPOUNDS and len(han) <= 5:
        return han[:2], han[2:]
    if len(han) > 4:
        return "", han
    if len(han) == 2 and han[0] in _SURNAMES and han[0] not in _BEFORE and han[0] != han[1]:
        # 林仔 and 林嫂 are a surname; 黃妹 and 李寶 are a name, though somebody may be called so.
        return han[0], "" if han[1] in _BEHIND and han[1] not in _EITHER else han[1]
    if len(han) == 2 and (han[0] == han[1] or han[0] in _BEFORE or han.endswith(_BEHIND)):
        return "", han
    if han[0] in _SURNAMES or han[0] == "*":
        return han[:1], han[1:]
    # A three-character text is a whole name even with a rare surname; two could be a given name
    # alone.
    return (han[0], han[1:]) if len(han) == 3 and not han.endswith(_BEHIND) else ("", han)


def _behind_prefix(han: str) -> tuple[str, str] | None:
    """(surname, given) behind a spouse's surname: 張陳美玉 is 陳美玉 (冠姓, Civil Code art. 1000)."""
    prefix = 2 if han[:2] in _COMPOUNDS else 1
    rest = han[prefix:]
    if prefix == 1 and han[0] not in _SURNAMES:
        return None
    if rest[:2] in _COMPOUNDS and len(rest) in (3, 4):
        return rest[:2], rest[2:]
    return (rest[0], rest[1:]) if len(rest) == 3 and rest[0] in _SURNAMES else None


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
    return tuple(sorted(tokens))
