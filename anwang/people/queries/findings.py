"""Where sources contradict each other: counts by rule, and both sides for who works with a person."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from anwang.access.permissions import Permit
from anwang.people.models import Finding
from anwang.people.rules.consistency import CrossRule, cross_rules
from anwang.registries.rules.fact_kinds import FactKind, load_fact_kinds


@dataclass(frozen=True, slots=True)
class RuleCount:
    """A rule with its findings between two sources: open ones, and those withdrawn since."""

    rule: CrossRule
    left_source: str
    right_source: str
    open: int
    withdrawn: int


def finding_counts() -> list[RuleCount]:
    """Every rule that ever found something, the most open ones first: numbers, nobody's."""
    with connection.cursor() as cursor:
        cursor.execute("select * from people.finding_counts()")
        rows = cursor.fetchall()
    known = cross_rules()
    found = [RuleCount(known[row[0]], *row[1:]) for row in rows if row[0] in known]
    return sorted(found, key=lambda one: (-one.open, one.rule.id, one.left_source))


@dataclass(frozen=True, slots=True)
class Side:
    """What one record says: its source and key, the sentence in {zh, en}, when it holds."""

    source: str
    record_key: str
    text: Mapping[str, str]
    name: str
    valid_from: dt.date | None
    valid_to: dt.date | None


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding with its rule and both sides; a side that is sealed or gone is None."""

    id: uuid.UUID
    rule: CrossRule
    since: dt.datetime
    left: Side | None
    right: Side | None


def my_findings() -> QuerySet[Finding]:
    """Open findings of persons whom the actor works with, contradictions and the newest first.

    Ids and rules alone; the row rules choose the persons.
    """
    return Finding.objects.filter(until=None).order_by("-since", "rule", "id")


def findings_shown(findings: Sequence[Finding], permit: Permit) -> list[ShownFinding]:
    """Both sides of these findings, in their order. Only with a permit whose reading is on record."""
    if findings and permit.audit_id is None:
        raise PermissionError("Both sides are shown on a permit whose reading is on record.")
    with connection.cursor() as cursor:
        cursor.execute("select * from people.sides_of(%s)", [[one.pk for one in findings]])
        sides = {(row[0], row[1]): row[2:] for row in cursor.fetchall()}
    known = cross_rules()
    return [
        ShownFinding(
            one.pk, known[one.rule], one.since,
            _side(sides.get((one.pk, "left")), known[one.rule], "left"),
            _side(sides.get((one.pk, "right")), known[one.rule], "right"),
        )
        for one in findings
        if one.rule in known
    ]  # fmt: skip


def _side(row: tuple[Any, ...] | None, rule: CrossRule, which: str) -> Side | None:
    if row is None:
        return None
    source, record_key, kind, _key, value, valid_from, valid_to, told = row
    told = json.loads(told) if isinstance(told, str) else told or {}
    value = json.loads(value) if isinstance(value, str) else value or {}
    side = rule.left if which == "left" else rule.right
    column = side.kinds[0].removeprefix("column:") if kind is None else ""
    words = _kinds()[kind].text_of(value) if kind in _kinds() else None
    text = words.as_dict() if words else {"zh": str(told.get(column) or ""), "en": ""}
    return Side(source, record_key, text, str(told.get("name") or ""), valid_from, valid_to)


@cache
def _kinds() -> dict[str, FactKind]:
    return load_fact_kinds()
