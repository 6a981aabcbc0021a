"""Lines of what waits too long: places, rungs and calls in words. No name of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from anwang.directory.models import Team
from anwang.rulebook.queries import versions_standing
from anwang.triage.presenters.words import Words, plain
from anwang.triage.queries.overdue import Swept, Unaccepted

SWEEP_WORDS = {
    "ladder": gettext_lazy("逾時往上通知"),
    "clocks": gettext_lazy("期限提醒與逾期"),
}


def rung_words() -> dict[str, Words]:
    """Rung -> its words, of all ladders in force."""
    return {
        rung["id"]: rung["text"]
        for version in versions_standing(["escalation"])
        for ladder in version.body.get("ladders", ())
        for rung in ladder["rungs"]
    }


def overdue_line(
    one: Unaccepted, teams: Mapping[str, Team], words: Mapping[str, Words]
) -> dict[str, Any]:
    """One report as triage/overdue.html takes it."""
    return {
        "receipt": one.receipt,
        "url": reverse("triage:report", args=[one.receipt]) if one.receipt else "",
        "desk": _team(teams, one.desk_team),
        "offered": _team(teams, one.offered_team)
        if one.offered_team and one.state == "offered"
        else None,
        "state": one.state,
        "grade": one.grade,
        "since": one.since,
        "rung": words.get(one.rung_id or "") or plain(one.rung_id or ""),
        "times": one.rung,
        "called_at": one.raised_at,
        "told": one.told or 0,
        "heard_at": one.acknowledged_at,
        "heard_url": reverse("triage:heard", args=[one.escalation])
        if one.mine and one.acknowledged_at is None
        else "",
        "next_at": one.next_at,
    }


def _team(teams: Mapping[str, Team], team_id: str) -> Words:
    found = teams.get(team_id)
    if found is None:
        return plain(team_id)
    return {"zh": found.name_zh, "en": found.name_en or found.name_zh}


def sweep_line(one: Swept) -> dict[str, Any]:
    """A look that is due every minute: what it does, when it last did, whether it is silent."""
    return {
        "name": SWEEP_WORDS[one.name],
        "at": one.at,
        "minutes": one.minutes,
        "silent": one.silent,
    }
