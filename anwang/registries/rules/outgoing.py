"""What a local system is told of its county's reports: columns, codes and form, as its manifest says.

Only what stands in FIELDS can be told at all: no address, no number of a person, nothing that was
written in words, nothing of who reported.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from anwang.registries.rules.fetching import AFTER_FAILURE

# What can be told of a report, and the list of the directory that its codes come from.
FIELDS: Final[Mapping[str, str]] = {
    "receipt": "",
    "their_number": "",  # under which the receiver itself reported it
    "received_on": "",
    "state": "report_states",
    "stream": "streams",
    "grade": "grades",
    "team": "",
    "family_number": "",
    "members": "",  # names in the family file, once a case is open
    "opened_on": "",
    "closed_on": "",
}
# Without it the receiver could not tell which row a later one takes the place of.
KEY: Final = "receipt"
Told = Mapping[str, str | None]
"""What is told of one report: field -> text, a code or an ISO day; None where there is nothing."""


@dataclass(frozen=True, slots=True)
class OutgoingColumn:
    """A column as the receiver calls it; `codes`: ours to theirs, empty where they are the same."""

    name: str
    field: str
    codes: Mapping[str, str]

    def cell(self, told: Told) -> str:
        """The column's text for one report."""
        text = told.get(self.field) or ""
        return self.codes[text] if text and self.codes else text


@dataclass(frozen=True, slots=True)
class OutgoingPart:
    """What a local system is told, and how. `encoding`: of files, as its manifest says."""

    county: str
    path: str
    format: Literal["csv", "jsonl"]
    encoding: Literal["utf-8", "big5"]
    every_minutes: int
    streams: tuple[str, ...]
    columns: tuple[OutgoingColumn, ...]

    @property
    def fields(self) -> frozenset[str]:
        """What leaves the house, for the record."""
        return frozenset(one.field for one in self.columns)

    def row(self, told: Told) -> dict[str, str]:
        """One report in the receiver's own columns and codes."""
        return {one.name: one.cell(told) for one in self.columns}


def outgoing_of(body: Mapping[str, Any]) -> OutgoingPart | None:
    """The outgoing part of a manifest's body; None for a source that is told nothing."""
    said = body.get("outgoing")
    if said is None:
        return None
    return OutgoingPart(
        county=body["county"],
        path=said["path"],
        format=said.get("format", "csv"),
        encoding=body.get("encoding", "utf-8"),
        every_minutes=said["every_minutes"],
        streams=tuple(said["streams"]),
        columns=tuple(
            OutgoingColumn(one["name"], one["from"], dict(one.get("codes", {})))
            for one in said["columns"]
        ),
    )


def file_of(outgoing: OutgoingPart, rows: Sequence[Mapping[str, str]]) -> bytes:
    """The rows as a file. A sign that Big5 lacks is written as its number, never as a question mark."""
    if outgoing.format == "jsonl":
        return "".join(json.dumps(dict(one), ensure_ascii=False) + "\n" for one in rows).encode()
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [one.name for one in outgoing.columns])
    writer.writeheader()
    writer.writerows(rows)
    codec = "big5hkscs" if outgoing.encoding == "big5" else "utf-8"
    return out.getvalue().encode(codec, "xmlcharrefreplace")


def message_of(envelope: Mapping[str, Any], rows: Iterable[Mapping[str, str]]) -> bytes:
    """The rows as the body of a REST delivery: the form in which we read deliveries ourselves."""
    body = {"delivery": envelope, "records": [dict(one) for one in rows]}
    return json.dumps(body, ensure_ascii=False).encode()


def next_sending(
    outgoing: OutgoingPart, *, made_at: datetime | None, tried_at: datetime | None, failures: int
) -> datetime | None:
    """When the system is told again; None: at once. After a failure soon, then half as often each
    time, and never more rarely than usual. `tried_at`: of a delivery that is still waiting.
    """
    usual = timedelta(minutes=outgoing.every_minutes)
    if tried_at is not None and failures:
        doubled: int = 1 << min(failures - 1, 12)
        return tried_at + min(AFTER_FAILURE * doubled, usual)
    return made_at + usual if made_at is not None else None
