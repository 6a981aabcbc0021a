"""The genogram of a household picture as SVG, in the standard notation that social workers read.

Square man, circle woman, diamond unknown, triangle pregnancy; the age within; crossed out dead;
double line the person the report is about; a line the married, with the years of marriage and
divorce above and two strokes for the end; long dashes parents of a child who are not known to be
married; red zigzag with words violence; dashed green outline those who live together. Attributes
only, no style: the pages allow no inline style.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from itertools import pairwise
from math import hypot
from typing import Any, Final

from anwang.common.values.roc_dates import roc_date
from anwang.households.genogram_labels import (
    NAME,
    NOTE,
    Label,
    Lang,
    born_on,
    label_of,
    marriage_of,
    short,
    width_of,
    years_of,
)
from anwang.households.genogram_layout import CELL, SYMBOL, Layout, lay_out
from anwang.households.genogram_outline import Box, Point, outline_path
from anwang.households.presenters.words import fact_kinds

Picture = Mapping[str, Any]

INK: Final = "#18211d"
SOFT: Final = "#65716a"
RED: Final = "#b3261e"
GREEN: Final = "#0b5d57"
TINT: Final = "#e0efec"
PAPER: Final = "#ffffff"
_HALF: Final = SYMBOL / 2
_FOOT: Final = 18  # px below the drawing, clear of the outline of those who live together
_FOOT_NAME: Final = 36  # in half-width signs; the whole name stands below the symbol
_ROOM: Final = CELL - 10  # px that a name and its notes may be wide
_INSET: Final = 5  # px from the edge of a cell to the outline, which would else lie on a line
WIDE: Final = 1100  # px: a drawing beyond is not made smaller, since nobody could read it

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("家系圖", "Genogram"),
    "living": ("同住", "Living together"),
    "violence": ("暴力", "Violence"),
    "pregnant": ("懷孕中", "Pregnant"),
    "unmatched": ("尚未辨識", "Not identified"),
    "inferred": ("虛線：推定，未經登記確認", "Broken line: inferred, not from a register"),
    "unmarried": ("長虛線：登記中未見婚姻", "Long dashes: no marriage is registered"),
    "dead": ("歿", "dead"),
    "years": ("歲", "years"),
    "victim": ("被害人", "victim"),
    "respondent": ("相對人", "respondent"),
    "carer": ("照顧者", "carer"),
    "person-in-need": ("需協助者", "person in need"),
    "witness-child": ("目睹兒少", "child witness"),
    "household-member": ("同住家人", "household member"),
    "parent": ("父母", "parent"),
    "parentM": ("父", "father"),
    "parentF": ("母", "mother"),
    "spouse": ("配偶", "spouse"),
    "child": ("子女", "child"),
    "childM": ("子", "son"),
    "childF": ("女", "daughter"),
    "sibling": ("手足", "sibling"),
    "grandparent": ("祖父母", "grandparent"),
    "grandparentM": ("祖父", "grandfather"),
    "grandparentF": ("祖母", "grandmother"),
    "grandchild": ("孫子女", "grandchild"),
}


def genogram_svg(
    picture: Picture,
    focus: Sequence[str] | None = None,
    lang: Lang = "zh",
    *,
    id_prefix: str = "genogram",
    mark: str = "",
) -> str:
    """The drawing of `picture`. `focus`: ids drawn with a double line; absent, the picture's own.
    `mark`: who takes it along, in its last line.

    `id_prefix` must differ between two drawings on one page. Names are data: their elements carry
    `lang="zh-Hant-TW"` in either language.
    """
    members, edges = _with_pregnancies(picture, lang)
    labels = _labels(members, picture, lang)
    layout = lay_out(members, edges, {pid: one.depth for pid, one in labels.items()})
    chosen = set(picture.get("focus", ()) if focus is None else focus)
    unmarried = _unmarried(layout, edges)
    foot = _foot(picture, edges, lang)
    foot += [(_say("unmarried", lang), SOFT, False)] if unmarried else []
    foot += [(mark, SOFT, True)] if mark else []
    width = max(layout.width, 300, *(40 + width_of(words, 12) for words, *_ in foot))
    height = layout.height + (_FOOT - 8 + 20 * len(foot) if foot else 0)
    beyond = " wide" if width > WIDE else ""
    body = [
        *_living(picture, layout, lang),
        *_partner_lines(layout, edges, unmarried, lang),
        *_family_lines(layout),
        *_violence(layout, edges, lang),
        *(
            _person(one, layout.at[one["person_id"]], labels[one["person_id"]], chosen)
            for one in members
        ),
        *(
            _text(28, layout.height + _FOOT + 20 * at, words, 12, fill, "start", data=data)
            for at, (words, fill, data) in enumerate(foot)
        ),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="genogram{beyond}" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-labelledby="{id_prefix}-title" '
        f'aria-describedby="{id_prefix}-desc {id_prefix}-names">'
        f'<title id="{id_prefix}-title">{_say("title", lang)}</title>'
        f'<desc id="{id_prefix}-desc">{escape(_described(picture, edges, lang))}</desc>'
        f'<desc id="{id_prefix}-names" lang="zh-Hant-TW">{escape(_names(picture))}</desc>'
        + "".join(body)
        + "</svg>"
    )


def _with_pregnancies(
    picture: Picture, lang: Lang
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Members and edges with a triangle below each pregnant member. No father is claimed."""
    members = [dict(one) for one in picture["members"]]
    edges = [dict(one) for one in picture["edges"]]
    for one in picture["members"]:
        if one.get("pregnant") and not one.get("dead"):
            pid = f"pregnancy-{one['person_id']}"
            members.append(
                {
                    "person_id": pid,
                    "name": _say("pregnant", lang),
                    "sex": "",
                    "age": None,
                    "unborn": True,
                    "matched": True,
                }
            )
            edges.append({"kind": "parent", "from": one["person_id"], "to": pid})
    return members, edges


def _labels(members: Sequence[Mapping[str, Any]], picture: Picture, lang: Lang) -> dict[str, Label]:
    died = _deaths(picture)
    return {
        one["person_id"]: label_of(
            one["name"], _notes(one, died.get(one["person_id"]), lang), _ROOM
        )
        for one in members
    }


def _deaths(picture: Picture) -> dict[str, date]:
    """Person -> the day of death that the newest word names."""
    kinds = fact_kinds()
    return {
        fact["person_id"]: date.fromisoformat(fact["valid_from"])
        for fact in picture.get("facts", ())
        if (kind := kinds.get(fact["kind"])) is not None
        and kind.person == "death"
        and fact["valid_from"]
        and fact["current"]
    }


def _person(one: Mapping[str, Any], at: tuple[float, float], label: Label, focus: set[str]) -> str:
    x, y = at
    matched = one.get("matched", True)
    dash = "" if matched else ' stroke-dasharray="4 3"'
    shapes = [_shape(one, x, y, _HALF, f'fill="{PAPER}" stroke="{INK}" stroke-width="2"{dash}')]
    if one["person_id"] in focus:
        shapes.append(_shape(one, x, y, _HALF - 4, f'fill="none" stroke="{INK}" stroke-width="2"'))
    if one.get("dead"):
        reach = _HALF if one["sex"] == "M" else _HALF * 0.71
        shapes.append(
            f'<path d="M{x - reach:.1f} {y - reach:.1f}L{x + reach:.1f} {y + reach:.1f}'
            f'M{x + reach:.1f} {y - reach:.1f}L{x - reach:.1f} {y + reach:.1f}" '
            f'stroke="{INK}" stroke-width="2" fill="none"/>'
        )
    if not matched:
        shapes.append(_text(x, y + 6, "?", 17, SOFT))
    elif one.get("age") is not None and not one.get("dead"):
        shapes.append(_text(x, y + 4.5, str(one["age"]), 12, INK))
    unborn = bool(one.get("unborn"))
    feet = [y + _HALF + foot for foot in label.feet()]
    ink = SOFT if unborn else INK
    lines = [
        *(_text(x, foot, words, NAME, ink, data=not unborn)
          for foot, words in zip(feet, label.name, strict=False)),
        *(_text(x, foot, words, NOTE, SOFT)
          for foot, words in zip(feet[len(label.name):], label.notes, strict=True)),
    ]  # fmt: skip
    title = f'<title lang="zh-Hant-TW">{escape(one["name"])}</title>' if not unborn else ""
    about = ' data-about=""' if one["person_id"] in focus else ""
    return f"<g{about}>{title}{''.join(shapes + lines)}</g>"


def _shape(one: Mapping[str, Any], x: float, y: float, half: float, paint: str) -> str:
    if one.get("unborn"):
        return (
            f'<path d="M{x:.1f} {y - half:.1f}L{x + half:.1f} {y + half:.1f}'
            f'H{x - half:.1f}Z" {paint}/>'
        )
    if one["sex"] == "M":
        side = 2 * half
        return (
            f'<rect x="{x - half:.1f}" y="{y - half:.1f}" width="{side:.0f}" '
            f'height="{side:.0f}" {paint}/>'
        )
    if one["sex"] == "F":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{half:.0f}" {paint}/>'
    return (
        f'<path d="M{x:.1f} {y - half:.1f}L{x + half:.1f} {y:.1f}L{x:.1f} {y + half:.1f}'
        f'L{x - half:.1f} {y:.1f}Z" {paint}/>'
    )


def _notes(one: Mapping[str, Any], died_on: date | None, lang: Lang) -> list[str]:
    """What stands below the name: years, then what the person is here."""
    if one.get("unborn"):
        return []
    years = years_of(born_on(one), died_on, bool(one.get("dead")), lang)
    notes = [f"{years} {_say('dead', lang)}".strip() if one.get("dead") else years]
    within = one.get("matched", True) and not one.get("dead")  # where the symbol tells the age
    if not within and not years and one.get("age") is not None:
        notes.append(f"{one['age']} {_say('years', lang)}")
    relation = one.get("relation")
    # Beside the relation this role tells nothing.
    told = one.get("role") != "household-member" or not relation
    if told and one.get("role") in _WORDS:
        notes.append(_say(one["role"], lang))
    if relation:
        sexed = f"{relation}{one['sex']}"
        notes.append(_say(sexed if sexed in _WORDS else relation, lang))
    if not one.get("matched", True):
        notes.append(_say("unmatched", lang))
    return notes


def _unmarried(layout: Layout, edges: Sequence[Mapping[str, Any]]) -> set[frozenset[str]]:
    """Pairs who have a child together and of whom no register says that they are or were married."""
    said = {frozenset((one["from"], one["to"])) for one in edges if one["kind"] == "spouse"}
    return {frozenset(pair) for pair in layout.partners} - said


def _partner_lines(
    layout: Layout,
    edges: Sequence[Mapping[str, Any]],
    unmarried: set[frozenset[str]],
    lang: Lang,
) -> list[str]:
    said = {frozenset((one["from"], one["to"])): one for one in edges if one["kind"] == "spouse"}
    found = []
    for number, (one, other) in enumerate(layout.partners):
        (x1, y1), (x2, y2) = sorted((layout.at[one], layout.at[other]))
        edge = said.get(frozenset((one, other)))
        dash = ' stroke-dasharray="3 4"' if edge is not None and edge.get("inferred") else ""
        if frozenset((one, other)) in unmarried:
            dash = ' stroke-dasharray="10 6"'
        between = any(
            x1 < x < x2 and y == y1 for pid, (x, y) in layout.at.items() if pid not in (one, other)
        )
        if between:
            low = y1 + _HALF + 6 + 4 * (number % 3)
            path = f"M{x1:.1f} {y1 + _HALF:.1f}V{low:.1f}H{x2:.1f}V{y2 + _HALF:.1f}"
        else:
            path = f"M{x1 + _HALF:.1f} {y1:.1f}L{x2 - _HALF:.1f} {y2:.1f}"
        found.append(_line(path, dash))
        years = marriage_of(edge, lang) if edge is not None else ""
        if years and not between and y1 == y2:
            clear = 12 if edge is not None and edge.get("until") else 6  # of the two strokes
            found.append(_text((x1 + x2) / 2, y1 - clear, years, 10, SOFT))
        if edge is not None and edge.get("until"):
            x = x1 + (x2 - x1) * 0.3
            found.append(_line(f"M{x - 6:.1f} {y1 + 9:.1f}l8 -18m4 0l-8 18"))
    return found


def _family_lines(layout: Layout) -> list[str]:
    found = []
    for family in layout.families:
        stands = sorted(layout.at[pid] for pid in family.parents[:2])
        dash = ' stroke-dasharray="3 4"' if family.inferred else ""
        x = sum(place[0] for place in stands) / len(stands)
        y = stands[0][1] if len(stands) > 1 else stands[0][1] + _HALF
        if any(abs(x - px) < _HALF and py == stands[0][1] for px, py in layout.at.values()):
            x, y = stands[-1][0], stands[-1][1] + _HALF
        ends = [layout.at[child] for child in family.children]
        left, right = min(x, *(end[0] for end in ends)), max(x, *(end[0] for end in ends))
        path = f"M{x:.1f} {y:.1f}V{family.bar:.1f}M{left:.1f} {family.bar:.1f}H{right:.1f}"
        for cx, cy in ends:
            path += f"M{cx:.1f} {family.bar:.1f}V{cy - _HALF:.1f}"
        found.append(_line(path, dash))
    return found


def _violence(layout: Layout, edges: Sequence[Mapping[str, Any]], lang: Lang) -> list[str]:
    """A zigzag with an arrow to the victim, and a word; the dates stand in the foot."""
    found = []
    ties = [one for one in edges if one["kind"] == "violence"]
    for number, edge in enumerate(ties, start=1):
        start, tip = _violent_ends(layout, edge["from"], edge["to"])
        far = hypot(tip[0] - start[0], tip[1] - start[1]) or 1.0
        ux, uy = (tip[0] - start[0]) / far, (tip[1] - start[1]) / far
        found.append(_zigzag(start, far, ux, uy))
        word = _say("violence", lang) + (f" {number}" if len(ties) > 1 else "")
        x, y = start[0] + ux * far * 0.55, start[1] + uy * far * 0.55
        if abs(uy) < 0.2:
            found.append(_text((start[0] + tip[0]) / 2, y - 34, word, 12, RED))
        else:
            side = 1 if ux >= 0 else -1
            anchor = "start" if side > 0 else "end"
            found.append(_text(x + 12 * side, y, word, 12, RED, anchor))
    return found


def _violent_ends(layout: Layout, one: str, other: str) -> tuple[Point, Point]:
    """Where a zigzag begins and ends: between generations below the names, else beside the line."""
    (x1, y1), (x2, y2) = layout.at[one], layout.at[other]
    down, up = (_HALF + layout.depth(pid) + 2 for pid in (one, other))
    if y2 - y1 > down + _HALF:
        return (x1 - 8, y1 + down), (x2 - 8, y2 - _HALF - 4)
    if y1 - y2 > up + _HALF:
        return (x1 - 8, y1 - _HALF - 4), (x2 - 8, y2 + up)
    side = 1 if x2 >= x1 else -1
    return (x1 + side * (_HALF + 3), y1 + 9), (x2 - side * (_HALF + 4), y2 + 9)


def _zigzag(start: Point, far: float, ux: float, uy: float) -> str:
    count = max(3, int((far - 8) / 7))
    points = []
    for step in range(count + 1):
        along = (far - 8) * step / count
        swing = 0.0 if step in (0, count) else (5.0 if step % 2 else -5.0)
        points.append((start[0] + ux * along - uy * swing, start[1] + uy * along + ux * swing))
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    x, y = start[0] + ux * far, start[1] + uy * far
    back = (x - ux * 11, y - uy * 11)
    arrow = (
        f"M{x:.1f} {y:.1f}L{back[0] - uy * 6:.1f} {back[1] + ux * 6:.1f}"
        f"L{back[0] + uy * 6:.1f} {back[1] - ux * 6:.1f}Z"
    )
    return (
        f'<path d="{path}" fill="none" stroke="{RED}" stroke-width="2.5" '
        f'stroke-linejoin="round"/><path d="{arrow}" fill="{RED}"/>'
    )


def _foot(
    picture: Picture, edges: Sequence[Mapping[str, Any]], lang: Lang
) -> list[tuple[str, str, bool]]:
    """Lines below the drawing: (words, colour, whether they hold names)."""
    names = {one["person_id"]: one["name"] for one in picture["members"]}
    ties = [one for one in edges if one["kind"] == "violence"]
    lines = []
    for number, edge in enumerate(ties, start=1):
        days = [_day(day, lang) for day in edge.get("dates") or [edge.get("since")] if day]
        mark = f" {number}" if len(ties) > 1 else ""
        who = f"{short(names[edge['from']], _FOOT_NAME)} → {short(names[edge['to']], _FOOT_NAME)}"
        lines.append((f"{_say('violence', lang)}{mark}  {who}  {'、'.join(days[-4:])}", RED, True))
    if any(one.get("inferred") for one in edges):
        lines.append((_say("inferred", lang), SOFT, False))
    return lines


def _living(picture: Picture, layout: Layout, lang: Lang) -> list[str]:
    """One outline, in several parts where those who live together do not stand together."""
    living = [pid for pid in picture["living_together"] if pid in layout.at]
    if len(living) < 2:
        return []
    boxes: list[Box] = []
    runs: list[list[Box]] = []
    for row in layout.rows:
        row_runs: list[Box] = []
        deep = layout.row_depth(row)
        for pid in sorted(row, key=lambda one: layout.at[one][0]):
            x, y = layout.at[pid]
            own = pid in living or pid.removeprefix("pregnancy-") in living
            half = CELL / 2 - _INSET
            box = (x - half, y - _HALF - 14, x + half, y + _HALF + deep)
            others = [layout.at[one][0] for one in row if one not in living]
            if not own:
                continue
            last = row_runs[-1] if row_runs else None
            if last and not any(last[2] < other < box[0] for other in others):
                row_runs[-1] = (last[0], last[1], box[2], box[3])
            else:
                row_runs.append(box)
        runs.append(row_runs)
        boxes.extend(row_runs)
    for upper, lower in pairwise(runs):
        for one in upper:
            for other in lower:
                left, right = max(one[0], other[0]), min(one[2], other[2])
                if right - left > 30:
                    boxes.append((left, one[3], right, other[1]))
    first = min(boxes, key=lambda box: (box[1], box[0]))
    return [
        f'<path d="{outline_path(boxes)}" fill="{TINT}" fill-opacity="0.4" stroke="{GREEN}" '
        'stroke-width="1.5" stroke-dasharray="6 5"/>',
        _text(first[0] + 16, first[1] - 4, _say("living", lang), 11, GREEN, "start"),
    ]


def _described(picture: Picture, edges: Sequence[Mapping[str, Any]], lang: Lang) -> str:
    members, living = len(picture["members"]), len(picture["living_together"])
    violence = sum(one["kind"] == "violence" for one in edges)
    if lang == "zh":
        said = f"共 {members} 人，同住 {living} 人。"
        return said + (f"暴力關係 {violence} 段。" if violence else "")
    said = f"{members} persons, {living} living together."
    return said + (f" Ties of violence: {violence}." if violence else "")


def _names(picture: Picture) -> str:
    return "、".join(
        f"{one['name']} {one['age'] if one['age'] is not None else ''}".strip()
        for one in picture["members"]
    )


def _line(path: str, more: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="2"{more}/>'


def _text(
    x: float,
    y: float,
    words: str,
    size: int,
    fill: str,
    anchor: str = "middle",
    *,
    data: bool = False,
) -> str:
    """Text with a halo of paper, so that a line behind it does not strike it through."""
    lang = ' lang="zh-Hant-TW"' if data else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" '
        f'stroke="{PAPER}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"{lang}>'
        f"{escape(words)}</text>"
    )


def _day(iso: str, lang: Lang) -> str:
    return roc_date(date.fromisoformat(iso)) if lang == "zh" else iso


def _say(word: str, lang: Lang) -> str:
    return _WORDS[word][0 if lang == "zh" else 1]
