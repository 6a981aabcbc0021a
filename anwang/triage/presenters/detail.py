"""One report as triage/_detail.html takes it. Who reported is never in what this module gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from anwang.directory.models import Team
from anwang.triage.models import Offer, State
from anwang.triage.presenters.clock_lines import told
from anwang.triage.presenters.handling import handling_context, is_automatic, is_handling
from anwang.triage.presenters.picture import names_of, picture_context
from anwang.triage.presenters.used import with_facts
from anwang.triage.presenters.words import (
    clock_line,
    doubted_words,
    marks,
    plain,
    reason_line,
    would_change_words,
)
from anwang.triage.queries.clock_history import histories
from anwang.triage.queries.matters import DeskReport, open_copy_of
from anwang.triage.queries.teams import TeamChoice
from anwang.triage.rules.attached import read_stored
from anwang.triage.rules.doubted import doubted_subjects, what_rests_on_links
from anwang.triage.rules.inputs import SAME_EVENT_PERCENT
from anwang.triage.rules.policies import TriagePolicies

Context = dict[str, Any]
_LEVELS_SHOWN = 3


def report_context(
    found: DeskReport, explained: Mapping[str, Any], policies: TriagePolicies | None = None
) -> Context:
    """`report` and what stands beside it, for whoever may read it. `policies`: what decided it."""
    picture = found.screening.picture if found.screening else {}
    return {
        "report": _report(found, explained, picture),
        "picture": picture_context(picture) if picture.get("members") else None,
        "reasons": with_facts(
            [reason_line(one) for one in explained["reasons"] if not is_handling(one)],
            policies,
            report=open_copy_of(found.report),
            picture=picture,
            inputs=explained.get("inputs") or {},
            answerers={
                str(pk): {"zh": one.display_name, "en": one.display_name_en or one.display_name}
                for pk, one in found.answerers.items()
            },
        ),
        "would_change": [
            *(would_change_words(one) for one in explained.get("would_change", [])),
            *_resting_on_links(found, explained, policies),
        ],
        "handling": handling_context(found),
        "clocks": _clocks(found, explained),
    }


def _resting_on_links(
    found: DeskReport, explained: Mapping[str, Any], policies: TriagePolicies | None
) -> Iterator[Context]:
    """What would change if somebody is not whom the system took him for."""
    if policies is None or found.screening is None:
        return
    screening = found.screening
    percent = read_stored(screening.inputs.get(SAME_EVENT_PERCENT, "unknown"))
    doubted = doubted_subjects(screening.matches, explained.get("confirmed", ()))
    subjects = found.report.body.get("subjects") or []
    for one in what_rests_on_links(
        open_copy_of(found.report), screening.picture, doubted, policies, percent
    ):
        subject = subjects[one["person"]["subject"]]
        yield doubted_words(one, str(subject.get("name") or _("不詳")))


def _clocks(found: DeskReport, explained: Mapping[str, Any]) -> list[Context]:
    """Each clock with its law and its proof log."""
    story = histories([found.matter.pk])
    return [
        told(clock_line(one), one["id"], story.get((found.matter.pk, one["id"]), []))
        for one in explained["clocks"]
    ]


def _report(found: DeskReport, explained: Mapping[str, Any], picture: Mapping[str, Any]) -> Context:
    matter, body = found.matter, found.report.body
    return {
        **{name: explained[name] for name in ("receipt", "grade", "class", "stream",
           "agency_kind", "joint_with", "passed_to", "state")},
        "received_at": found.report.received_at,
        "channel": found.report.channel,
        "sender": found.report.sender,
        "narrative": body.get("narrative"),
        "concerns": body.get("concerns") or [],
        "immediate_danger": body.get("immediate_danger"),
        "incident": body.get("incident") or {},
        "person": {"name": matter.headline.get("name"), "age": matter.headline.get("age"),
                   "masked": False},
        "not_checked": bool(matter.failed_steps) or matter.state == State.RECEIVED,
        "marks": [marks().get(code) or plain(code) for code in found.report.marks],
        "subjects": list(_subjects(found, explained, picture)),
        "photos": list(_pictures(found)),
        "additions": [
            {"received_at": one.added_at, "text": one.body.get("narrative") or ""}
            for one in found.additions
        ],
        "reporter": _reporter(body),
        "screened_at": explained.get("screened_at"),
        "policy_versions": explained.get("policy_versions"),
    }  # fmt: skip


def _reporter(body: Mapping[str, Any]) -> Context:
    said = body.get("reporter") or {}
    return {
        "mandated": said.get("mandated"),
        "anonymous": said.get("anonymous"),
        "note": said.get("role") or None,
    }


def _subjects(
    found: DeskReport, explained: Mapping[str, Any], picture: Mapping[str, Any]
) -> Iterator[Context]:
    names = names_of(picture)
    matches = found.screening.matches if found.screening else {}
    for index, subject in enumerate(found.report.body.get("subjects") or []):
        taken = explained["persons"].get(str(index))
        told = matches.get(str(index), {})
        yield {
            **{name: subject.get(name) for name in ("role", "name", "birth", "sex", "phone",
               "address", "relation_to_victim", "notes")},
            "id_shown": (subject.get("id") or {}).get("shown"),
            "protected": bool(subject.get("protected")),
            "match": {
                "name": names.get(str(taken["person_id"])) or subject.get("name") or "",
                "probability": taken["probability"],
                "confirmed": str(index) in explained.get("confirmed", ()),
            } if taken else None,
            "record": told.get("record") if told.get("candidates") else None,
        }  # fmt: skip


def _pictures(found: DeskReport) -> Iterator[Context]:
    for pk, media_type in found.pictures:
        try:
            url = reverse("intake:attachment", args=[pk])
        except NoReverseMatch:  # the room that shows them is not built in this instance
            return
        yield {"url": url, "thumb_url": url, "name": media_type}


def same_event_lines(found: DeskReport, *, may_judge: bool) -> list[Context]:
    """The reports that may tell the same event, with what was answered about each."""
    proposed = {
        one["report"]: one for one in (found.screening.same_event if found.screening else [])
    }
    joined = str(found.matter.same_event_as) if found.matter.state == State.LINKED else ""
    keys = dict.fromkeys([*proposed, *found.judged, *found.joined])
    lines = []
    for key in keys:
        other = found.others.get(key)
        if other is None:  # out of this reader's reach
            continue
        said = proposed.get(key, {})
        answer = True if key == joined else found.judged.get(key)
        with_it = key == joined or key in found.joined
        state = "confirmed" if with_it else "refused" if answer is False else "proposed"
        earlier = said.get("earlier", key not in found.joined)
        lines.append({
            "receipt": other.receipt,
            "url": reverse("triage:report", args=[other.receipt]),
            "channel": other.channel,
            "received_at": other.received_at,
            "narrative": other.body.get("narrative"),
            "probability": said.get("probability"),
            "state": state,
            "later": not earlier,
            "reasons": _event_reasons(said.get("reasons") or []),
            **(_judge_urls(found, other.receipt, state) if may_judge and earlier else {}),
        })  # fmt: skip
    return lines


def _judge_urls(found: DeskReport, other: str, state: str) -> Context:
    def url(name: str) -> str:
        return reverse(f"triage:{name}", args=[found.report.receipt, other])

    can_join = found.matter.state == State.AWAITING_DECISION
    return {
        "join_url": url("join") if can_join and state == "proposed" else None,
        "separate_url": url("separate") if state == "proposed" else None,
        "undo_url": url("undo") if state != "proposed" else None,
        "version": found.matter.changed_at.isoformat(),
    }


_COMPARED = {
    "who": {"zh": "當事人相符", "en": "same people"},
    "place": {"zh": "地點相符", "en": "same place"},
    "time": {"zh": "時間相近", "en": "close in time"},
    "concerns": {"zh": "事由相同", "en": "same concerns"},
    "narrative": {"zh": "敘述相似", "en": "told alike"},
}


def _event_reasons(reasons: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The comparisons that speak most for one event, strongest first."""
    speaking = sorted((r for r in reasons if r["weight"] > 0), key=lambda r: -r["weight"])
    return [
        _COMPARED.get(r["comparison"]) or plain(r["comparison"]) for r in speaking[:_LEVELS_SHOWN]
    ]


def offer_lines(found: DeskReport, team: TeamChoice | None, names: Mapping[str, Team]) -> Context:
    """The offer as it stands (or would be made), and the ones before it."""
    latest = found.offers[0] if found.offers else None
    standing = latest is not None and latest.answer in (Offer.Answer.OPEN, Offer.Answer.ACCEPTED)
    offer = _made(latest, names) if standing and latest else _proposed(team)
    past = found.offers[1:] if standing else found.offers
    return {"offer": offer, "past_offers": [_made(one, names) for one in past]}


def _made(offer: Offer, names: Mapping[str, Team]) -> Context:
    team = names.get(offer.team_id)
    return {
        "team_name": {"zh": team.name_zh, "en": team.name_en} if team else offer.team_id,
        "agency_kind": team.agency_kind if team else "",
        "load": None,
        "state": {"open": "offered", "accepted": "accepted"}.get(offer.answer, "refused"),
        "offered_at": offer.offered_at,
        "refusal": offer.refusal,
        "refusal_text": offer.refusal_text,
        "notes": list(_offer_notes(offer)),
    }


def _offer_notes(offer: Offer) -> Iterator[str]:
    if is_automatic(offer):
        yield _("自動派案")
    if offer.answer == Offer.Answer.WITHDRAWN:
        yield _("值班台收回")


def _proposed(team: TeamChoice | None) -> Context | None:
    if team is None:
        return None
    notes = [] if team.its_stream else [{"zh": "不在該組分流內", "en": "not a stream of this team"}]
    return {
        "team_name": team.name,
        "agency_kind": team.agency_kind,
        "load": team.load,
        "state": "proposed",
        "notes": notes,
    }
