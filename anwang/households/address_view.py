"""The address view as SVG: a band a place, a lane a person, years from left to right.

Hollow bars are registrations, filled ones where somebody was seen to live; what is not known to have
ended fades out to the right. Protected places are not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Final

from anwang.common.values.roc_dates import roc_date
from anwang.households.genogram import Lang
from anwang.households.presenters.words import joined, source_said
from anwang.households.rules.addresses import Addresses, Stay

MOST_YEARS: Final = 30
_LEFT: Final = 200
_YEARS: Final = 640
_WIDTH: Final = 856
_TOP: Final = 34
_LANE: Final = 22
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
        body.append(
            f'<text x="8" y="{y + 17:.0f}" font-size="14" font-weight="600" fill="{INK}" '
            f'lang="zh-Hant-TW">{escape(place.address)}</text>'
        )
        y += 26
        for stay in place.stays:
            body.append(_stay(stay, names.get(stay.person_id, ""), y, first, as_of, lang))
            y += _LANE
        body.append(f'<path d="M0 {y + 4:.0f}H{_WIDTH}" stroke="{LINE}"/>')
        y += 10
    height = y + 6
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline" width="{_WIDTH}" '
        f'height="{height:.0f}" viewBox="0 0 {_WIDTH} {height:.0f}" role="img" '
        f'aria-labelledby="addresses-title"><title id="addresses-title">{_say("title", lang)}</title>'
        f"{_years(first, as_of, height, lang)}{''.join(body)}</svg>"
    )


def _stay(stay: Stay, name: str, y: float, first: date, last: date, lang: Lang) -> str:
    middle = y + _LANE / 2
    start = _x(stay.since or stay.seen_on, first, last)
    end = max(_x(stay.until or last, first, last), start + 4)
    paint = (
        f'fill="{PAPER}" stroke="{ACCENT}" stroke-width="1.5"'
        if stay.rank == "registered"
        else f'fill="{ACCENT}" fill-opacity="0.8"'
    )
    since = _day(stay.since, lang) if stay.since else _say("unknown", lang)
    until = _day(stay.until, lang) if stay.until else _say("now", lang)
    word = _say(stay.rank, lang)
    sources = joined([source_said(one) for one in stay.sources])[lang]
    title = f"{name} · {word} · {since} – {until} · {sources}"
    label = _short(name)
    return (
        f"<g><title>{escape(title)}</title>"
        f'<text x="18" y="{middle + 4:.1f}" font-size="12" fill="{SOFT}" lang="zh-Hant-TW">'
        f"{escape(label)}</text>"
        f'<text x="{_LEFT - 8}" y="{middle + 4:.1f}" font-size="11" fill="{SOFT}" '
        f'text-anchor="end">{escape(word)}</text>'
        f'<rect x="{start:.1f}" y="{middle - 5:.1f}" width="{end - start:.1f}" height="10" rx="2" '
        f"{paint}/>"
        + (
            f'<path d="M{end:.1f} {middle - 5:.1f}l6 5l-6 5Z" fill="{ACCENT}"/>'
            if stay.until is None
            else ""
        )
        + "</g>"
    )


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


def _short(name: str) -> str:
    room = 15
    for at, sign in enumerate(name):
        room -= 2 if sign > "\u2e7f" else 1
        if room < 0:
            return name[: max(1, at - 1)].rstrip() + "…"
    return name


def _day(day: date, lang: Lang) -> str:
    return roc_date(day) if lang == "zh" else day.isoformat()


def _say(word: str, lang: Lang) -> str:
    return _WORDS[word][0 if lang == "zh" else 1]
