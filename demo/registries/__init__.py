"""Tells the county's truth as 29 registries would hold it, each with its own mistakes.

Rows come in a full delivery's order and are the same at every call; `rows_of` gives them as a
source held them on an earlier day.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

from anwang.common.yaml_files import read_yaml
from anwang.registries.rules.manifests import SOURCES
from demo.county import County
from demo.registries.befallen import befallen
from demo.registries.faults import RegistryRow, maybe_faulty
from demo.registries.identity import IDENTIFYING, Row
from demo.registries.named import household_registration, immunisation, prison, psychiatric_care

__all__ = [
    "COLUMNS", "RegistryRow", "Row", "delivered_rows", "faulty_owners", "registry_rows", "rows_of",
    "write_registries",
]  # fmt: skip

TAIPEI = timezone(timedelta(hours=8))
TELLERS: dict[str, Callable[[County, Random], Iterator[tuple[Row, str]]]] = {
    "household-registration": household_registration,
    "immunisation": immunisation,
    "psychiatric-care": psychiatric_care,
    "prison": prison,
}
# Days that are known before they come.
PLANNED = frozenset(
    {"birth_date", "due_on", "expected_on", "expected_release_on", "ends_on", "permit_to",
     "certified_to", "reassess_on", "granted_to", "severe_to", "followed_until", "benefit_to"}
)  # fmt: skip
DATED = {"valid_from", "valid_to"}
# Where a row begins with a day that not every row has.
BEGINS = {"employment-service": {"registered_on"}, "psychiatric-care": {"registered_on"}}
# How long before its planned day a row is there at the latest: a dose is due, a child is expected.
ANNOUNCED = timedelta(days=60)
LATER = frozenset({"died_on", "married_on", "divorced_on", "at_office_since", "guardian_since",
                   "custody_since", "service_from"})  # fmt: skip
# What is said only once that day has come.
SAID_WITH = {
    "visited_on": ("outcome", "finding"), "ended_on": ("outcome",), "placed_on": ("placement",),
    "last_visit_on": ("visit_kind", "institution"), "granted_on": ("cause", "amount_twd"),
    "listed_on": ("need",), "counselling_from": ("counselling_level",), "service_from": ("place",),
    "admitted_on": ("hospital",), "guardian_since": ("guardian_id", "guardian_name", "guardian_kind"),
    "custody_since": ("custody_id", "custody_by"),
}  # fmt: skip


def _manifests() -> dict[str, dict[str, Any]]:
    read = (read_yaml(path) for path in sorted(SOURCES.glob("*.yaml")))
    return {body["id"]: body for body in read if body["transport"] != "own"}


_MANIFESTS = _manifests()


def _columns_of(body: dict[str, Any]) -> list[str]:
    chosen = body["person_columns"]
    told = (
        IDENTIFYING if chosen is True else ["record_key", *(n for n in IDENTIFYING if n in chosen)]
    )
    own = [one["name"] for one in body["columns"]]
    dated = ["valid_from", "valid_to"] if body["id"] == "household-registration" else []
    return [*told, *own, *dated]


COLUMNS: dict[str, list[str]] = {name: _columns_of(body) for name, body in _MANIFESTS.items()}


def registry_rows(county: County, source: str) -> list[RegistryRow]:
    """All rows of one source, in a full delivery's order; the same at every call."""
    rng = county.rng(f"registry:{source}")
    if source in TELLERS:
        told, code = TELLERS[source](county, rng), None
    else:
        told, code = befallen(county, source, rng, COLUMNS[source]), _code_column(source)
    return [maybe_faulty(row, owner, rng, code) for row, owner in told]


def rows_of(source: str, county: County, day: date) -> Iterator[Row]:
    """The rows as the source held them at the end of `day`, the county's own day or earlier.

    A row is there from its first day on; what had not happened yet is empty.
    """
    columns = _MANIFESTS[source]["columns"]
    days = {one["name"] for one in columns if one["type"] == "date"} | DATED & set(COLUMNS[source])
    first = {one["name"] for one in columns if one["type"] == "date" and one.get("required")}
    first |= BEGINS.get(source, set())
    for one in registry_rows(county, source):
        row = one.row if day >= county.as_of else _as_of(one.row, days, first, day)
        if row is not None:
            yield row


def _as_of(row: Row, days: set[str], first: set[str], on: date) -> Row | None:
    day, soon = on.isoformat(), (on + ANNOUNCED).isoformat()
    told = {name: row[name] for name in days if row.get(name)}
    begun = [text <= (soon if name in PLANNED else day) for name, text in told.items()]
    if told and (not any(begun) or any(told.get(name, "") > day for name in first)):
        return None
    if _born_later(row, day):
        return None
    return _without(row, {name for name, text in told.items() if text > day} - PLANNED)


def _born_later(row: Row, day: str) -> bool:
    """Whether the person was not born yet; a broken date says nothing."""
    return row["birth_date"][:2] in ("19", "20") and row["birth_date"] > day


def _without(row: Row, to_come: set[str]) -> Row:
    """The row before these days, and without what is said only with them."""
    empty = to_come | {name for one in to_come for name in SAID_WITH.get(one, ())}
    return row | dict.fromkeys(empty & row.keys(), "")


def delivered_rows(county: County, source: str, day: date) -> Iterator[Row]:
    """What a filling delivers of that day. The household register holds everybody from the start,
    so that a year of reports knows the people it names; only what came later is empty.
    """
    if source != "household-registration" or day >= county.as_of:
        yield from rows_of(source, county, day)
        return
    for one in registry_rows(county, source):
        if not _born_later(one.row, day.isoformat()):
            later = {name for name in LATER if one.row.get(name, "") > day.isoformat()}
            yield _without(one.row, later)


def write_registries(county: County, folder: Path, day: date | None = None) -> dict[str, int]:
    """Write each source as CSV (UTF-8) with its envelope, as of `day`; returns source -> rows."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for source, columns in COLUMNS.items():
        rows = list(delivered_rows(county, source, day or county.as_of))
        path = folder / f"{source}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        _write_envelope(path, source, len(rows), day or county.as_of)
        counts[source] = len(rows)
    return counts


def faulty_owners(county: County, source: str = "household-registration") -> frozenset[str]:
    """Keys of persons whose row quarantine keeps out: nobody can be matched to them there."""
    return frozenset(r.owner for r in registry_rows(county, source) if r.fault)


def _code_column(source: str) -> str | None:
    """The first column of codes that every row of the source has."""
    columns = _MANIFESTS[source]["columns"]
    return next(
        (one["name"] for one in columns if one["type"] == "code" and one.get("required")), None
    )


def _write_envelope(path: Path, source: str, rows: int, as_of: date) -> None:
    delivered_at = datetime.combine(as_of, time(2, 30), TAIPEI).astimezone(UTC)
    envelope = {
        "source": source,
        "manifest_version": _MANIFESTS[source]["version"],
        "mode": "full",
        "delivered_at": delivered_at.astimezone(TAIPEI).isoformat(),
        "rows": rows,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    text = json.dumps(envelope, ensure_ascii=False, indent=1) + "\n"
    path.with_name(path.name + ".meta.json").write_text(text, "utf-8")
