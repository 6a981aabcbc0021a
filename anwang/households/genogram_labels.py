"""What stands below a person of a genogram: the whole name in as many lines as it needs, when born
and died, and what the person is to the matter. No line is wider than the person's cell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal
from unicodedata import east_asian_width

Lang = Literal["zh", "en"]
NAME: Final = 13  # px, the size of a name
NOTE: Final = 11  # px: what stands below a name
_NAME_LINE: Final = 15
_NOTE_LINE: Final = 12
_FIRST: Final = 17  # px from the symbol to the first line's foot
_LEAST: Final = 50  # px that are kept below everybody, so that rows of short names look alike
MOST_NAME_LINES: Final = 8  # a longer name stands whole in the person's <title>
# A name may break after a blank, a hyphen, or the dot between the parts of an indigenous name.
_PARTS: Final = re.compile(r"[^\s\-‧·・•．]+[\s\-‧·・•．]*")


@dataclass(frozen=True, slots=True)
class Label:
    """Lines below a symbol, and how far down from the symbol's edge they reach, in px."""

    name: tuple[str, ...]
    notes: tuple[str, ...]
    depth: float

    def feet(self) -> tuple[float, ...]:
        """Where each line's letters stand, from the symbol's lower edge: names, then notes."""
        names = [_FIRST + _NAME_LINE * at for at in range(len(self.name))]
        last = names[-1] + 3 if names else 2
        return (*names, *(last + _NOTE_LINE * (at + 1) for at in range(len(self.notes))))


def label_of(name: str, notes: Sequence[str], wide: float) -> Label:
    """The label of a person whose cell has room for `wide` px."""
    lines = wrapped(name, NAME, wide)
    told = _joined(notes, wide)
    made = Label(lines, told, 0)
    return Label(lines, told, max([_LEAST, *(foot + 5 for foot in made.feet())]))


def years_of(born_on: date | None, died_on: date | None, dead: bool, lang: Lang) -> str:
    """Years of birth and death as the notation has them; empty where neither is known."""
    born, died = _year(born_on, lang), _year(died_on, lang)
    if dead:
        if not born and not died:
            return ""
        return f"{born or '?'}–{died or '?'}"
    if not born:
        return ""
    return f"{born}年生" if lang == "zh" else f"b. {born}"


def marriage_of(edge: Mapping[str, Any], lang: Lang) -> str:
    """The years of a marriage and of its divorce, where registers tell them."""
    since, until = (
        _year(date.fromisoformat(edge[part]) if edge.get(part) else None, lang)
        for part in ("since", "until")
    )
    words = ("{}結", "{}離") if lang == "zh" else ("m {}", "d {}")
    return " ".join(
        word.format(year) for word, year in zip(words, (since, until), strict=True) if year
    )


def wrapped(words: str, size: int, wide: float, most: int = MOST_NAME_LINES) -> tuple[str, ...]:
    """Lines of `words` within `wide` px, broken between its parts, and within one only where it
    must be; what needs more than `most` lines ends in an ellipsis.
    """
    lines: list[str] = []
    for part in _PARTS.findall(words.strip()) or ([words.strip()] if words.strip() else []):
        if lines and width_of(lines[-1] + part.rstrip(), size) <= wide:
            lines[-1] += part
            continue
        while width_of(part.rstrip(), size) > wide:
            room = next(
                at for at in range(len(part), 0, -1)
                if at == 1 or width_of(part[:at], size) <= wide
            )  # fmt: skip
            lines.append(part[:room])
            part = part[room:]
        lines.append(part)
    told = [line.strip() for line in lines if line.strip()]
    if len(told) <= most:
        return tuple(told)
    last = told[most - 1]
    while last and width_of(last + "…", size) > wide:
        last = last[:-1]
    return (*told[: most - 1], last.rstrip() + "…")


def width_of(words: str, size: int) -> float:
    """At most how wide a line of `words` is, in px."""
    half = size * 0.58
    return sum(size if east_asian_width(sign) in "WFA" else half for sign in words)


def short(words: str, room: int) -> str:
    """`words` within `room` half-width signs."""
    for at, sign in enumerate(words):
        room -= 2 if sign > "\u2e7f" else 1
        if room < 0:
            return words[: max(1, at - 1)].rstrip() + "…"
    return words


def _joined(notes: Sequence[str], wide: float) -> tuple[str, ...]:
    """Notes side by side where they fit; each begins a line of its own where they do not."""
    lines: list[str] = []
    for note in dict.fromkeys(one for one in notes if one):
        if lines and width_of(f"{lines[-1]} · {note}", NOTE) <= wide:
            lines[-1] += f" · {note}"
        else:
            lines.extend(wrapped(note, NOTE, wide, most=2))
    return tuple(lines)


def _year(day: date | None, lang: Lang) -> str:
    if day is None:
        return ""
    if lang == "en":
        return str(day.year)
    return str(day.year - 1911) if day.year > 1911 else f"民前{1912 - day.year}"


def born_on(one: Mapping[str, Any]) -> date | None:
    """A member's day of birth, where it is known."""
    said = one.get("born_on")
    return date.fromisoformat(str(said)[:10]) if said else None
