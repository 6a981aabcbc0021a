"""The facts behind each reason: what a row looked at, what it was, from whom and how old."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from anwang.rulebook.rules.cells import UNKNOWN, Value
from anwang.rulebook.rules.tables import Row
from anwang.triage.presenters.words import (
    Words,
    code_words,
    input_words,
    instrument_words,
    source_words,
)
from anwang.triage.rules.answers import Given
from anwang.triage.rules.attached import read_stored
from anwang.triage.rules.origins import Origin, origins
from anwang.triage.rules.outcome import CHAINED
from anwang.triage.rules.policies import TriagePolicies

_UNKNOWN: Final[Words] = {"zh": "不明", "en": "not known"}
_REPORT: Final[Words] = {"zh": "通報內容", "en": "the report"}


def with_facts(
    reasons: list[dict[str, Any]],
    policies: TriagePolicies | None,
    *,
    report: Mapping[str, Any],
    picture: Mapping[str, Any],
    inputs: Mapping[str, Any],
    answerers: Mapping[str, Words],
) -> list[dict[str, Any]]:
    """The reasons, each with `used` [{label, value, from, since, known_at, answered_at, state}], as
    _reasons.html takes them. Without the tables that decided (`policies`) nothing can be told and none
    is added. `answerers`: id -> name of who filled in forms."""
    if policies is None:
        return reasons
    known: dict[str, Value] = {name: read_stored(value) for name, value in inputs.items()}
    told = origins(report, picture, known)
    rows = {(table.id, row.id): row for table in policies.tables for row in table.rows}
    return [
        {**reason, "used": list(_used(row, known, told, answerers))}
        if (row := rows.get((str(reason.get("rule")), str(reason.get("row")))))
        else reason
        for reason in reasons
    ]


def _used(
    row: Row,
    known: Mapping[str, Value],
    told: Mapping[str, Origin],
    answerers: Mapping[str, Words],
) -> Iterator[dict[str, Any]]:
    for name, cell in row.when.items():
        if cell.is_any or name in CHAINED:
            continue
        value, origin = known.get(name, UNKNOWN), told.get(name, Origin("unknown"))
        yield {
            "label": input_words(name),
            "value": _value_words(name, value, row),
            "from": _from(origin, answerers),
            "since": origin.since,
            "known_at": None if origin.given else origin.known_at,
            "answered_at": origin.known_at if origin.given else None,
            "state": (origin.state or "unknown") if value is UNKNOWN else "value",
        }


def _value_words(name: str, value: Value, row: Row) -> Words:
    """Of a set, what the row looked for in it."""
    if value is UNKNOWN:
        return _UNKNOWN
    if isinstance(value, frozenset):
        asked = {code for atom in row.when[name].atoms for code in atom.codes}
        return code_words(name, sorted(value & asked or value))
    return code_words(name, value)


def _from(origin: Origin, answerers: Mapping[str, Words]) -> Words | None:
    if origin.kind == "report":
        return _REPORT
    if origin.given is not None:
        return _form(origin.given, answerers)
    return source_words(origin.source) if origin.source else None


def _form(given: Given, answerers: Mapping[str, Words]) -> Words:
    """Which form, and who filled it in. Of another report's form no more than that there was one:
    the reader need not reach that report."""
    form = instrument_words(given.instrument)
    if given.report is not None:
        return {"zh": f"另一件通報的「{form['zh']}」", "en": f"“{form['en']}” about another report"}
    who = answerers.get(given.by)
    if who is None:
        return {"zh": f"「{form['zh']}」", "en": f"“{form['en']}”"}
    return {
        "zh": f"{who['zh']}填的「{form['zh']}」",
        "en": f"“{form['en']}”, filled in by {who['en']}",
    }
