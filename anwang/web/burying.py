"""Deleting the content of one audit entry by law: asked for, approved by another rank, carried out (D3)."""

from __future__ import annotations

import uuid
from typing import Final

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from anwang.access.absent import refused_is_absent
from anwang.access.actions.audit_exports import NotInTheTree, bury_entry
from anwang.access.actions.two_persons import NotAskedWell, ask
from anwang.access.middleware import actor_of
from anwang.access.models import Twofold
from anwang.access.permissions import Permit, check_can_bury
from anwang.access.queries.audit import entry_of
from anwang.access.queries.two_persons import act_named, my_request
from anwang.access.reauthentication import freshly_signed_in

BURY: Final = "bury-entry"


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_signed_in
def bury(request: HttpRequest) -> HttpResponse:
    """The entry `?entry=`: what can be asked for, what was, and the act itself once it is approved."""
    permit = check_can_bury(actor_of(request))
    asked_for = request.GET.get("entry", "")
    if not asked_for:
        return redirect("web:audit")
    entry = entry_of(asked_for, permit)
    if entry is None:
        raise Http404
    if request.method == "POST":
        return _step(request, entry.id, permit)
    context = {
        "entry": entry, "act": act_named(BURY), "asked": my_request(BURY, entry.id, permit=permit),
        "here": _here(entry.id),
    }  # fmt: skip
    return render(request, "web/bury.html", context)


def _step(request: HttpRequest, entry: uuid.UUID, permit: Permit) -> HttpResponse:
    """Carry out what was approved; else ask for it."""
    asked = my_request(BURY, entry, permit=permit)
    try:
        if asked is None or asked.state != "approved":
            ground, text = request.POST.get("ground", ""), request.POST.get("text", "")
            ask(BURY, "audit", entry, ground, text, {}, permit.actor)
            messages.success(request, _("已送出，等另一個職級的人核准。"))
            return redirect(_here(entry))
        with transaction.atomic():
            ground = Twofold.objects.values_list("ground", flat=True).get(pk=asked.id)
            bury_entry(asked.id, entry, ground, actor=permit.actor)
    except (NotAskedWell, NotInTheTree) as fault:
        messages.error(request, str(fault))
        return redirect(_here(entry))
    messages.success(request, _("內容已刪除，留下有簽章的證明。"))
    return redirect("web:audit")


def _here(entry: uuid.UUID) -> str:
    return f"{reverse('web:audit-bury')}?{urlencode({'entry': str(entry)})}"
