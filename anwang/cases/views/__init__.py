"""What a team does with what it is offered, and the families and cases it then carries."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.permissions import SEAL_ASKERS, Permit
from anwang.access.queries.seals import seal_over
from anwang.cases.actions import accept_offer, close_case, finish_duty
from anwang.cases.forms import RefusalForm
from anwang.cases.models import Case
from anwang.cases.permissions import (
    check_can_list_families,
    check_can_read_case,
    check_can_read_family,
    check_can_use_inbox,
    check_can_work_case,
    put_offers_on_record,
)
from anwang.cases.presenters import (
    case_line,
    chronicle,
    helpers_of,
    member_lines,
    offer_card,
    picture_of_page,
)
from anwang.cases.presenters_joint import help_line, transfer_card, transfer_line
from anwang.cases.queries import (
    COUNTED,
    MOST_OFFERS,
    FamilyPage,
    family_of_number,
    family_page,
    inbox_version,
    latest_screenings,
    names_of,
    number_of_cases,
    open_offers,
    team_cases,
    team_families,
    visible_matters,
)
from anwang.cases.queries.joint_work import (
    helpers_in,
    transfers_of,
    waiting_transfers,
    wakings_of,
)
from anwang.cases.views.clocks import clocks_context
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.directory.models import Team
from anwang.triage.actions.offers import refuse_offer
from anwang.triage.instruments.presenters import state_lines
from anwang.triage.instruments.queries import accounts_by, form_states, instruments_in_force
from anwang.triage.models import Matter, Offer
from anwang.triage.permissions import check_can_answer_offer
from anwang.triage.presenters.words import clock_line, reason_line, would_change_words
from anwang.triage.queries.queue import next_clocks
from anwang.triage.views.pages import page_of, with_minute

Context = dict[str, Any]


@refused_is_absent
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Offers that wait for an answer, and what the team carries."""
    return _inbox(request, openly(check_can_use_inbox, request))


def _inbox(request: HttpRequest, permit: Permit, **asked: Any) -> HttpResponse:
    part, shown = _offers_part(permit, **asked)
    put_offers_on_record(permit, (one.matter_id for one in shown))
    teams = Team.objects.in_bulk(permit.team_ids)
    carried = team_cases(permit)
    names = names_of((one.team_id for one in carried), (one.lead for one in carried))
    clocks = next_clocks([one.matter for one in carried])
    number = number_of_cases(permit)
    context = part | {
        "transfers": _transfers(permit),
        "team": {
            "name": {
                "zh": "、".join(team.name_zh for team in teams.values()),
                "en": ", ".join(team.name_en for team in teams.values()),
            }
        },
        "counts": {
            "offers": len(shown),
            "late": sum(
                1 for one in shown if one.matter.due_at and one.matter.due_at < part["now"]
            ),
            "cases": f"{COUNTED - 1}+" if number >= COUNTED else number,
        },
        "cases": [
            case_line(one, one.matter, clocks.get(one.matter_id), names)
            | {"family_name": one.family.name}
            for one in carried
        ],
    }
    return render(request, "cases/inbox.html", context)


def _transfers(permit: Permit) -> list[Context]:
    """Open cases that the team was asked to take over; shown and put on record as offers are."""
    waiting = waiting_transfers(permit)
    if not waiting:
        return []
    put_offers_on_record(permit, (one.matter_id for one in waiting))
    reports = Matter.objects.select_related("report").in_bulk([one.matter_id for one in waiting])
    names = names_of(
        {team for one in waiting for team in (one.from_team, one.to_team)},
        (one.offered_by for one in waiting),
    )
    return [transfer_card(one, reports.get(one.matter_id), names) for one in waiting]


@refused_is_absent
@require_GET
def offers(request: HttpRequest) -> HttpResponse:
    """The waiting offers anew if they changed since the version asked with; else 204."""
    permit = openly(check_can_use_inbox, request)
    since = request.GET.get("since", "")
    if since and since == with_minute(inbox_version(permit), clock_now()):
        return HttpResponse(status=204)
    part, shown = _offers_part(permit)
    put_offers_on_record(
        permit, (one.matter_id for one in shown if f"{one.offered_at:%Y%m%d%H%M%S%f}" > since)
    )
    return render(request, "cases/_offers.html", part)


def _offers_part(
    permit: Permit, refusing: uuid.UUID | None = None, errors: dict[str, str] | None = None
) -> tuple[Context, list[Offer]]:
    now = clock_now()
    version = with_minute(inbox_version(permit), now)
    shown = open_offers(permit)
    clocks = next_clocks([one.matter for one in shown])
    screenings = latest_screenings(one.matter_id for one in shown)
    desks = Team.objects.in_bulk({one.matter.desk_team for one in shown})
    cards = [
        offer_card(
            one, clocks.get(one.matter_id), screenings.get(one.matter_id), desks,
            errors=errors or {} if one.pk == refusing else None,
        )
        for one in shown
    ]  # fmt: skip
    return {
        "now": now,
        "offers": cards,
        "most_offers": MOST_OFFERS,
        "live_url": f"{reverse('cases:offers')}?since={version}",
    }, shown


@refused_is_absent
@require_POST
def accept(request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
    """Take the family over: opens the case and leads to its family file."""
    permit = check_can_answer_offer(actor_of(request), offer_id)
    try:
        case = accept_offer(offer_id, permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
        return redirect("cases:inbox")
    messages.success(request, _("已受理。從現在起由貴組負責這一家。"))
    return redirect("cases:family", case.family.number)


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
    """Give an offer back with a coded reason. A GET shows the dialog without script."""
    permit = check_can_answer_offer(actor_of(request), offer_id)
    if request.method != "POST":
        return _inbox(request, openly(check_can_use_inbox, request), refusing=offer_id)
    form = RefusalForm(request.POST)
    if not form.is_valid():
        errors = {field: texts[0] for field, texts in form.errors.items()}
        return _inbox(
            request, openly(check_can_use_inbox, request), refusing=offer_id, errors=errors
        )
    said = form.cleaned_data
    try:
        refuse_offer(offer_id, code=said["reason"], text=said["text"], permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已退回值班台，由值班台另派。"))
    return redirect("cases:inbox")


@refused_is_absent
@require_GET
def families(request: HttpRequest) -> HttpResponse:
    """The families that the reader's teams work with."""
    permit = check_can_list_families(actor_of(request))
    page = page_of(request)
    found, more = team_families(permit, page)
    base = reverse("cases:families")
    context = {
        "now": clock_now(),
        "families": found,
        "before_url": f"{base}?page={page - 1}" if page > 1 else "",
        "more_url": f"{base}?page={page + 1}" if more else "",
    }
    return render(request, "cases/families.html", context)


@refused_is_absent
@require_GET
def family(request: HttpRequest, number: str) -> HttpResponse:
    """One family as everybody who works in it sees it."""
    permit = check_can_read_family(actor_of(request), family_of_number(number))
    family_id = family_of_number(number)
    assert family_id is not None  # no permit without a family
    page = family_page(family_id, permit)
    return render(request, "cases/family.html", _family_context(page, permit))


def _family_context(page: FamilyPage, permit: Permit) -> Context:
    matters = visible_matters(page.cases)
    clocks = next_clocks(list(matters.values()))
    picture = picture_of_page(page)
    mine = set(permit.team_ids)
    latest = next((one for one in page.cases if one.closed_at is None), None)
    leading = matters.get(latest.matter_id) if latest else None
    return {
        "now": clock_now(),
        "family": {
            "number": page.family.number,
            "name": page.family.name,
            "place": leading.headline.get("place") if leading else None,
            "registered_count": picture["registered_count"] if picture else 0,
            "living_count": picture["living_count"] if picture else len(page.members),
            "grade": leading.grade if leading else None,
            "lead": _lead(page, latest),
            "case_count": sum(1 for one in page.cases if one.closed_at is None),
            "worker_count": len({one.lead for one in page.cases}),
        },
        "members": list(member_lines(page.members, page.screening.picture if page.screening else {})),
        "genogram_svg": picture["genogram_svg"] if picture else None,
        "signals": picture["signals"] if picture else {},
        "facts": picture["facts"] if picture else [],
        "more_facts": picture["more_facts"] if picture else [],
        "as_of": picture["as_of"] if picture else None,
        "cases": [
            case_line(one, matters.get(one.matter_id), clocks.get(one.matter_id), page.names,
                      mine=one.team_id in mine)
            for one in page.cases
        ],
        "clocks": [clock_line(one) for one in page.clocks],
        "chronicle": chronicle(page, matters),
        "helpers": helpers_of(matters.values()),
        "seal": seal_over([page.family.pk]),
        "wakings": wakings_of(page.family.pk),
    }  # fmt: skip


def _lead(page: FamilyPage, latest: Case | None) -> str:
    if latest is None:
        return ""
    return f"{page.names.team(latest.team_id)} {page.names.account(latest.lead)}".strip()


@refused_is_absent
@require_GET
def case(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """One case: why it was opened, its clocks, who works in it, how it came here."""
    permit = check_can_read_case(actor_of(request), case_id)
    found = Case.objects.select_related("family", "matter__report").get(pk=case_id)
    page = family_page(found.family_id, permit, found)
    return render(request, "cases/case.html", _case_context(found, page, permit))


def _case_context(found: Case, page: FamilyPage, permit: Permit) -> Context:
    matter, report = found.matter, found.matter.report
    proposal = page.screening.proposal if page.screening else {}
    line = case_line(found, matter, None, page.names)
    helpers, transfers = helpers_in(found.pk), transfers_of(found.pk)
    names = names_of(
        {one.team_id for one in helpers} | {one.lead_team for one in helpers}
        | {team for one in transfers for team in (one.from_team, one.to_team)},
        [*(one.worker for one in helpers), *(one.offered_by for one in transfers)],
    )  # fmt: skip
    seal = seal_over([found.pk])
    may_help = found.closed_at is None and seal is None
    may_move = may_help and not any(one.answer == "open" for one in transfers)
    may_ask = seal is None and any(seat.role in SEAL_ASKERS for seat in permit.seats)
    return {
        "now": clock_now(),
        "case": line | {
            "agency_kind": matter.agency_kind,
            "person": {"name": matter.headline.get("name"), "age": matter.headline.get("age")},
            "receipt": report.receipt,
            "report_url": reverse("triage:report", args=[report.receipt]),
            "narrative": report.body.get("narrative"),
            "concerns": report.body.get("concerns") or [],
        },
        "family": {"name": page.family.name, "number": page.family.number,
                   "url": reverse("cases:family", args=[page.family.number])},
        "reasons": [reason_line(one) for one in proposal.get("reasons", [])],
        "would_change": [would_change_words(one) for one in proposal.get("would_change", [])],
        **clocks_context(found, page.clocks, permit),
        "closed": {"at": found.closed_at, "reason": found.closing_reason} if found.closed_at else None,
        "workers": [
            {"name": page.names.account(found.lead), "team_name": page.names.team_words(found.team_id),
             "role": {"zh": "主責", "en": "lead"}, "since": found.opened_at},
        ],
        "helpers": helpers_of([matter]),
        "joint": [help_line(one, names) for one in helpers],
        "transfers": [transfer_line(one, names) for one in transfers],
        "transfer_url": reverse("cases:transfer", args=[found.pk]) if may_move else None,
        "helpers_url": reverse("cases:helpers", args=[found.pk]) if may_help else None,
        "visits": [],
        "offers": [_offer_line(one, page) for one in page.offers],
        "picture": picture_of_page(page),
        "chronicle": chronicle(page, {matter.pk: matter}),
        "seal": seal,
        "seal_ask_url": reverse("cases:seal-ask", args=[report.receipt]) if may_ask else None,
        "safe_adults_url": reverse("cases:safe-adults", args=[found.pk]),
        "forms": _forms(report.receipt, proposal.get("tasks", []), page, permit),
    }  # fmt: skip


def _forms(receipt: str, tasks: list[str], page: FamilyPage, permit: Permit) -> Context:
    """The forms about the case's report and about the family's others, as far as the reader has them."""
    receipts = {pk: one.report.receipt for pk, one in visible_matters(page.cases).items()}
    states = form_states(receipts, permit)
    return state_lines(
        receipt,
        instruments_in_force(),
        tasks,
        states,
        receipts,
        accounts_by({one.by for one in states}),
    )


@refused_is_absent
@require_POST
def done(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """A duty of the case is done: its clock stops now."""
    permit = check_can_work_case(actor_of(request), case_id)
    try:
        finish_duty(case_id, request.POST.get("clock", ""), permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已記下完成的時間。"))
    return redirect("cases:case", case_id)


@refused_is_absent
@require_POST
def close(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """End the case, with its reason."""
    permit = check_can_work_case(actor_of(request), case_id)
    try:
        close_case(case_id, reason=request.POST.get("reason", ""), permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已結案。家庭檔與紀錄都留著。"))
    return redirect("cases:case", case_id)


def _offer_line(offer: Offer, page: FamilyPage) -> Context:
    return {
        "team_name": page.names.team_words(offer.team_id),
        "offered_at": offer.offered_at,
        "state": offer.answer,
        "answered_at": offer.answered_at,
        "answered_by": page.names.account(offer.answered_by),
        "refusal": offer.refusal,
        "refusal_text": offer.refusal_text,
    }
