"""What the pages of the desk are made of; shared by looking and by deciding."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from anwang.access.permissions import SEAL_ASKERS, Permit
from anwang.access.queries.seals import seal_over
from anwang.access.vocabulary import Role
from anwang.common.clock import clock_now
from anwang.directory.models import Team
from anwang.triage.instruments.presenters import instrument_lines
from anwang.triage.instruments.queries import accounts_by, answers_of, instruments_in_force
from anwang.triage.models import Matter, State
from anwang.triage.permissions import DESK_ROLES
from anwang.triage.presenters.detail import offer_lines, report_context, same_event_lines
from anwang.triage.presenters.inquiries import asked_context, names_in
from anwang.triage.presenters.queue import queue_context
from anwang.triage.presenters.ranking import ranking_context, weights_of
from anwang.triage.presenters.second_looks import look_context
from anwang.triage.queries import explain_fields
from anwang.triage.queries.false_reports import untrue_reports
from anwang.triage.queries.inquiries import last_inquiry
from anwang.triage.queries.matters import DeskReport, desk_report, report_of_receipt
from anwang.triage.queries.policies import tables_that_decided
from anwang.triage.queries.queue import (
    counts_of_queue,
    next_clocks,
    queue_page,
    queue_version,
    same_event_counts,
)
from anwang.triage.queries.second_looks import last_look, may_look
from anwang.triage.queries.teams import TeamChoice, teams_for_matter
from anwang.triage.rules.policies import TriagePolicies

Context = dict[str, Any]
DECIDABLE = (State.AWAITING_DECISION, State.DISPUTED)
CLOSED_BY_DESK = (State.ANSWERED, State.ERROR)


def with_minute(version: str, now: dt.datetime) -> str:
    """The clocks' words change with time alone: a version is good for a minute at most."""
    return f"{version}-{int(now.timestamp()) // 60}"


def page_of(request: HttpRequest) -> int:
    """The page asked for; 1 for anything that is no number."""
    asked = request.GET.get("page", "1")
    return min(max(int(asked), 1), 1000) if asked.isdecimal() and len(asked) < 5 else 1


def queue_part(request: HttpRequest, permit: Permit) -> tuple[Context, list[Matter]]:
    """The queue's context and the matters it shows. Eight statements, whatever their number."""
    now, page = clock_now(), page_of(request)
    # Asked before the rows: a change in between makes the next poll renew, and is never missed.
    version = with_minute(queue_version(permit), now)
    matters, more = queue_page(permit, page)
    shown = queue_context(
        matters, next_clocks(matters), counts_of_queue(permit, now), same_event_counts(matters),
        page=page, more=more, version=version,
    )  # fmt: skip
    return {"now": now, "queue": shown}, matters


def detail_context(request: HttpRequest, receipt: str, permit: Permit, **decide: object) -> Context:
    """Everything of one report that `permit` opens."""
    matter_id = report_of_receipt(receipt)
    assert matter_id is not None  # the permit was given for it in this transaction
    found = desk_report(matter_id, permit)
    explained = explain_fields(found.report.receipt) or {}
    at_desk = any(
        seat.role in DESK_ROLES and seat.team_id == found.matter.desk_team for seat in permit.seats
    )
    teams = _teams(found.matter) if at_desk else []
    suggested = _suggested(found.matter, teams)
    names = Team.objects.in_bulk({offer.team_id for offer in found.offers})
    return {
        "now": clock_now(),
        "at_desk": at_desk,
        "may_identify": at_desk
        or any(
            seat.role == Role.LEAD and seat.team_id == found.matter.accountable_team
            for seat in permit.seats
        ),
        "find_url": reverse("cases:find") if at_desk else None,
        **report_context(found, explained, _tables(found)),
        "forms": _forms(found, permit),
        "look": _look(found, permit, at_desk=at_desk),
        **_sealing(found, permit),
        **offer_lines(found, suggested, names),
        "weights": weights_of(suggested) if suggested else [],
        "same_events": same_event_lines(found, may_judge=at_desk),
        "untrue": untrue_reports(matter_id, permit) if at_desk else [],
        "asked": asked_context(found.matter, last_inquiry(matter_id, permit), names_in(explained)),
        "decide": _decide(found, teams, suggested) | decide if at_desk else None,
    }


def _tables(found: DeskReport) -> TriagePolicies | None:
    return tables_that_decided(found.screening) if found.screening else None


def _forms(found: DeskReport, permit: Permit) -> Context:
    """The forms about this report and how far they are filled."""
    tasks = found.screening.proposal.get("tasks", []) if found.screening else []
    answers = answers_of(found.matter.pk, permit)
    return instrument_lines(found.report.receipt, instruments_in_force().values(), tasks, answers)


def _look(found: DeskReport, permit: Permit, *, at_desk: bool) -> Context | None:
    """The second look that this report waits for, or had last."""
    look = last_look(found.matter)
    if look is None:
        return None
    people = accounts_by({look.asked_by, *([look.looked_by] if look.looked_by else [])})
    team = (look.wanted.get("change") or {}).get("team")
    return look_context(
        look, found.matter, found.report.receipt, people,
        Team.objects.in_bulk([team] if team else []), reader=permit.actor.id, at_desk=at_desk,
        may_look=at_desk and look.verdict == "" and may_look(look),
    )  # fmt: skip


def _sealing(found: DeskReport, permit: Permit) -> Context:
    """The seal that names the reader; or where he may ask for one."""
    seal = seal_over([found.matter.pk])
    may_ask = seal is None and any(seat.role in SEAL_ASKERS for seat in permit.seats)
    url = reverse("cases:seal-ask", args=[found.report.receipt]) if may_ask else None
    return {"seal": seal, "seal_ask_url": url}


def _teams(matter: Matter) -> list[TeamChoice]:
    """Every team of the county, best first, while the desk has one to choose."""
    if matter.state not in DECIDABLE:
        return []
    return teams_for_matter(matter, matter.agency_kind, matter.stream)


def _suggested(matter: Matter, teams: list[TeamChoice]) -> TeamChoice | None:
    """The best of those that the policy's agency names."""
    if matter.agency_kind is None:
        return None
    return next((one for one in teams if one.lawful), None)


def _decide(found: DeskReport, teams: list[TeamChoice], suggested: TeamChoice | None) -> Context:
    matter = found.matter

    def url(name: str) -> str:
        return reverse(f"triage:{name}", args=[found.report.receipt])

    decidable = matter.state in DECIDABLE
    ready = decidable and matter.grade and matter.stream and (suggested or matter.passed_to)
    return {
        "version": matter.changed_at.isoformat(),
        "joint_with": matter.joint_with,
        "confirm_url": url("confirm") if ready else None,
        "confirm_word": _("確認並派案") if suggested else _("確認並轉請"),
        "change_url": url("change") if decidable else None,
        "answer_url": url("answer") if decidable else None,
        "county_url": url("county") if matter.state == State.AWAITING_DECISION else None,
        "reopen_url": url("reopen") if matter.state in CLOSED_BY_DESK else None,
        "withdraw_url": url("withdraw") if matter.state == State.OFFERED else None,
        **ranking_context(teams, suggested),
    }
