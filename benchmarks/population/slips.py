"""Slips that questions have beside the demo's: nearly the same sound, a name or number told in part.

What sounds nearly alike is told here by itself, and not read from the rules that are measured.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Final

from anwang.people.rules.characters import sound
from benchmarks.population.lists import tail
from demo.identity import ID_LETTERS
from demo.persons import surname_of
from demo.words import surnames

# ㄈ and ㄏ, in the syllables that many speakers of Taiwanese merge.
_LIP_OR_THROAT: Final = {
    "fa": "hua", "fan": "huan", "fang": "huang", "fei": "hui", "fen": "hun", "feng": "hong",
    "fu": "hu",
}  # fmt: skip
_MERGED: Final = _LIP_OR_THROAT | {throat: lip for lip, throat in _LIP_OR_THROAT.items()}
_MASKS: Final = "*＊○X"


def nearly_sounding(syllable: str) -> list[str]:
    """Syllables that are taken for one: ㄓㄔㄕ for ㄗㄘㄙ, ㄣ for ㄥ, ㄈ for ㄏ, each also the other way."""
    found = []
    if syllable[:2] in ("zh", "ch", "sh"):
        found.append(syllable[0] + syllable[2:])
    elif syllable[0] in "zcs":
        found.append(f"{syllable[0]}h{syllable[1:]}")
    if syllable.endswith(("eng", "ing")):
        found.append(syllable[:-1])
    elif syllable.endswith(("en", "in")):
        found.append(syllable + "g")
    return [*found, *([_MERGED[syllable]] if syllable in _MERGED else [])]


@cache
def _signs_of() -> dict[str, str]:
    """Syllable -> the characters of given names that sound so."""
    found: dict[str, str] = {}
    for sign in tail().options:
        found[sound(sign)] = found.get(sound(sign), "") + sign
    return found


def _near(name: str) -> list[tuple[int, str]]:
    """(place in the given name, another character there that sounds nearly alike)."""
    return [
        (at, other)
        for at in range(len(surname_of(name)), len(name))
        for syllable in nearly_sounding(sound(name[at]))
        for other in _signs_of().get(syllable, "")
    ]


def has_near_sound(name: str) -> bool:
    """Whether a character of the given name has others that sound nearly alike."""
    return bool(_near(name))


def near_sound(name: str, stream: Random) -> str:
    """One character of the given name as one that sounds nearly alike; unchanged where none does."""
    if not (choices := _near(name)):
        return name
    at, other = stream.choice(choices)
    return name[:at] + other + name[at + 1 :]


def one_missing(name: str, stream: Random) -> str:
    """A name of three characters or more without one of them; a shorter one as it is."""
    if len(name) < 3:
        return name
    at = stream.randrange(len(name))
    return name[:at] + name[at + 1 :]


def with_married_prefix(name: str, stream: Random) -> str:
    """A husband's surname before a woman's own name (冠姓)."""
    own = surname_of(name)
    husbands = [one for one in surnames().options if len(one) == 1 and one != own]
    return stream.choice(husbands[:30]) + name


def masked(number: str, stream: Random) -> str:
    """A number of which one sign or two cannot be read."""
    hidden = stream.sample(range(2, len(number)), stream.choice([1, 2]))
    mask = stream.choice(_MASKS)
    return "".join(mask if at in hidden else sign for at, sign in enumerate(number))


def wrong_letter(number: str, stream: Random) -> str:
    """Another first letter, heard or remembered wrongly."""
    return stream.choice([one for one in ID_LETTERS.options if one != number[0]]) + number[1:]
