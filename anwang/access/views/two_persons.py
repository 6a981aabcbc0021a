"""Requests for acts of two persons: what waits for one's approval, and what one asked for."""

from __future__ import annotations

import uuid
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.actions.two_persons import NotAskedWell, approve, ask, decline
from anwang.access.models import TwofoldAct
from anwang.access.permissions import check_can_use_two_persons
from anwang.access.queries.two_persons import my_requests, requests_for_me
from anwang.access.reauthentication import freshly_signed_in, prove_again_url

# Acts about the system itself; all others are asked for where their object stands.
ASKED_HERE: Final = ("rotate-keys", "export-key", "audit-settings")


@refused_is_absent
@require_GET
def two_persons(request: HttpRequest) -> HttpResponse:
    """What waits for one's approval, one's own requests, and what can be asked for here."""
    permit = openly(check_can_use_two_persons, request)
    held = {seat.role for seat in permit.seats}
    acts = [
        act for act in TwofoldAct.objects.filter(pk__in=ASKED_HERE) if held & set(act.ask_roles)
    ]
    context = {
        "waiting": requests_for_me(permit=permit),
        "mine": my_requests(permit=permit),
        "acts": acts,
        "again_url": prove_again_url(request),
    }
    return render(request, "access/two_persons.html", context)


@refused_is_absent
@require_POST
@freshly_signed_in
def two_ask(request: HttpRequest, act: str) -> HttpResponse:
    """Ask for an act about the system itself."""
    permit = openly(check_can_use_two_persons, request)
    if act not in ASKED_HERE:
        raise Http404
    ground, text = request.POST.get("ground", ""), request.POST.get("text", "")
    try:
        ask(act, "system", None, ground, text, {}, permit.actor)
        messages.success(request, _("已送出，等另一個職級的人核准。"))
    except NotAskedWell as fault:
        messages.error(request, str(fault))
    return redirect("access:two-persons")


@refused_is_absent
@require_POST
@freshly_signed_in
def two_approve(request: HttpRequest, asked: uuid.UUID) -> HttpResponse:
    """Approve another human's request."""
    approve(asked, openly(check_can_use_two_persons, request).actor)
    messages.success(request, _("已核准，對方已收到通知。"))
    return redirect("access:two-persons")


@refused_is_absent
@require_POST
@freshly_signed_in
def two_decline(request: HttpRequest, asked: uuid.UUID) -> HttpResponse:
    """Decline a request, with the reason that the asker is shown."""
    try:
        decline(
            asked, request.POST.get("reason", ""), openly(check_can_use_two_persons, request).actor
        )
    except NotAskedWell as fault:
        messages.error(request, str(fault))
    return redirect("access:two-persons")
