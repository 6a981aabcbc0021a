"""Two people in two columns: what each record tells, where they differ, and what that weighs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from anwang.cases.queries.who_is_who import Question, RecordSeen
from anwang.common.values.roc_dates import roc_parts
from anwang.common.yaml_files import read_yaml
from anwang.directory.models import County, District
from anwang.people.queries import model_in_force
from anwang.people.rules.addresses import Address
from anwang.people.rules.columns import row_of
from anwang.people.rules.comparisons import LEVEL_OF
from anwang.people.rules.differences import Piece, side_by_side
from anwang.people.rules.forms import Forms

WORDS: Final = Path(__file__).resolve().parents[1] / "people" / "policies" / "level_words.yaml"
_WIDEST: Final = 20.0  # bits; more are drawn as so many
_HALF: Final = 60  # of the bar, in its own units
_MOBILE: Final = 9
Words = dict[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of both sides. `state`: same, different, one-side, untold (the number alone)."""

    label: str
    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """One comparison in words; the bar goes from the middle, to the right where it speaks for."""

    comparison: Words
    level: Words
    weight: float
    bar_x: float
    bar_width: float


@cache
def level_words() -> Mapping[str, Any]:
    """Words for comparisons and their levels."""
    read: Mapping[str, Any] = read_yaml(WORDS)
    return read


@cache
def _places() -> dict[str, str]:
    names = dict(County.objects.values_list("code", "name_zh"))
    return names | dict(District.objects.values_list("code", "name_zh"))


def weighed(reasons: Sequence[Mapping[str, Any]]) -> list[Weighed]:
    """Reasons as stored, in words, the heaviest first."""
    words = level_words()
    return [
        Weighed(
            words["comparisons"].get(one["comparison"], _plain(one["comparison"])),
            words["levels"].get(one["comparison"], {}).get(one["level"], _plain(one["level"])),
            one["weight"],
            *_bar(one["weight"]),
        )
        for one in sorted(reasons, key=lambda each: -abs(each["weight"]))
    ]


def _bar(weight: float) -> tuple[float, float]:
    width = round(min(abs(weight), _WIDEST) / _WIDEST * _HALF, 1)
    return (_HALF if weight >= 0 else _HALF - width), width


def _plain(text: str) -> Words:
    return {"zh": text, "en": text}


def reasons_of(left: RecordSeen, right: RecordSeen) -> list[dict[str, Any]]:
    """How the model weighs two records, level by level."""
    model = model_in_force()
    one, other = row_of(left.forms), row_of(right.forms)
    return [
        model.weights[comparison][level]._asdict()
        for comparison, level_of in LEVEL_OF.items()
        if (level := level_of(one, other)) is not None
    ]


def nearest(left: RecordSeen, among: Sequence[RecordSeen]) -> RecordSeen | None:
    """The record of a person that speaks most for being the same as `left`."""
    return max(among, key=lambda one: sum(r["weight"] for r in reasons_of(left, one)), default=None)


def records_by_person(
    question: Question, seen: Sequence[RecordSeen]
) -> dict[uuid.UUID, list[RecordSeen]]:
    """Person -> records, without the record that a question asks about."""
    found: dict[uuid.UUID, list[RecordSeen]] = {person: [] for person in question.persons}
    for one in seen:
        if one.person is not None and not (
            question.of_record and one.record == question.records[0]
        ):
            found.setdefault(one.person, []).append(one)
    return found


def fields(left: RecordSeen, right: RecordSeen) -> list[Field]:
    """The fields that at least one of the two tells, marked character by character."""
    rows = [*zip(_told(left), _told(right), strict=True)]
    made = []
    for (label, one), (_label, other) in rows:
        if one or other:
            pieces = side_by_side(one, other)
            state = "same" if one == other else "different" if one and other else "one-side"
            made.append(Field(label, *pieces, state))
    made.append(_number(left, right))
    return made


def _number(left: RecordSeen, right: RecordSeen) -> Field:
    """Whether the numbers are equal; never the numbers."""
    if left.has_number and right.has_number:
        same = left.forms.id_token == right.forms.id_token
        word, state = (_("相同"), "same") if same else (_("與另一方不同"), "different")
        return Field(_("身分證字號"), (Piece(word, "same"),), (Piece(word, "same"),), state)
    told, untold = (Piece(_("有，不顯示"), "same"),), (Piece(_("沒有"), "same"),)
    state = "one-side" if left.has_number or right.has_number else "untold"
    return Field(
        _("身分證字號"), told if left.has_number else untold, told if right.has_number else untold,
        state,
    )  # fmt: skip


def _told(one: RecordSeen) -> Iterator[tuple[str, str]]:
    forms, written = one.forms, one.written
    yield _("姓名"), written.get("name") or forms.name
    yield (
        _("羅馬拼音"),
        written.get("name_romanised") or (" ".join(forms.latin) if not written else ""),
    )
    yield _("出生"), _birth(forms)
    yield _("性別"), {"F": _("女"), "M": _("男"), "X": _("其他")}.get(forms.sex, "")
    yield _("電話"), "、".join(map(_phone, forms.phones))
    yield _("地址"), written.get("address") or _address(forms.address)
    yield _("以前的地址"), written.get("previous_address") or _address(forms.prev_address)


def _birth(forms: Forms) -> str:
    if forms.approx_age is not None:
        return _("約 %(age)s 歲") % {"age": forms.approx_age}
    if forms.year is None:
        return ""
    return roc_parts(forms.year, forms.month, forms.day)


def _phone(number: int) -> str:
    text = str(number)
    return f"0{text}" if len(text) >= _MOBILE - 1 else text


def _address(told: Address) -> str:
    places = _places()
    parts = [places.get(told.county, told.county), places.get(told.district, told.district)]
    parts += [told.village, told.road, f"{told.section}段" if told.section else ""]
    # A lane may have a name, which brings its mark: 平和巷.
    parts += [f"{told.lane.removesuffix('巷')}巷" if told.lane else ""]
    parts += [f"{told.alley}弄" if told.alley else ""]
    parts += [f"{told.number}號" if told.number else "", _floor(told.floor)]
    return "".join(map(str, parts))


def _floor(written: str) -> str:
    """4之2 as 4樓之2, B1 as 地下1樓; empty for nothing."""
    figure, of, unit = written.partition("之")
    if not figure:
        return ""
    below = "地下" if figure.startswith("B") else ""
    return f"{below}{figure.removeprefix('B')}樓{of}{unit}"
