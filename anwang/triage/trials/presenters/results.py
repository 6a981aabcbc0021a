"""A back-test's result as its page takes it: words for codes, lengths for pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from anwang.directory.models import County
from anwang.triage.presenters.words import (
    Words,
    clock_words,
    code_words,
    field_words,
    plain,
    table_words,
)
from anwang.triage.trials.models import Backtest, FamilyWalk
from anwang.triage.trials.presenters.pictures import bar, hour_cells, interval, widest
from anwang.triage.trials.queries.results import SingleReport
from anwang.triage.trials.rules.past import GROUPINGS, NOT_KNOWN

Context = dict[str, Any]
BETWEEN: Final = "、"
# The table in which a field of a decision is said.
DECIDED_BY: Final = {
    "grade": "triage.grade", "grade_class": "triage.class", "stream": "triage.stream",
    "agency_kind": "triage.stream", "passed_to": "triage.stream", "joint_with": "triage.joint",
    "clocks": "triage.clocks",
}  # fmt: skip
MOST_MOVES: Final = 40
MOST_ROWS: Final = 40
MOST_TEAMS: Final = 30
STATES: Final[dict[str, Any]] = {
    "waiting": _("等待執行"),
    "running": _("執行中"),
    "done": _("完成"),
    "cancelled": _("已停止"),
    "failed": _("沒有完成"),
}
GROUPING_WORDS: Final[dict[str, Any]] = {
    "county": _("縣市"),
    "age": _("被害人或需協助者年齡"),
    "sex": _("性別"),
    "residency": _("國籍（依證號）"),
    "area": _("原住民族地區（依地址）"),
}
GROUP_WORDS: Final[dict[str, Any]] = {
    "unknown": _("不明"),
    "F": _("女"),
    "M": _("男"),
    "X": _("其他"),
    "citizen": _("本國國民"),
    "resident": _("外籍或無戶籍（居留證號）"),
    "indigenous-area": _("原住民族地區"),
    "other-area": _("其他地區"),
    "0-17": _("未滿十八歲，年齡不詳"),
}
SCREENED_WORDS: Final[dict[str, Any]] = {
    "by-desk": _("值班台當時未開案"),
    "by-version-in-force": _("現行版本建議不開案（諮詢或轉知）"),
    "by-version-tried": _("試算版本建議不開案（諮詢或轉知）"),
    "newly-let-go": _("現行版本開案，試算版本不開"),
    "newly-taken": _("現行版本不開，試算版本開案"),
    "by-desk-not-by-version-tried": _("值班台未開案，試算版本會開"),
}


def run_context(run: Backtest | FamilyWalk) -> Context:
    """How far a run is."""
    return {"run": run, "state_word": STATES[run.state], "percent": run.percent}


def county_words() -> Mapping[str, Words]:
    """County -> its names."""
    return {one.code: {"zh": one.name_zh, "en": one.name_en} for one in County.objects.all()}


def version_words(names: str, counties: Mapping[str, Words]) -> Words:
    """What people call versions named like `triage.grade@68000@2026.2`; several stand between 、."""
    words = [_one_version(name, counties) for name in names.split(BETWEEN)]
    return {"zh": BETWEEN.join(w["zh"] for w in words), "en": ", ".join(w["en"] for w in words)}


def _one_version(name: str, counties: Mapping[str, Words]) -> Words:
    policy, *layers = name.split("@")
    words = [table_words(policy), *(counties.get(one) or plain(one) for one in layers)]
    return {key: " ".join(one[key] for one in words) for key in ("zh", "en")}


def result_context(run: Backtest) -> Context:
    """Every part of a result that is done; without one, nothing."""
    result = run.result or {}
    if run.state != Backtest.State.DONE:
        return {"error": result.get("error")}
    counties = county_words()
    return {
        "result": result,
        "moves": _moves(result["moves"]),
        "groups": [_grouping(name, result["groups"][name], counties) for name in GROUPINGS],
        "teams": _teams(result["teams"]),
        "hours": [
            {"kind": code_words("agency_kind", kind), "cells": hour_cells(**both)}
            for kind, both in result["hours"].items()
        ],
        "clocks": [
            {"name": clock_words(one["clock"]), "before": one["before"], "after": one["after"]}
            for one in result["clocks"]
        ],
        "screening": [
            {"who": SCREENED_WORDS[one["who"]], "came_back": one["came_back"],
             "line": interval(one["came_back"])}
            for one in result["screening"]
        ],
        "rows": [one | {"name": table_words(one["table"])} for one in result["rows"][:MOST_ROWS]],
    }  # fmt: skip


def _moves(moves: Sequence[Mapping[str, Any]]) -> list[Context]:
    most = max((one["reports"] or 0 for one in moves), default=0)
    shown = sorted(moves, key=lambda one: -(one["reports"] or 0))[:MOST_MOVES]
    return [
        {
            "field": field_words(one["field"]),
            "before": code_words(one["field"], _none(one["before"])),
            "after": code_words(one["field"], _none(one["after"])),
            "reports": one["reports"],
            "bar": bar(one["reports"], most),
        }
        for one in shown
    ]


def _none(code: str) -> str:
    return "" if code in ("", "none", "UNKNOWN") else code


def _grouping(
    name: str, lines: Sequence[Mapping[str, Any]], counties: Mapping[str, Mapping[str, str]]
) -> Context:
    most = widest([one["changed"] for one in lines])
    known = [one for one in lines if one["reports"] != 0]
    return {
        "name": GROUPING_WORDS[name],
        "lines": [
            {**one, "word": _group(one["group"], counties), "line": interval(one["changed"], most)}
            for one in sorted(known, key=_place)
        ],
    }


def _place(line: Mapping[str, Any]) -> tuple[bool, int, str]:
    """Ages from young to old; what is not known last."""
    group = str(line["group"])
    first = group.partition("-")[0].rstrip("+")
    return group == NOT_KNOWN, int(first) if first.isdecimal() and len(first) < 3 else 0, group


def _group(code: str, counties: Mapping[str, Mapping[str, str]]) -> Any:
    return counties.get(code) or GROUP_WORDS.get(code) or plain(code)


def _teams(lines: Sequence[Mapping[str, Any]]) -> list[Context]:
    most = max((value or 0 for one in lines for value in (one["before"], one["after"])), default=0)
    return [
        {**one, "bar_before": bar(one["before"], most), "bar_after": bar(one["after"], most)}
        for one in lines[:MOST_TEAMS]
    ]


def difference_lines(found: Iterable[SingleReport], counties: Mapping[str, Words]) -> list[Context]:
    """One line a report: its number, its county, what is decided otherwise, by which rows."""
    return [
        {
            "receipt": one.receipt,
            "reached": one.reached,
            "county": counties.get(one.county or ""),
            "changes": [
                {
                    "field": field_words(name),
                    "before": code_words(name, one.before.get(name)),
                    "after": code_words(name, one.after.get(name)),
                }
                for name in one.fields
            ],
            "rows": list(_rows_told(one)),
        }
        for one in found
    ]


def _rows_told(one: SingleReport) -> Iterator[Context]:
    """Where another row decides, both; where the same row says something else now, that row."""
    asked = {DECIDED_BY[name] for name in one.fields if name in DECIDED_BY}
    for table in sorted({*one.rows_before, *one.rows_after}):
        before, after = one.rows_before.get(table), one.rows_after.get(table)
        if before != after:
            yield {"before": before, "after": after}
        elif table in asked:
            yield {"same": after}
