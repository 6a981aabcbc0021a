"""The duty desk: the queue and one report. What decides is in `decide`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from anwang.access.absent import openly, refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.common.clock import clock_now
from anwang.triage.actions.escalation import call_if_silent
from anwang.triage.permissions import (
    check_can_read_matter,
    check_can_use_desk,
    put_on_record,
)
from anwang.triage.queries.matters import report_of_receipt
from anwang.triage.queries.queue import queue_version
from anwang.triage.views.pages import detail_context, queue_part, with_minute

__all__ = ["desk", "queue", "report"]


@refused_is_absent
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """The queue, with no report open."""
    permit = openly(check_can_use_desk, request)
    part, matters = queue_part(request, permit)
    put_on_record(permit, (matter.pk for matter in matters))
    context = {"now": part["now"], "queue": part["queue"], "find_url": reverse("cases:find")}
    return render(request, "triage/desk.html", context)


@refused_is_absent
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The queue anew if it changed since the version asked with; else 204 and one short query.

    On record goes only what the reader had not seen yet: a page that lies open floods no audit.
    """
    permit = openly(check_can_use_desk, request)
    call_if_silent()  # the desk is open anyway: it calls people where the worker does not
    since = request.GET.get("since", "")
    if since and since == with_minute(queue_version(permit), clock_now()):
        return HttpResponse(status=204)
    part, matters = queue_part(request, permit)
    put_on_record(permit, (m.pk for m in matters if f"{m.changed_at:%Y%m%d%H%M%S%f}" > since))
    return render(request, "triage/_queue.html", part)


@refused_is_absent
@require_GET
def report(request: HttpRequest, receipt: str) -> HttpResponse:
    """One report beside the queue; the part alone where the page asks for it."""
    permit = check_can_read_matter(actor_of(request), report_of_receipt(receipt))
    return render_report(request, receipt, permit)


def render_report(
    request: HttpRequest, receipt: str, permit: Permit, **decide: object
) -> HttpResponse:
    """The page of a report; `decide` opens one of its dialogs."""
    context = detail_context(request, receipt, permit, **decide)
    if request.headers.get("HX-Target") == "detail":
        return render(request, "triage/_detail.html", context)
    if not context["at_desk"]:
        return render(request, "triage/report.html", context)
    desk_permit = openly(check_can_use_desk, request)
    part, matters = queue_part(request, desk_permit)
    put_on_record(desk_permit, (matter.pk for matter in matters))
    return render(request, "triage/desk.html", part | context)
