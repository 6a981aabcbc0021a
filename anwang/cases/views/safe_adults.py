"""The adults who may use a child's rights: who was named in a case, naming one, ending it (R13)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.reauthentication import freshly_signed_in, prove_again_url
from anwang.access.vocabulary import Role
from anwang.cases.actions.safe_adults import NotSafe, end_adult, grounds_for, name_adult
from anwang.cases.models import Case
from anwang.cases.permissions import check_can_read_case, check_can_work_case
from anwang.cases.queries.safe_adults import children_of, leads_case, named_adults
from anwang.common.clock import clock_now


@refused_is_absent
@require_GET
def safe_adults(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Who was named for which child in this case; the form to name one, for its lead."""
    permit = check_can_read_case(actor_of(request), case_id)
    found = Case.objects.select_related("matter__report").get(pk=case_id)
    subjects = found.matter.report.body.get("subjects") or []
    leads = leads_case(case_id, permit)
    context = {
        "case_id": case_id,
        "receipt": found.matter.report.receipt,
        "named": named_adults(case_id, subjects, clock_now(), permit),
        "children": children_of(case_id, subjects, permit),
        "words": grounds_for("name"),
        "grounds": grounds_for("end"),
        "may_name": leads,
        "may_end": found.lead == permit.actor.id
        or any(seat.role == Role.SUPERVISOR for seat in permit.seats),
        "again_url": prove_again_url(request) if leads else "",
    }
    return render(request, "cases/safe_adults.html", context)


@refused_is_absent
@require_POST
@freshly_signed_in
def name(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Name the holder of the number in the body; it never stands in an address."""
    permit = check_can_work_case(actor_of(request), case_id)
    said = request.POST
    child = said.get("child", "")
    try:
        if not (child.isascii() and child.isdigit() and len(child) < 3):
            raise NotSafe("no-such-child")
        name_adult(
            case_id, int(child), said.get("number", ""), said.get("ground", ""), permit=permit
        )
    except NotSafe as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已指定。這位大人現在可以替孩子查誰看過資料。"))
    return redirect("cases:safe-adults", case_id)


@refused_is_absent
@require_POST
def end(request: HttpRequest, case_id: uuid.UUID, named: uuid.UUID) -> HttpResponse:
    """End it at once. Without a fresh proof: what protects a child must not wait."""
    permit = check_can_work_case(actor_of(request), case_id)
    try:
        end_adult(case_id, named, request.POST.get("ground", ""), permit=permit)
    except NotSafe as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已取消，從現在起查不到孩子的資料。"))
    return redirect("cases:safe-adults", case_id)
