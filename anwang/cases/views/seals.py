"""Sealed cases: who is named, asking for a seal, changing the names, ending it, carrying it out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.actions.two_persons import NotAskedWell
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.access.reauthentication import freshly_signed_in
from anwang.cases.actions.seals import (
    NAME,
    SEAL,
    UNSEAL,
    ask_naming,
    ask_seal,
    ask_unsealing,
    carry_out,
)
from anwang.cases.forms import SealForm
from anwang.cases.queries.seals import (
    SealedReport,
    approved_for,
    grounds_of,
    might_be_named,
    sealed_for,
)
from anwang.cases.seal_permissions import check_can_ask_seal, check_can_see_seals
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.intake.rules.receipts import read_receipt
from anwang.triage.models import Matter
from anwang.triage.queries.matters import report_of_receipt

FORMS = require_http_methods(["GET", "HEAD", "POST"])
Context = dict[str, Any]


@refused_is_absent
@require_GET
def seals(request: HttpRequest) -> HttpResponse:
    """What the reader is named in, and what was approved and waits to be carried out."""
    permit = openly(check_can_see_seals, request)
    if typed := read_receipt(request.GET.get("receipt", "")):
        return redirect("cases:seal-ask", typed)
    context = {"sealed": sealed_for(permit), "approved": approved_for(permit, clock_now())}
    words = {g["code"]: g for g in grounds_of(SEAL)}
    return render(request, "cases/seals.html", context | {"grounds": words})


@refused_is_absent
@FORMS
@freshly_signed_in
def seal_ask(request: HttpRequest, receipt: str) -> HttpResponse:
    """Ask that a report be sealed: ground, reason, who is named, who leads."""
    report_id = report_of_receipt(receipt)
    permit = check_can_ask_seal(actor_of(request), report_id)
    assert report_id is not None  # no permit without a report
    county = Matter.objects.values_list("county", flat=True).get(pk=report_id)
    form = SealForm(request.POST or None, people=might_be_named(county), grounds=grounds_of(SEAL))
    if _asked(request, form, partial(ask_seal, report_id, receipt, permit=permit)):
        return redirect("triage:report", receipt)
    return _form(request, form, SEAL, receipt)


@refused_is_absent
@FORMS
@freshly_signed_in
def seal_names(request: HttpRequest, root: uuid.UUID) -> HttpResponse:
    """Ask that other people be named."""
    permit = openly(check_can_see_seals, request)
    one = _sealed(root, permit)
    county = Matter.objects.values_list("county", flat=True).filter(pk=root).first()
    people = might_be_named(county)
    named = {"members": [str(n.account) for n in one.named],
             "lead": next((str(n.account) for n in one.named if n.lead), "")}  # fmt: skip
    form = SealForm(
        request.POST or None, people=people, grounds=grounds_of(NAME), initial=named
    )  # fmt: skip
    if _asked(request, form, partial(ask_naming, root, permit=permit)):
        return redirect("cases:seals")
    return _form(request, form, NAME, one.receipt)


@refused_is_absent
@FORMS
@freshly_signed_in
def seal_end(request: HttpRequest, root: uuid.UUID) -> HttpResponse:
    """Ask that a seal end."""
    permit = openly(check_can_see_seals, request)
    one = _sealed(root, permit)
    form = SealForm(request.POST or None, people=None, grounds=grounds_of(UNSEAL))
    if _asked(request, form, partial(ask_unsealing, root, permit=permit)):
        return redirect("cases:seals")
    return _form(request, form, UNSEAL, one.receipt)


@refused_is_absent
@require_POST
@freshly_signed_in
def seal_carry_out(request: HttpRequest, asked: uuid.UUID) -> HttpResponse:
    """Do what was approved; from this instant on, for open sessions too."""
    permit = openly(check_can_see_seals, request)
    found = next((one for one in approved_for(permit, clock_now()) if one.id == asked), None)
    if found is None:
        raise Http404
    try:
        carry_out(found.act, asked, permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        done = {SEAL: _("已封存。現在只有名單上的人看得到。"), UNSEAL: _("已解除封存。"),
                NAME: _("已更換名單。")}  # fmt: skip
        messages.success(request, done[found.act])
    return redirect("cases:seals")


def _sealed(root: uuid.UUID, permit: Permit) -> SealedReport:
    found = next((one for one in sealed_for(permit) if one.root == root), None)
    if found is None:
        raise Http404
    return found


def _asked(request: HttpRequest, form: SealForm, ask: Callable[..., object]) -> bool:
    """Ask for what the posted form says; False where nothing was posted or it was not asked well."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        ask(**form.cleaned_data)
    except NotAskedWell as fault:
        form.add_error("text", str(fault))
        return False
    messages.success(request, _("已送出，等另一個職級的人核准。核准之後，請到「封存」執行。"))
    return True


def _form(request: HttpRequest, form: SealForm, act: str, receipt: str) -> HttpResponse:
    context: Context = {"form": form, "act": act, "receipt": receipt}
    return render(request, "cases/seal_form.html", context)
