"""Disputes in plain values: whose it is said to be and why, who cares meanwhile, what was ruled before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.urls import reverse

from anwang.access.permissions import Permit
from anwang.access.vocabulary import Role
from anwang.directory.models import County, District, Team
from anwang.triage.models import Dispute
from anwang.triage.permissions import RULING
from anwang.triage.presenters.words import Words, code_words
from anwang.triage.queries.disputes import PastRuling, grounds

Line = dict[str, Any]
_STATES: Final[dict[str, Words]] = {
    "open": {"zh": "等待裁決", "en": "open"},
    "agreed": {"zh": "已同意", "en": "agreed"},
    "ruled": {"zh": "已裁決", "en": "ruled"},
    "lapsed": {"zh": "值班台另行決定", "en": "decided at the desk"},
}
LEVELS: Final[dict[str, Words]] = {
    "county": {"zh": "縣市主管", "en": "county manager"},
    "ministry": {"zh": "中央主管機關", "en": "ministry"},
}


def dispute_line(dispute: Dispute, teams: Mapping[str, Team], now: dt.datetime) -> Line:
    """One dispute in the room's list."""
    used = (now - dispute.raised_at) / max(dispute.answer_due - dispute.raised_at, _SHORT)
    return {
        "id": dispute.pk,
        "url": reverse("triage:dispute", args=[dispute.pk]),
        "ground": code_words("dispute_ground", dispute.ground),
        "stream": dispute.stream,
        "grade": dispute.digest.get("grade"),
        "level": LEVELS[dispute.level],
        "state": dispute.state,
        "state_text": _STATES[dispute.state],
        "raised_at": dispute.raised_at,
        "answer_due": dispute.answer_due,
        "late": dispute.state == Dispute.State.OPEN and dispute.answer_due < now,
        "used": round(100 * min(max(used, 0.0), 1.0)),
        "settled_at": dispute.settled_at,
        **{name: team_words(teams, getattr(dispute, name))
           for name in ("raised_by_team", "wanted_team", "care_team", "to_team")},
    }  # fmt: skip


_SHORT: Final = dt.timedelta(minutes=1)


def team_words(teams: Mapping[str, Team], team_id: str) -> Words | None:
    """The office's names; None where none is named."""
    if not team_id:
        return None
    team = teams.get(team_id)
    return {"zh": team.name_zh, "en": team.name_en} if team else {"zh": team_id, "en": team_id}


def dispute_context(
    dispute: Dispute, teams: Mapping[str, Team], permit: Permit, now: dt.datetime
) -> Line:
    """The whole of one dispute for who is a party to it or rules it."""
    open_ = dispute.state == Dispute.State.OPEN
    mine = {seat.team_id for seat in permit.seats}
    rules = open_ and any(seat.role == RULING[dispute.level] for seat in permit.seats)
    asked = open_ and dispute.wanted_team in mine and dispute.answered_at is None
    return dispute_line(dispute, teams, now) | {
        "statement": dispute.statement,
        "answer": dispute.answer,
        "answered_at": dispute.answered_at,
        "reason": dispute.reason,
        "codes": digest_words(dispute.digest),
        "proposal": proposal_words(dispute.proposal, teams),
        "answer_url": reverse("triage:dispute-answer", args=[dispute.pk]) if asked else None,
        "rule_url": reverse("triage:dispute-rule", args=[dispute.pk]) if rules else None,
        "may_read_report": any(seat.role == Role.DESK for seat in permit.seats),
    }


def digest_words(digest: Mapping[str, Any]) -> list[Line]:
    """What is told of the report: codes in words, no person."""
    told: list[Line] = []
    for field, label in _DIGEST.items():
        value = digest.get(field)
        if value not in (None, "", []):
            told.append({"label": label, "value": _value(field, value)})
    known = digest.get("known") or {}
    for field, label in _KNOWN.items():
        value = known.get(field)
        said = UNKNOWN_WORDS if value in (None, "") else _value(field, value)
        if known:
            told.append({"label": label, "value": said})
    return told


UNKNOWN_WORDS: Final[Words] = {"zh": "不明", "en": "not known"}
_DIGEST: Final[dict[str, Words]] = {
    "grade": {"zh": "分級", "en": "Grade"},
    "stream": {"zh": "分流", "en": "Stream"},
    "agency_kind": {"zh": "受理單位", "en": "Receiving agency"},
    "concerns": {"zh": "事由", "en": "Concerns"},
    "under_18": {"zh": "未滿 18 歲", "en": "Under 18"},
    "district": {"zh": "地區", "en": "District"},
    "refused_by": {"zh": "已退回的小組", "en": "Refused by"},
}
_KNOWN: Final[dict[str, Words]] = {
    "child_in": {"zh": "現在在", "en": "Is now in"},
    "residence": {"zh": "住所地", "en": "Residence"},
    "received_first": {"zh": "先受理", "en": "Received first by"},
    "whereabouts": {"zh": "行蹤", "en": "Whereabouts"},
    "urgent": {"zh": "需要立即保護", "en": "Needs protection at once"},
}


def _value(field: str, value: Any) -> Words:
    if field == "district":
        return _named(
            District.objects.filter(pk=value).values_list("name_zh", "name_en").first(), value
        )
    if field in ("child_in", "residence", "received_first"):
        return _named(
            County.objects.filter(pk=value).values_list("name_zh", "name_en").first(), value
        )
    if field == "refused_by":
        teams = Team.objects.in_bulk(value)
        return {"zh": "、".join(one.name_zh for one in teams.values()),
                "en": ", ".join(one.name_en for one in teams.values())}  # fmt: skip
    return code_words(_FIELDS.get(field, field), value)


_FIELDS: Final = {"concerns": "concern"}


def _named(row: tuple[str, str] | None, code: object) -> Words:
    return {"zh": row[0], "en": row[1]} if row else {"zh": str(code), "en": str(code)}


def proposal_words(proposal: Mapping[str, Any], teams: Mapping[str, Team]) -> Line | None:
    """What is proposed, with its reasons: a county by the regulation's row, or the best ranked team."""
    if proposal.get("kind") == "county":
        row = County.objects.filter(pk=proposal["county"]).values_list("name_zh", "name_en").first()
        return {
            "whose": _named(row, proposal["county"]),
            "reason": proposal["reason"],
            "unknown": [JURISDICTION_INPUTS.get(one, {"zh": one, "en": one})
                        for one in proposal.get("unknown", [])],
        }  # fmt: skip
    if team := proposal.get("team"):
        return {"whose": team_words(teams, str(team)), "points": proposal.get("points"),
                "unknown": []}  # fmt: skip
    return None


JURISDICTION_INPUTS: Final[dict[str, Words]] = {
    "urgent": {"zh": "是否需要立即保護", "en": "whether protection is needed at once"},
    "whereabouts": {"zh": "行蹤", "en": "whereabouts"},
}


def precedent_lines(found: Iterable[PastRuling]) -> list[Line]:
    """Past rulings as the search shows them."""
    return [
        {
            "at": one.at, "level": LEVELS[one.level], "law": one.law, "principle": one.principle,
            "ground": code_words("dispute_ground", one.ground), "stream": one.stream,
            "agency_kind": one.agency_kind,
        }
        for one in found
    ]  # fmt: skip


def ground_choices() -> list[Line]:
    """Grounds for a search."""
    return [{"code": code, **one} for code, one in grounds().items()]
