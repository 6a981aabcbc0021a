"""Past reports as columns: their stored inputs and what became of them, a portion at a time.

The inputs leave the database as text in one stream and are read by Arrow, so that a million of them
takes seconds. The reader is one of our programs; nothing here knows who reported.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow
from django.db import connection
from pyarrow import compute
from pyarrow import csv as arrow_csv
from pyarrow import json as arrow_json

from anwang.common.copying import raw_connection
from anwang.rulebook.rules.cells import UNKNOWN, InputSpec, Kind, Value
from anwang.rulebook.rules.columns import Column, Columns, coded_rows
from anwang.triage.rules.attached import read_stored
from anwang.triage.rules.policies import specs_in_use
from anwang.triage.trials.rules.past import (
    CHAINED,
    NOT_KNOWN,
    PastReports,
    age_bands,
    mapped,
    text_column,
)

AT_A_TIME: Final = 25_000
RETURN_DAYS: Final = 180
_DISTRICTS: Final = Path(__file__).resolve().parents[3] / "directory" / "data" / "districts.csv"
_SEXES: Final = {"F": "F", "M": "M", "X": "X"}
_MOST_MEMBERS: Final = 63

_SPAN: Final = """
select min(s.at), max(s.at), (select count(*) from triage_matter) from triage_screening s
"""
# Who was reported again: another report of the same person, not of the same event, within the days.
# Once for the whole run: asked report by report it would take longer than all the rest.
_CAME_BACK: Final = """
create temporary table trial_came_back on commit preserve rows as
select distinct on (report) report, next_report from (
    select known.report, known.received_at,
        lead(known.received_at) over later as again, lead(known.report) over later as next_report
    from (
        select distinct a.object_id as person, a.through as report, r.received_at
        from access_relation a
        join triage_matter m on m.report_id = a.through
        join intake_report r on r.id = a.through
        where a.object_kind = 'person' and a.ground = 'subject'
          and m.state <> 'linked-same-event'
    ) known
    window later as (partition by known.person order by known.received_at, known.report)
) told where again <= received_at + make_interval(days => %s)
order by report, again
"""
_DROP: Final = "drop table if exists trial_came_back"
_PORTION: Final = """
copy (
    select s.matter_id, m.county, m.state, extract(epoch from r.clock_started_at),
        extract(epoch from taken.answered_at), m.headline ->> 'district',
        jsonb_path_query_first(r.body,
            '$.subjects[*] ? (@.role == "victim" || @.role == "person-in-need").sex') #>> '{}',
        left(jsonb_path_query_first(r.body,
            '$.subjects[*] ? (@.role == "victim" || @.role == "person-in-need").id.shown') #>> '{}', 2),
        back.report is not null, s.inputs
    from triage_screening s
    join triage_matter m on m.report_id = s.matter_id
    join intake_report r on r.id = s.matter_id
    left join triage_offer taken on taken.matter_id = s.matter_id and taken.answer = 'accepted'
    left join trial_came_back back on back.report = s.matter_id
    where s.at >= %(first)s and s.at < %(last)s and s.inputs <> '{}'
      and s.id = (select l.id from triage_screening l where l.matter_id = s.matter_id
                  order by l.at desc limit 1)
      and (%(county)s::text is null or m.county = %(county)s)
      and r.received_at >= coalesce(%(since)s, '-infinity'::timestamptz)
      and r.received_at < coalesce(%(until)s, 'infinity'::timestamptz)
) to stdout (format csv)
"""
_COLUMNS: Final = {
    "id": pyarrow.string(),
    "county": pyarrow.string(),
    "state": pyarrow.string(),
    "started": pyarrow.float64(),
    "taken": pyarrow.float64(),
    "district": pyarrow.string(),
    "sex": pyarrow.string(),
    "number": pyarrow.string(),
    "back": pyarrow.string(),
    "inputs": pyarrow.string(),
}
_OF_KIND: Final[dict[Kind, Any]] = {
    "flag": pyarrow.bool_(),
    "choice": pyarrow.string(),
    "number": pyarrow.float64(),
    "set": pyarrow.list_(pyarrow.string()),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which past reports: of a county (None: all), received from `since` until before `until`."""

    county: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def span_of_screenings() -> tuple[dt.datetime, dt.datetime, int] | None:
    """First and last screening, and how many reports there are; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_SPAN)
        first, last, reports = cursor.fetchone()
    return None if first is None else (first, last, reports)


def find_who_came_back(days: int = RETURN_DAYS) -> None:
    """Prepare, for this session, which reports were followed by another on one of their people."""
    with connection.cursor() as cursor:
        cursor.execute(_DROP)
        cursor.execute(_CAME_BACK, [days])
        cursor.execute("create unique index on trial_came_back (report)")
        cursor.execute("analyze trial_came_back")


def forget_who_came_back() -> None:
    """Take away what `find_who_came_back` made."""
    with connection.cursor() as cursor:
        cursor.execute(_DROP)


def past_reports(first: dt.datetime, last: dt.datetime, wanted: Wanted) -> Iterator[PastReports]:
    """Reports whose last screening is from `first` to before `last`, up to 25,000 at a time.

    Needs `find_who_came_back` in the same session.
    """
    values = {"first": first, "last": last, "county": wanted.county, "since": wanted.since,
              "until": wanted.until}  # fmt: skip
    with raw_connection().cursor() as cursor, cursor.copy(_PORTION, values) as lines:
        held: list[bytes] = []
        for line in lines:
            held.append(bytes(line))
            if len(held) == AT_A_TIME:
                yield _read(b"".join(held))
                held = []
        if held:
            yield _read(b"".join(held))


def _read(text: bytes) -> PastReports:
    table = arrow_csv.read_csv(
        io.BytesIO(text),
        read_options=arrow_csv.ReadOptions(column_names=list(_COLUMNS)),
        convert_options=arrow_csv.ConvertOptions(
            column_types=_COLUMNS, strings_can_be_null=True, null_values=[""]
        ),
    )
    inputs = read_inputs_text(table["inputs"].to_pylist())
    district = _texts(table["district"])
    closed = compute.is_in(table["state"], pyarrow.array(["answered", "error"]))
    started = table["started"].to_numpy()
    return PastReports(
        ids=[uuid.UUID(one) for one in table["id"].to_pylist()],
        inputs=inputs,
        started_at=started,
        taken_after=table["taken"].to_numpy() - started,
        screened_out=np.asarray(closed.to_numpy(zero_copy_only=False), dtype=np.bool_),
        came_back=np.asarray(table["back"].to_numpy() == "t", dtype=np.bool_),
        groups={
            "county": _texts(table["county"]),
            "age": age_bands(inputs.get("victim_age"), inputs.get("victim_is_child")),
            "sex": mapped(_texts(table["sex"]), _SEXES),
            "residency": residency_of(_texts(table["number"])),
            "area": mapped(district, _areas()),
        },
        district=district,
    )


def residency_of(numbers: Column) -> Column:
    """Citizen or resident by the first two signs of the number told, as `A1` or `AC` shows it."""
    return mapped(numbers, {str(one): _residency(str(one)) for one in numbers.values})


def _residency(signs: str) -> str:
    if len(signs) < 2 or not signs[0].isalpha():
        return NOT_KNOWN
    return "citizen" if signs[1] in "12" else "resident" if signs[1] in "89ABCD" else NOT_KNOWN


@cache
def _areas() -> dict[str, str]:
    """Code of a district -> whether it is an indigenous area by the directory."""
    with _DISTRICTS.open(encoding="utf-8", newline="") as lines:
        return {
            row["code"]: "indigenous-area" if row["kind"].startswith("indigenous") else "other-area"
            for row in csv.DictReader(lines)
        }


def read_inputs_text(texts: list[str]) -> Columns:
    """Columns from stored inputs, each a JSON object. What has another shape than its description
    says (an older version of it) is read one by one."""
    specs = told_specs()
    schema = pyarrow.schema([(name, _OF_KIND[spec.kind]) for name, spec in specs.items()])
    # As stored, what is not known is the word; Arrow wants one type a column.
    text = "\n".join(texts).replace('"unknown"', "null").encode()
    try:
        table = arrow_json.read_json(
            io.BytesIO(text),
            read_options=arrow_json.ReadOptions(block_size=1 << 23),
            parse_options=arrow_json.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="ignore"
            ),
        )
    except pyarrow.ArrowInvalid:
        rows = [{name: read_stored(v) for name, v in json.loads(one).items()} for one in texts]
        return Columns(len(rows), coded_rows(rows, specs))
    named = {name: _column(table[name].combine_chunks(), spec) for name, spec in specs.items()}
    return Columns(len(texts), named)


def told_specs() -> dict[str, InputSpec]:
    """The inputs that a report itself has."""
    return {name: spec for name, spec in specs_in_use().items() if name not in CHAINED}


def _column(array: Any, spec: InputSpec) -> Column:
    if spec.kind == "set":
        return _set_column(array)
    held = array.dictionary_encode()
    values: tuple[Value, ...] = tuple(held.dictionary.to_pylist())
    return _with_unknown(held.indices, values)


def _with_unknown(indices: Any, values: tuple[Value, ...]) -> Column:
    codes = compute.fill_null(indices, len(values)).to_numpy(zero_copy_only=False)
    return Column((*values, UNKNOWN), codes.astype(np.int32))


def _set_column(array: Any) -> Column:
    """Sets as bit fields, so that equal ones are found by one sort."""
    members = compute.list_flatten(array).dictionary_encode()
    names = members.dictionary.to_pylist()
    if len(names) > _MOST_MEMBERS:
        listed = array.to_pylist()
        rows = [{"set": UNKNOWN if one is None else frozenset(one)} for one in listed]
        return coded_rows(rows, ["set"])["set"]
    bits = np.zeros(len(array), dtype=np.uint64)
    owners = compute.list_parent_indices(array).to_numpy()
    which = members.indices.to_numpy().astype(np.uint64)
    np.bitwise_or.at(bits, owners, np.uint64(1) << which)
    bits[array.is_null().to_numpy(zero_copy_only=False)] = np.uint64(1 << _MOST_MEMBERS)
    found, codes = np.unique(bits, return_inverse=True)
    values = tuple(_members(int(one), names) for one in found)
    return Column(values, codes.astype(np.int32))


def _members(bits: int, names: list[str]) -> Value:
    if bits >> _MOST_MEMBERS & 1:
        return UNKNOWN
    return frozenset(name for bit, name in enumerate(names) if bits >> bit & 1)


def _texts(array: Any) -> Column:
    held = array.combine_chunks().dictionary_encode()
    values = tuple(held.dictionary.to_pylist())
    if NOT_KNOWN in values or not held.null_count:
        return text_column(array.to_pylist()) if held.null_count else Column(values, _int32(held))
    codes = compute.fill_null(held.indices, len(values)).to_numpy(zero_copy_only=False)
    return Column((*values, NOT_KNOWN), codes.astype(np.int32))


def _int32(held: Any) -> Any:
    return held.indices.to_numpy(zero_copy_only=False).astype(np.int32)
