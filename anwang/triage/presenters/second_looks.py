"""A second look as triage/_second_look.html and triage/looks.html take it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.urls import reverse

from anwang.access.models import Account
from anwang.access.permissions import Permit
from anwang.directory.models import Team
from anwang.triage.actions.second_looks import CONFIRM
from anwang.triage.models import Matter, SecondLook
from anwang.triage.presenters.words import Words, code_words, field_words, plain, reason_line
from anwang.triage.queries.second_looks import LookLine
from anwang.triage.rules.second_looks import Kind

Context = dict[str, Any]
_CHANGED: Final = (
    "grade",
    "grade_class",
    "stream",
    "agency_kind",
    "passed_to",
    "joint_with",
    "team",
)


def look_context(
    look: SecondLook | None,
    matter: Matter,
    receipt: str,
    accounts: Mapping[uuid.UUID, Account],
    teams: Mapping[str, Team],
    *,
    reader: uuid.UUID,
    at_desk: bool,
    may_look: bool,
) -> Context | None:
    """None where policy wants no second look, or nobody has asked for one."""
    if look is None:
        return None
    is_open = look.verdict == ""
    stale = is_open and look.kind != Kind.AFTERWARDS and look.seen != matter.changed_at
    return {
        "kind": look.kind,
        "verdict": look.verdict,
        "error": look.wanted.get("error") or "",
        "ends": look.kind == Kind.CLOSING,
        "passes_on": look.kind == Kind.CLOSING and look.wanted.get("act") == CONFIRM,
        "changes": changes_of(look, teams),
        "reason": look.reason,
        "rows": [reason_line(one) for one in look.reasons],
        "asked_by": accounts.get(look.asked_by),
        "asked_at": look.asked_at,
        "looked_by": accounts.get(look.looked_by) if look.looked_by else None,
        "looked_at": look.looked_at,
        "said": look.said,
        "stale": stale,
        "own": look.asked_by == reader,
        "may_not": is_open and at_desk and not may_look,
        "may_look": is_open and at_desk and may_look,
        "may_take_back": is_open
        and at_desk
        and look.asked_by == reader
        and look.decision_id is None,
        "url": reverse("triage:look", args=[receipt]),
        "version": matter.changed_at.isoformat(),
    }


def changes_of(look: SecondLook, teams: Mapping[str, Team]) -> list[Context]:
    """What the first person would decide, field by field."""
    values = look.wanted.get("change") or {}
    return [
        {"field": _field(name), "value": _value(name, values[name], teams)}
        for name in _CHANGED
        if values.get(name) not in (None, "", [])
    ]


def _field(name: str) -> Words:
    return {"zh": "受理小組", "en": "the team"} if name == "team" else field_words(name)


def _value(name: str, value: Any, teams: Mapping[str, Team]) -> Words:
    if name != "team":
        return code_words(name, value)
    team = teams.get(str(value))
    return {"zh": team.name_zh, "en": team.name_en} if team else plain(value)


def waiting_line(one: LookLine, permit: Permit) -> Context:
    """One line of the list: which report, what waits, since when, and whose it is not to answer."""
    return {
        "receipt": one.receipt,
        "url": reverse("triage:report", args=[one.receipt]),
        "kind": one.look.kind,
        "grade": one.matter.grade,
        "stream": one.matter.stream,
        "asked_by": one.asker,
        "asked_at": one.look.asked_at,
        "own": one.look.asked_by == permit.actor.id,
    }
