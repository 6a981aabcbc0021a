"""What the teams' templates are given: offers, families, cases and their history, in plain values."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.urls import reverse
from django.utils.text import capfirst

from anwang.cases.models import Case, FamilyMember
from anwang.cases.queries import FamilyPage, Names
from anwang.cases.queries.household import SERVED
from anwang.directory.models import Team
from anwang.triage.models import Clock, Matter, Offer, Screening
from anwang.triage.presenters.handling import is_automatic
from anwang.triage.presenters.picture import picture_context
from anwang.triage.presenters.words import Words, clock_line, code_words, reason_line

Line = dict[str, Any]
MOST_REASONS = 3  # stream, grade, class; the report has them all
IN_CASE = SERVED
_STATE: dict[bool, Words] = {
    True: {"zh": "服務中", "en": "open"},
    False: {"zh": "已結案", "en": "closed"},
}
_RELATIONS: dict[str, Words] = {
    "parent": {"zh": "父母", "en": "parent"},
    "spouse": {"zh": "配偶", "en": "spouse"},
    "child": {"zh": "子女", "en": "child"},
    "sibling": {"zh": "手足", "en": "sibling"},
    "grandparent": {"zh": "祖父母", "en": "grandparent"},
    "grandchild": {"zh": "孫子女", "en": "grandchild"},
}


def offer_card(
    offer: Offer,
    clock: Clock | None,
    screening: Screening | None,
    desks: Mapping[str, Team],
    *,
    errors: Mapping[str, str] | None = None,
) -> Line:
    """One offer, as cases/_offer_card.html takes it."""
    matter, report = offer.matter, offer.matter.report
    desk = desks.get(matter.desk_team)
    reasons = (screening.proposal.get("reasons") if screening else None) or []
    return {
        "id": offer.pk,
        "receipt": report.receipt,
        "url": reverse("triage:report", args=[report.receipt]),
        "grade": matter.grade,
        "stream": matter.stream,
        "person": {"name": matter.headline.get("name"), "age": matter.headline.get("age")},
        "place": matter.headline.get("place"),
        "narrative": report.body.get("narrative"),
        "reasons": [reason_line(one) for one in reasons[:MOST_REASONS]],
        "joint_with": matter.joint_with,
        "clock": clock_line(clock) if clock else None,
        "offered_at": offer.offered_at,
        "from_desk": desk.name_zh if desk else matter.desk_team,
        "note": offer.decision.reason,
        "automatic": is_automatic(offer),
        "accept_url": reverse("cases:accept", args=[offer.pk]),
        "refuse_url": reverse("cases:refuse", args=[offer.pk]),
        "refuse_open": errors is not None,
        "errors": errors or {},
    }


def case_line(
    case: Case, matter: Matter | None, clock: Clock | None, names: Names, *, mine: bool = True
) -> Line:
    """One case in a line. Of another team's case: that it exists, whose it is, since when."""
    return {
        "number": matter.report.receipt if matter else names.team(case.team_id),
        "url": reverse("cases:case", args=[case.pk]) if mine else "",
        "grade": matter.grade if matter else None,
        "has_grade": matter is not None,
        "stream": case.stream,
        "state_text": _STATE[case.closed_at is None],
        "team_name": names.team_words(case.team_id),
        "lead": names.account(case.lead),
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
        "clock": clock_line(clock) if clock else None,
    }


def member_lines(members: Iterable[FamilyMember], picture: Mapping[str, Any]) -> Iterator[Line]:
    """Who is in the family file, with what the stored picture says of each."""
    shown = {one["person_id"]: one for one in picture.get("members") or []}
    for member in members:
        seen = shown.get(str(member.person_id)) or {}
        born_on = seen.get("born_on") or member.born_on
        yield {
            "person_id": member.person_id,
            "name": member.name,
            "age": seen.get("age"),
            "born_on": born_on or None,
            "sex": seen.get("sex"),
            "relation": _RELATIONS.get(str(seen.get("relation"))) or seen.get("relation") or "",
            "role": member.role,
            "living": seen.get("living", False),
            "registered": seen.get("registered", False),
            "dead": seen.get("dead", False),
            "in_case": member.role in IN_CASE,
            "identified": member.person_id is not None,
            "notes": list(_notes(member, seen)),
        }


def _notes(member: FamilyMember, seen: Mapping[str, Any]) -> Iterator[Line]:
    if member.person_id is None:
        yield {"kind": "unknown", "text": {"zh": "尚未辨識", "en": "not identified"}}
    if seen.get("pregnant"):
        yield {"kind": "plain", "text": {"zh": "懷孕中", "en": "pregnant"}}


def chronicle(page: FamilyPage, matters: Mapping[uuid.UUID, Matter]) -> list[Line]:
    """What happened, newest first: receipt, screenings, decisions, offers, who was accountable."""
    lines = [
        *_received(matters),
        *_screened(page),
        *_decided(page),
        *_offered(page),
        *_accountable(page),
        *_opened(page),
    ]
    return sorted(lines, key=lambda line: line["at"], reverse=True)


def _team(page: FamilyPage, team_id: str) -> tuple[str, str]:
    return page.names.team(team_id), page.names.team_en(team_id)


def _line(at: dt.datetime | None, who: str, zh: str, en: str, **more: Any) -> Line:
    return {"at": at, "who": who, "text": {"zh": zh, "en": en}, **more}


def _received(matters: Mapping[uuid.UUID, Matter]) -> Iterator[Line]:
    for matter in matters.values():
        report = matter.report
        channel = code_words("channel", report.channel)
        url = reverse("triage:report", args=[report.receipt])
        yield _line(report.accepted_at, "", f"收到通報 {report.receipt}（{channel['zh']}）",
                    f"Report {report.receipt} received ({channel['en']})", url=url)  # fmt: skip


def _screened(page: FamilyPage) -> Iterator[Line]:
    for one in page.screenings:
        unknown = len(one.picture.get("unknown") or [])
        yield _line(one.at, "", f"比對、看見這一家，{unknown} 個來源沒有回答",
                    f"Compared and pictured; {unknown} sources gave no answer")  # fmt: skip


def _decided(page: FamilyPage) -> Iterator[Line]:
    for one in page.decisions:
        zh, en = ("改變建議", "Decided otherwise") if one.changed else ("確認建議", "Confirmed")
        yield _line(one.at, page.names.account(one.by), zh, en, told=one.reason)


def _offered(page: FamilyPage) -> Iterator[Line]:
    for one in page.offers:
        team, team_en = _team(page, one.team_id)
        yield _line(one.offered_at, "", f"派給{team}", f"Offered to {team_en}")
        if one.answer == Offer.Answer.REFUSED:
            code = code_words("refusal", one.refusal)
            yield _line(one.answered_at, page.names.account(one.answered_by),
                        f"{team}退回，{code['zh']}", f"{team_en} refused: {code['en']}",
                        told=one.refusal_text,
                        mark={"kind": "bad", "text": {"zh": "退回", "en": "refused"}})  # fmt: skip


def _accountable(page: FamilyPage) -> Iterator[Line]:
    for one in page.duties:
        team, team_en = _team(page, one.accountable_team)
        yield _line(one.during.lower, "", f"由{team}負責", f"{team_en} accountable")


def _opened(page: FamilyPage) -> Iterator[Line]:
    for one in page.cases:
        team, team_en = _team(page, one.team_id)
        yield _line(one.opened_at, page.names.account(one.opened_by) or "", f"{team}開案",
                    f"Case opened by {team_en}")  # fmt: skip


def picture_of_page(page: FamilyPage) -> Line | None:
    """The newest stored picture, or None where no screening of a reachable report has one."""
    picture = page.screening.picture if page.screening else {}
    return picture_context(picture) if picture.get("members") else None


def helpers_of(matters: Iterable[Matter]) -> list[Words]:
    """The kinds of agencies that the decisions named to work with it."""
    kinds = dict.fromkeys(kind for matter in matters for kind in matter.joint_with)
    words = [code_words("agency_kind", kind) for kind in kinds]
    return [{"zh": word["zh"], "en": capfirst(word["en"])} for word in words]
