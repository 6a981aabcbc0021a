"""The risk timeline of a household as SVG: years from left to right, a band a person, a lane a source's
kind of fact.

A bar is what lasted, its end open where it lasts on; a diamond is what happened on a day; a tick below
says when we learnt of it. Attributes only, as in the genogram.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any, Final

from anwang.common.values.roc_dates import TAIPEI, roc_date
from anwang.households.genogram_labels import Lang, width_of, wrapped
from anwang.households.presenters.words import Said, fact_kinds, kind_said, source_said
from anwang.registries.rules.fact_kinds import FactKind

Picture = Mapping[str, Any]
MOST_YEARS: Final = 12
_LEFT: Final = 236  # the column of words
_YEARS: Final = 620
_RIGHT: Final = 16
_TOP: Final = 34
_LANE: Final = 24
_TWO_LINES: Final = 34  # a lane whose source stands below its kind, since both do not fit a line
_ROOM: Final = _LEFT - 26  # px for a lane's words
_HEAD: Final = 26
_GAP: Final = 8
_EVENT_DAYS: Final = 1
INK: Final = "#18211d"
SOFT: Final = "#5d6962"
LINE: Final = "#d9ded9"
ACCENT: Final = "#0b5d57"
RED: Final = "#b3261e"
PAPER: Final = "#ffffff"
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("風險時間軸", "Risk timeline"),
    "lasts": ("仍持續", "lasts"),
    "known": ("得知", "known"),
    "none": ("這些年沒有需要留意的紀錄", "Nothing that calls for attention in these years"),
    "earlier": ("更早", "earlier"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """What one fact says on a lane. `until` None: it lasts on the day of the picture."""

    since: date
    until: date | None
    event: bool
    known_on: date
    text: Said


@dataclass(frozen=True, slots=True)
class Lane:
    """One kind of fact from one source about one person."""

    kind: str
    source: str
    spans: tuple[Span, ...]


def lanes_of(picture: Picture) -> dict[str, list[Lane]]:
    """Person -> lanes of what calls for attention, in the members' order; persons without are left out."""
    kinds = fact_kinds()
    found: dict[str, dict[tuple[str, str], dict[tuple[Any, ...], Span]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for fact in picture["facts"]:
        kind = kinds.get(fact["kind"])
        if kind is not None and not kind.everyday and fact["state"] == "value":
            span = _span(fact, kind, picture)
            place = found[fact["person_id"]][fact["kind"], fact["source"]]
            said = (span.since, span.until, span.text["zh"])
            place[said] = min(place.get(said, span), span, key=lambda one: one.known_on)
    order = [one["person_id"] for one in picture["members"]]
    return {
        pid: [
            Lane(kind, source, tuple(sorted(spans.values(), key=lambda one: one.since)))
            for (kind, source), spans in sorted(found[pid].items())
        ]
        for pid in order
        if pid in found
    }


def timeline_svg(
    picture: Picture, lang: Lang = "zh", *, id_prefix: str = "timeline", mark: str = ""
) -> str:
    """The drawing. `id_prefix` must differ between two drawings on one page; `mark`: who takes it
    along.
    """
    lanes = lanes_of(picture)
    return _drawn(lanes, picture, _axis(lanes, picture), lang, id_prefix, mark)


def timeline_pages(picture: Picture, lang: Lang = "zh", *, most: int = 560) -> list[str]:
    """The drawing in parts of at most `most` px, each over the same years: for paper. A person whose
    lanes are more has a part that is higher.
    """
    lanes = lanes_of(picture)
    parts: list[dict[str, list[Lane]]] = [{}]
    used = _TOP
    for pid, own in lanes.items():
        high = _HEAD + sum(_height(lane, lang) for lane in own) + _GAP
        if parts[-1] and used + high > most:
            parts.append({})
            used = _TOP
        parts[-1][pid] = own
        used += high
    axis = _axis(lanes, picture)
    return [
        _drawn(part, picture, axis, lang, f"timeline-{at}", "") for at, part in enumerate(parts)
    ]


def _drawn(
    lanes: Mapping[str, Sequence[Lane]],
    picture: Picture,
    axis: _Axis,
    lang: Lang,
    id_prefix: str,
    mark: str,
) -> str:
    names = {one["person_id"]: one.get("name") or "不詳" for one in picture["members"]}
    body: list[str] = []
    y = float(_TOP)
    for pid, own in lanes.items():
        body.append(_text(8, y + 17, names[pid], 14, INK, data=True, bold=True))
        y += _HEAD
        for lane in own:
            body.append(_lane(lane, y, axis, lang))
            y += _height(lane, lang)
        body.append(f'<path d="M0 {y + 3:.0f}H{_width()}" stroke="{LINE}"/>')
        y += _GAP
    if not lanes:
        body.append(_text(8, y + 20, _say("none", lang), 13, SOFT))
        y += 34
    if mark:
        body.append(_text(8, y + 18, mark, 11, SOFT, data=True))
        y += 22
    height = y + 8
    told = f"{len(lanes)} · {sum(len(one) for one in lanes.values())}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline" width="{_width()}" '
        f'height="{height:.0f}" viewBox="0 0 {_width()} {height:.0f}" role="img" '
        f'aria-labelledby="{id_prefix}-title" aria-describedby="{id_prefix}-desc">'
        f'<title id="{id_prefix}-title">{_say("title", lang)}</title>'
        f'<desc id="{id_prefix}-desc">{told}</desc>'
        f"{axis.drawn(height, lang)}{''.join(body)}</svg>"
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """From the first of January of a year to the day of the picture."""

    first: date
    last: date

    @classmethod
    def of(cls, lanes: Mapping[str, Sequence[Lane]], last: date) -> _Axis:
        years = [span.since.year for own in lanes.values() for lane in own for span in lane.spans]
        earliest = min([*years, last.year - 2])
        return cls(date(max(earliest, last.year - MOST_YEARS + 1), 1, 1), last)

    def x(self, day: date) -> float:
        """Where a day stands; one outside stands at the edge."""
        whole = max((self.last - self.first).days, 1)
        return _LEFT + _YEARS * min(max((day - self.first).days / whole, 0.0), 1.0)

    def drawn(self, height: float, lang: Lang) -> str:
        parts = []
        years = range(self.first.year, self.last.year + 1)
        for year in years:
            x = self.x(date(year, 1, 1))
            parts.append(f'<path d="M{x:.1f} {_TOP - 8}V{height:.0f}" stroke="{LINE}"/>')
            label = str(year - 1911) if lang == "zh" else str(year)
            room = (self.x(date(year, 12, 31)) - x) > 24
            parts.append(_text(x + 3, _TOP - 14, label, 11, SOFT) if room else "")
        x = self.x(self.last)
        parts.append(f'<path d="M{x:.1f} {_TOP - 8}V{height:.0f}" stroke="{SOFT}"/>')
        return "".join(parts)


def _axis(lanes: Mapping[str, Sequence[Lane]], picture: Picture) -> _Axis:
    return _Axis.of(lanes, date.fromisoformat(picture["as_of"]))


def _span(fact: Mapping[str, Any], kind: FactKind, picture: Picture) -> Span:
    as_of = date.fromisoformat(picture["as_of"])
    known_on = datetime.fromisoformat(fact["known_at"]).astimezone(TAIPEI).date()
    since = date.fromisoformat(fact["valid_from"]) if fact["valid_from"] else known_on
    until = date.fromisoformat(fact["valid_to"]) if fact["valid_to"] else None
    # What fades by itself and names no end is told of a day, and did not last.
    event = until is None and kind.fades_after_days is not None
    event = event or (until is not None and (until - since).days <= _EVENT_DAYS)
    return Span(since, until if until and until <= as_of else None, event, known_on, fact["text"])


def _words(lane: Lane, lang: Lang) -> tuple[str, ...]:
    """A lane's kind and source, in one line where they fit."""
    kind, source = kind_said(lane.kind)[lang], source_said(lane.source)[lang]
    both = f"{kind} · {source}"
    return (both,) if width_of(both, 12) <= _ROOM else (kind, source)


def _height(lane: Lane, lang: Lang) -> int:
    return _LANE if len(_words(lane, lang)) == 1 else _TWO_LINES


def _lane(lane: Lane, y: float, axis: _Axis, lang: Lang) -> str:
    said = _words(lane, lang)
    middle = y + _height(lane, lang) / 2
    first = middle + (4 if len(said) == 1 else -3)
    parts = [_text(18, first, _fitted(said[0], 12), 12, SOFT)]
    parts += [_text(18, first + 14, _fitted(words, 11), 11, SOFT) for words in said[1:]]
    parts += [_span_drawn(span, middle, axis, lang) for span in lane.spans]
    return f"<g><title>{escape(' · '.join(said))}</title>{''.join(parts)}</g>"


def _fitted(words: str, size: int) -> str:
    return next(iter(wrapped(words, size, _ROOM, most=1)), "")


def _span_drawn(span: Span, y: float, axis: _Axis, lang: Lang) -> str:
    x = axis.x(span.since)
    told = _told(span, lang)
    data = any(sign > "\u2e7f" for sign in told)  # a vaccine, a prison: as the source wrote it
    spoken = ' lang="zh-Hant-TW"' if data else ""
    title = f"<title{spoken}>{escape(told)}</title>"
    known = axis.x(span.known_on)
    tick = f'<path d="M{known:.1f} {y + 7:.1f}v5" stroke="{SOFT}" stroke-width="1.5"/>'
    if span.event:
        shape = f'<path d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6Z" fill="{RED}" stroke="{PAPER}"/>'
        return f"<g>{title}{shape}{tick}</g>"
    end = axis.x(span.until or axis.last)
    wide = max(end - x, 4)
    shape = (
        f'<rect x="{x:.1f}" y="{y - 5:.1f}" width="{wide:.1f}" height="10" rx="2" '
        f'fill="{ACCENT}" fill-opacity="{0.85 if span.until is None else 0.45}"/>'
    )
    if span.until is None:
        shape += f'<path d="M{end:.1f} {y - 5:.1f}l6 5l-6 5Z" fill="{ACCENT}"/>'
    if span.since < axis.first:
        shape += f'<path d="M{x:.1f} {y - 5:.1f}l-6 5l6 5Z" fill="{ACCENT}" fill-opacity="0.6"/>'
    return f"<g>{title}{shape}{tick}</g>"


def _told(span: Span, lang: Lang) -> str:
    begins = _day(span.since, lang)
    ends = (
        "" if span.event else f" – {_day(span.until, lang) if span.until else _say('lasts', lang)}"
    )
    return f"{span.text[lang]} · {begins}{ends} · {_say('known', lang)} {_day(span.known_on, lang)}"


def _text(
    x: float, y: float, words: str, size: int, fill: str, *, data: bool = False, bold: bool = False
) -> str:
    lang = ' lang="zh-Hant-TW"' if data else ""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}"{weight}{lang}>'
        f"{escape(words)}</text>"
    )


def _width() -> int:
    return _LEFT + _YEARS + _RIGHT


def _day(day: date, lang: Lang) -> str:
    return roc_date(day) if lang == "zh" else day.isoformat()


def _say(word: str, lang: Lang) -> str:
    return _WORDS[word][0 if lang == "zh" else 1]
