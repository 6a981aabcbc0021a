"""Reports of a file as columns: what they tell by themselves, with no register asked."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.people.rules.addresses import parse_address
from anwang.rulebook.rules.cells import Inputs
from anwang.rulebook.rules.columns import Columns, coded_rows
from anwang.triage.rules.inputs import inputs_from
from anwang.triage.rules.told import subjects_of, text_of
from anwang.triage.trials.queries.past_reports import residency_of, told_specs
from anwang.triage.trials.rules.past import PastReports, age_bands, mapped, text_column

AT_A_TIME: Final = 5_000


class NoReports(AnwangError):
    """The file has a line that is no JSON object. Each line is one report (docs/formats/README.md)."""


def told_reports(path: Path, now: dt.datetime) -> Iterator[PastReports]:
    """The reports of a JSON Lines file. A report without a readable time is taken as of `now`."""
    held: list[Mapping[str, Any]] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                one = json.loads(line)
            except ValueError as wrong:
                raise NoReports(f"{path.name}, line {number}: {NoReports.__doc__}") from wrong
            if not isinstance(one, dict):
                raise NoReports(f"{path.name}, line {number}: {NoReports.__doc__}")
            held.append(one)
            if len(held) == AT_A_TIME:
                yield _columns(held, now)
                held = []
    if held:
        yield _columns(held, now)


def _columns(reports: list[Mapping[str, Any]], now: dt.datetime) -> PastReports:
    picture = {"as_of": now.astimezone(TAIPEI).date().isoformat()}
    rows: list[Inputs] = [inputs_from(one, picture) for one in reports]
    inputs = Columns(len(rows), coded_rows(rows, told_specs()))
    firsts = [_in_need(one) for one in reports]
    places = [parse_address(text_of(one.get("address"), 300)) for one in firsts]
    return PastReports(
        ids=[uuid.uuid5(uuid.NAMESPACE_OID, str(one.get("report_id"))) for one in reports],
        inputs=inputs,
        started_at=np.asarray([_instant(one, now) for one in reports]),
        taken_after=np.full(len(reports), np.nan),
        screened_out=np.zeros(len(reports), dtype=np.bool_),
        came_back=np.zeros(len(reports), dtype=np.bool_),
        groups={
            "county": text_column([place.county for place in places]),
            "age": age_bands(inputs.get("victim_age"), inputs.get("victim_is_child")),
            "sex": mapped(text_column([text_of(one.get("sex"), 1) for one in firsts]),
                          {"F": "F", "M": "M", "X": "X"}),
            "residency": residency_of(
                text_column([text_of(one.get("national_id"), 2).upper() for one in firsts])
            ),
            "area": text_column([None for _ in firsts]),
        },
        district=text_column([place.district for place in places]),
    )  # fmt: skip


def _in_need(report: Mapping[str, Any]) -> Mapping[str, Any]:
    for one in subjects_of(report):
        if one.get("role") in ("victim", "person-in-need"):
            return one
    return {}


def _instant(report: Mapping[str, Any], now: dt.datetime) -> float:
    try:
        read = dt.datetime.fromisoformat(str(report.get("received_at")))
    except ValueError:
        return now.timestamp()
    return (read if read.tzinfo else read.replace(tzinfo=TAIPEI)).timestamp()
