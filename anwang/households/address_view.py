"""The address view as SVG: a band a place, a lane a person, years from left to right.

Hollow bars are registrations, filled ones where somebody was seen to live; what is not known to have
ended has a point to the right. Stays too near each other to be told apart are one bar. Protected
places are not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Final

from anwang.common.values.roc_dates import roc_date
from anwang.households.genogram_labels import Lang, wrapped
from anwang.households.presenters.words import joined, source_said
from anwang.households.rules.addresses import Addresses, PersonStays, PlaceStays, Stay

MOST_YEARS: Final = 30
_LEFT: Final = 296
_YEARS: Final = 544
_WIDTH: Final = 856
_TOP: Final = 34
_LANE: Final = 22
_LINE: Final = 14  # a lane is so much higher for each further line of a name
_NAME: Final = _LEFT - 18 - 76  # px for a name, beside the word for what the stay is
_NEAR: Final = 1.0  # px between two bars that are drawn as one
INK: Final = "#18211d"
SOFT: Final = "#5d6962"
LINE: Final = "#d9ded9"
ACCENT: Final = "#0b5d57"
PAPER: Final = "#ffffff"
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("住址圖", "Address view"),
    "registered": ("設籍", "registered"),
    "lives": ("居住", "lived"),
    "unknown": ("日期不詳", "day not known"),
    "now": ("未知結束", "no end known"),
    "stays": ("{} 段", "{} stays"),
}


def address_svg(
    addresses: Addresses, names: Mapping[str, str], as_of: date, lang: Lang = "zh"
) -> str:
    """The drawing; one on a page."""
    days = [one.since or one.seen_on for place in addresses.places for one in place.stays]
    first = date(max(min([*days, as_of]).year, as_of.year - MOST_YEARS + 1), 1, 1)
    body: list[str] = []
    y = float(_TOP)
    for place in addresses.places:
        drawn, y = _place(place, names, y, (first, as_of), lang)
        body.append(drawn)
    height = y + 6
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline" width="{_WIDTH}" '
        f'height="{height:.0f}" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" '
        f'aria-labelledby="addresses-title"><title id="addresses-title">{_say("title", lang)}</title>'
        f"{_years(first, as_of, height, lang)}{''.join(body)}</svg>"
    )


def _place(
    place: PlaceStays, names: Mapping[str, str], y: float, years: tuple[date, date], lang: Lang
) -> tuple[str, float]:
    """A band of the drawing, and where it ends."""
    parts = []
    for line in wrapped(place.address, 14, _WIDTH - 24, most=3):
        parts.append(
            f'<text x="8" y="{y + 17:.0f}" font-size="14" font-weight="600" fill="{INK}" '
            f'lang="zh-Hant-TW">{escape(line)}</text>'
        )
        y += 18
    y += 8
    for one in place.persons:
        lines = wrapped(names.get(one.person_id, ""), 12, _NAME)
        high = _LANE + _LINE * max(0, len(lines) - 1)
        parts.append(_lane(one, lines, y + high / 2, years, lang))
        y += high
    parts.append(f'<path d="M0 {y + 4:.0f}H{_WIDTH}" stroke="{LINE}"/>')
    return "".join(parts), y + 10


def _lane(
    one: PersonStays, lines: Sequence[str], middle: float, years: tuple[date, date], lang: Lang
) -> str:
    word = _say(one.rank, lang)
    top = middle + 4 - _LINE * (len(lines) - 1) / 2
    name = "".join(
        f'<text x="18" y="{top + _LINE * at:.1f}" font-size="12" fill="{SOFT}" '
        f'lang="zh-Hant-TW">{escape(line)}</text>'
        for at, line in enumerate(lines)
    )
    return (
        f"<g>{name}"
        f'<text x="{_LEFT - 8}" y="{middle + 4:.1f}" font-size="11" fill="{SOFT}" '
        f'text-anchor="end">{escape(word)}</text>{_bars(one, middle, years, lang)}</g>'
    )


def _bars(one: PersonStays, middle: float, years: tuple[date, date], lang: Lang) -> str:
    first, last = years
    runs: list[tuple[float, float, list[Stay]]] = []
    for stay in one.stays:
        start = _x(stay.since or stay.seen_on, first, last)
        end = max(_x(stay.until or last, first, last), start + 4)
        if runs and start - runs[-1][1] < _NEAR:
            begun, reached, stays = runs[-1]
            stays.append(stay)
            runs[-1] = (begun, max(reached, end), stays)
        else:
            runs.append((start, end, [stay]))
    return "".join(_bar(start, end, stays, middle, lang) for start, end, stays in runs)


def _bar(start: float, end: float, stays: Sequence[Stay], middle: float, lang: Lang) -> str:
    lasts = any(one.until is None for one in stays)
    paint = (
        f'fill="{PAPER}" stroke="{ACCENT}" stroke-width="1.5"'
        if stays[0].rank == "registered"
        else f'fill="{ACCENT}" fill-opacity="0.8"'
    )
    point = f'<path d="M{end:.1f} {middle - 5:.1f}l6 5l-6 5Z" fill="{ACCENT}"/>' if lasts else ""
    return (
        f"<g><title>{escape(_told(stays, lang))}</title>"
        f'<rect x="{start:.1f}" y="{middle - 5:.1f}" width="{end - start:.1f}" height="10" rx="2" '
        f"{paint}/>{point}</g>"
    )


def _told(stays: Sequence[Stay], lang: Lang) -> str:
    since = min((one.since for one in stays if one.since), default=None)
    untils = [one.until for one in stays]
    ended = max((day for day in untils if day), default=None) if all(untils) else None
    begins = _day(since, lang) if since else _say("unknown", lang)
    ends = _day(ended, lang) if ended else _say("now", lang)
    sources = sorted({source for one in stays for source in one.sources})
    parts = [
        _say(stays[0].rank, lang),
        *([_say("stays", lang).format(len(stays))] if len(stays) > 1 else []),
        f"{begins} – {ends}",
        joined([source_said(one) for one in sources])[lang],
    ]
    return " · ".join(parts)


def _years(first: date, last: date, height: float, lang: Lang) -> str:
    parts = []
    step = 1 if last.year - first.year < 12 else 5
    for year in range(first.year, last.year + 1):
        if (year if lang == "en" else year - 1911) % step and year != first.year:
            continue
        x = _x(date(year, 1, 1), first, last)
        label = str(year - 1911) if lang == "zh" else str(year)
        parts.append(
            f'<path d="M{x:.1f} {_TOP - 8}V{height:.0f}" stroke="{LINE}"/>'
            f'<text x="{x + 3:.1f}" y="{_TOP - 14}" font-size="11" fill="{SOFT}">{label}</text>'
        )
    return "".join(parts)


def _x(day: date, first: date, last: date) -> float:
    whole = max((last - first).days, 1)
    return _LEFT + _YEARS * min(max((day - first).days / whole, 0.0), 1.0)


def _day(day: date, lang: Lang) -> str:
    return roc_date(day) if lang == "zh" else day.isoformat()


def _say(word: str, lang: Lang) -> str:
    return _WORDS[word][0 if lang == "zh" else 1]
