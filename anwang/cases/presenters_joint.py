"""Transfers and helpers in plain values, for the teams between which they stand."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse

from anwang.cases.models import FamilyMember, Helper, Transfer
from anwang.cases.queries import Names
from anwang.triage.models import Matter
from anwang.triage.presenters.words import Words
from anwang.triage.queries.teams import teams_for

Line = dict[str, Any]
STATUS: Final[dict[str, Words]] = {
    "invited": {"zh": "等待回覆", "en": "invited"},
    "accepted": {"zh": "已同意", "en": "accepted"},
    "working": {"zh": "進行中", "en": "working"},
    "done": {"zh": "已完成", "en": "done"},
    "declined": {"zh": "不協力", "en": "declined"},
    "withdrawn": {"zh": "已收回", "en": "withdrawn"},
}
ANSWER: Final[dict[str, Words]] = {
    "open": {"zh": "等待回覆", "en": "waiting"},
    "accepted": {"zh": "已接下", "en": "accepted"},
    "refused": {"zh": "退回", "en": "refused"},
    "withdrawn": {"zh": "已收回", "en": "withdrawn"},
}
SHAPE: Final = {
    "invited": "warn", "accepted": "ok", "working": "ok", "done": "state", "declined": "bad",
    "withdrawn": "state", "open": "warn", "refused": "bad",
}  # fmt: skip


def help_line(helper: Helper, names: Names) -> Line:
    """One request of help."""
    return {
        "id": helper.pk,
        "url": reverse("cases:help", args=[helper.pk]),
        "step_url": reverse("cases:help-step", args=[helper.pk]),
        "team_name": names.team_words(helper.team_id),
        "lead_team": names.team_words(helper.lead_team),
        "worker": names.account(helper.worker),
        "task": helper.task,
        "said": helper.said,
        "stream": helper.stream,
        "grade": helper.grade,
        "status": helper.status,
        "status_text": STATUS[helper.status],
        "shape": SHAPE[helper.status],
        "status_at": helper.status_at,
        "invited_at": helper.invited_at,
        "live": helper.status in ("invited", "accepted", "working"),
    }


def transfer_line(transfer: Transfer, names: Names) -> Line:
    """One step on a case's way from team to team."""
    return {
        "id": transfer.pk,
        "answer_url": reverse("cases:transfer-answer", args=[transfer.pk]),
        "from_team": names.team_words(transfer.from_team),
        "to_team": names.team_words(transfer.to_team),
        "reason": transfer.reason,
        "same_day": transfer.same_day,
        "offered_at": transfer.offered_at,
        "offered_by": names.account(transfer.offered_by),
        "answer": transfer.answer,
        "answer_text": ANSWER[transfer.answer],
        "shape": SHAPE[transfer.answer],
        "answered_at": transfer.answered_at,
        "refusal": transfer.refusal,
        "refusal_text": transfer.refusal_text,
    }


def transfer_card(transfer: Transfer, matter: Matter | None, names: Names) -> Line:
    """A case that a team was asked to take over, with the report that opened it."""
    line = transfer_line(transfer, names)
    if matter is None:
        return line
    return line | {
        "grade": matter.grade,
        "stream": matter.stream,
        "receipt": matter.report.receipt,
        "url": reverse("triage:report", args=[matter.report.receipt]),
        "person": {"name": matter.headline.get("name"), "age": matter.headline.get("age")},
        "place": matter.headline.get("place"),
    }


def member_name(member: FamilyMember) -> Line:
    """A member as a helper sees one: name, birth, role; nothing of what registers tell."""
    return {"name": member.name, "born_on": member.born_on, "role": member.role}


def team_choices(matter: Matter, *, besides: str) -> list[Line]:
    """The county's other teams, those of the stream and the emptier ones first."""
    district = matter.headline.get("district")
    found = teams_for(matter.county, stream=matter.stream, district=district)
    return [
        {"id": one.id, "name": one.name["zh"], "agency_kind": one.agency_kind, "load": one.load}
        for one in found
        if one.id != besides
    ]
