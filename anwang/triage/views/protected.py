"""What the vault holds of one report: asked for, shown once, sent help to, written to (R6, R7)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import refused_is_absent
from anwang.access.actions.two_persons import NotAskedWell, NotWithTwo
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.access.queries.two_persons import act_named, my_request
from anwang.access.reauthentication import freshly_signed_in, prove_again_url
from anwang.common.clock import clock_now
from anwang.common.errors import Refused
from anwang.intake.actions.relay import EmptyMessage, relay, relayed, side_of
from anwang.intake.actions.reveals import (
    FIELD_SETS,
    REVEAL_REPORTER,
    REVEAL_SAFE,
    SAFE_FIELDS,
    CannotSendHelp,
    NoFieldSet,
    SafePlace,
    address_for_unit,
    ask_to_reveal,
    end_help,
    keep_safe_place,
    reveal_reporter,
    reveal_safe_places,
    safe_places_for_lead,
    send_help,
)
from anwang.intake.models import HelpCall
from anwang.triage.permissions import check_can_read_matter, check_can_see_help
from anwang.triage.queries.matters import report_of_receipt
from anwang.triage.queries.protected import (
    has_safe_places,
    help_calls,
    keeps_safe,
    own_report_id,
    subjects_shown,
    units_for_help,
)

ACTS: Final = {"reporter": REVEAL_REPORTER, "safe": REVEAL_SAFE}
SHOWN_SECONDS: Final = 30 * 60
Context = dict[str, Any]


def _permit(request: HttpRequest, receipt: str) -> tuple[Permit, uuid.UUID]:
    report = report_of_receipt(receipt)
    permit = check_can_read_matter(actor_of(request), report, "protected")
    assert report is not None  # the permit names it
    return permit, report


@refused_is_absent
@require_GET
def protected(request: HttpRequest, receipt: str) -> HttpResponse:
    """What there is to ask for; no protected value stands on this page."""
    permit, report = _permit(request, receipt)
    context = _context(receipt, report, permit) | {"again_url": prove_again_url(request)}
    return render(request, "triage/protected.html", context)


def _context(receipt: str, report: uuid.UUID, permit: Permit) -> Context:
    side = side_of(report)
    return {
        "receipt": receipt,
        "leads": keeps_safe(report),
        "subjects": subjects_shown(report),
        "reporter_act": act_named(REVEAL_REPORTER),
        "safe_act": act_named(REVEAL_SAFE),
        "field_sets": FIELD_SETS,
        "reporter_request": my_request(REVEAL_REPORTER, report, permit=permit),
        "safe_request": my_request(REVEAL_SAFE, report, permit=permit),
        "has_places": has_safe_places(report),
        "units": units_for_help(report, permit.actor),
        "help_calls": help_calls(report),
        "messages_shown": relayed(report, actor=permit.actor) if side == "office" else None,
    }


@refused_is_absent
@require_POST
@freshly_signed_in
def ask(request: HttpRequest, receipt: str, what: str) -> HttpResponse:
    """Ask the other rank for leave to see the reporter or a safe address."""
    permit, report = _permit(request, receipt)
    said = request.POST
    try:
        ask_to_reveal(
            ACTS[what], report, receipt, said.get("ground", ""), said.get("text", ""),
            fields=said.get("fields", ""), permit=permit,
        )  # fmt: skip
        messages.success(request, _("已送出。另一個職級的人核准後，這裡會出現一次開啟的按鈕。"))
    except (NotAskedWell, NoFieldSet) as fault:
        messages.error(request, str(fault))
    except NotWithTwo:
        messages.error(request, _("您的職務不能提出這項申請。請洽主責或督導。"))
    return redirect("triage:protected", receipt)


@refused_is_absent
@require_POST
@freshly_signed_in
def reveal(request: HttpRequest, receipt: str, what: str, asked: uuid.UUID) -> HttpResponse:
    """What was granted, once; the page empties itself after half an hour at most."""
    permit, report = _permit(request, receipt)
    if what == "reporter":
        context: Context = {"reporter": reveal_reporter(asked, report, permit=permit)}
    else:
        context = {"places": reveal_safe_places(asked, report, permit=permit)}
    return _revealed(request, receipt, context)


@refused_is_absent
@require_POST
@freshly_signed_in
def safe(request: HttpRequest, receipt: str) -> HttpResponse:
    """The safe addresses, for the lead and the refuge; every look is on record."""
    permit, report = _permit(request, receipt)
    try:
        places = safe_places_for_lead(report, permit=permit)
    except Refused:
        return _to_the_lead(request, receipt)
    return _revealed(request, receipt, {"places": places})


def _to_the_lead(request: HttpRequest, receipt: str) -> HttpResponse:
    """Who may read the report, and no more, is told whom to ask: the page said so already."""
    messages.error(request, _("受保護，請洽主責"))
    return redirect("triage:protected", receipt)


def _revealed(request: HttpRequest, receipt: str, context: Context, back: str = "") -> HttpResponse:
    back = back or reverse("triage:protected", args=[receipt])
    answer = render(request, "triage/revealed.html", {"receipt": receipt} | context)
    # It does not lie open on a screen that was left, nor in anything that stores pages.
    answer.headers["Refresh"] = f"{SHOWN_SECONDS}; url={back}"
    answer.headers["Cache-Control"] = "no-store, private"
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@refused_is_absent
@require_POST
@freshly_signed_in
def keep(request: HttpRequest, receipt: str) -> HttpResponse:
    """Keep where somebody is safe now."""
    permit, report = _permit(request, receipt)
    said = {name: request.POST.get(name, "").strip() for name in SAFE_FIELDS}
    number = request.POST.get("subject", "0")
    place = SafePlace(
        int(number) if number.isdecimal() and len(number) < 4 else 0,
        {name: value for name, value in said.items() if value},
    )
    if place.fields:
        try:
            keep_safe_place(report, place, permit=permit)
        except Refused:
            return _to_the_lead(request, receipt)
        messages.success(request, _("已存入保險庫。"))
    return redirect("triage:protected", receipt)


@refused_is_absent
@require_POST
@freshly_signed_in
def call_help(request: HttpRequest, receipt: str) -> HttpResponse:
    """Send a unit to the safe address without seeing it."""
    permit, report = _permit(request, receipt)
    try:
        send_help(
            report, request.POST.get("team", ""), request.POST.get("reason", ""), permit=permit
        )
        messages.success(request, _("已派出。單位在任務期間才看得到住址。"))
    except CannotSendHelp as fault:
        messages.error(request, str(fault))
    return redirect("triage:protected", receipt)


@refused_is_absent
@require_POST
def write(request: HttpRequest, receipt: str) -> HttpResponse:
    """Write to the reporter without seeing who it is."""
    permit, report = _permit(request, receipt)
    try:
        _send(request, report, permit)
    except Refused:
        messages.error(request, _("由負責單位的主責聯絡通報人。"))
    return redirect("triage:protected", receipt)


def _send(request: HttpRequest, report: uuid.UUID, permit: Permit) -> None:
    try:
        relay(report, request.POST.get("text", ""), actor=permit.actor)
        messages.success(request, _("已送出。"))
    except EmptyMessage as fault:
        messages.error(request, str(fault))


@refused_is_absent
def own_messages(request: HttpRequest, receipt: str) -> HttpResponse:
    """The reporter's side of the relay, under one's own receipt."""
    report, permit = own_report_id(actor_of(request), receipt)
    if request.method == "POST":
        _send(request, report, permit)
        return redirect("triage:own-messages", receipt)
    context = {"receipt": receipt, "messages_shown": relayed(report, actor=permit.actor)}
    return render(request, "triage/own_messages.html", context)


def _call(request: HttpRequest, call: uuid.UUID) -> HelpCall:
    check_can_see_help(actor_of(request), call)
    found = HelpCall.objects.filter(pk=call).first()
    if found is None:
        raise Http404
    return found


@refused_is_absent
@require_GET
def help_call(request: HttpRequest, call: uuid.UUID) -> HttpResponse:
    """A call for help, as the unit that was sent sees it; the address is a button away."""
    found = _call(request, call)
    is_open = found.closed_at is None and found.ends_at > clock_now()
    return render(request, "triage/help.html", {"call": found, "is_open": is_open})


@refused_is_absent
@require_POST
@freshly_signed_in
def help_address(request: HttpRequest, call: uuid.UUID) -> HttpResponse:
    """The address, for the unit, while the call is open."""
    found = _call(request, call)
    context = {"places": address_for_unit(found, actor=actor_of(request)), "call": found}
    return _revealed(request, "", context, reverse("triage:help", args=[call]))


@refused_is_absent
@require_POST
def help_done(request: HttpRequest, call: uuid.UUID) -> HttpResponse:
    """The unit is done: the address closes."""
    end_help(_call(request, call), actor=actor_of(request))
    return redirect("triage:help", call)
