"""The duty desk: the queue, one report, finding. What decides is in `decide`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from anwang.access.absent import openly, refused_is_absent
from anwang.access.actions.entries import record_apart
from anwang.access.evening import leaves_evenly
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Act
from anwang.common.clock import clock_now
from anwang.triage.actions.escalation import call_if_silent
from anwang.triage.permissions import (
    check_can_read_matter,
    check_can_search,
    check_can_use_desk,
    put_on_record,
)
from anwang.triage.presenters.queue import queue_line
from anwang.triage.queries.matters import find_matters, report_of_receipt
from anwang.triage.queries.queue import next_clocks, queue_version, same_event_counts
from anwang.triage.views.pages import detail_context, queue_part, with_minute

__all__ = ["desk", "find", "queue", "report"]


@refused_is_absent
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """The queue, with no report open."""
    permit = openly(check_can_use_desk, request)
    part, matters = queue_part(request, permit)
    put_on_record(permit, (matter.pk for matter in matters))
    context = {"now": part["now"], "queue": part["queue"], "find_url": reverse("triage:find")}
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


@refused_is_absent
@leaves_evenly
@require_GET
def find(request: HttpRequest) -> HttpResponse:
    """Reports by receipt or exact name, at most 20; each search is on record with its number."""
    permit = check_can_search(actor_of(request))
    wanted = request.GET.get("q", "")[:100]
    found = find_matters(wanted, permit)
    record_apart(
        Act.SEARCHED, actor=permit.actor, object_kind="report",
        object_ids=[matter.pk for matter in found], purpose=permit.purpose,
        detail={"results": len(found)},
    )  # fmt: skip
    if len(found) == 1:
        return redirect("triage:report", found[0].report.receipt)
    clocks, same_events = next_clocks(found), same_event_counts(found)
    context = {
        "now": clock_now(),
        "wanted": wanted,
        "items": [
            queue_line(matter, clocks.get(matter.pk), same_events.get(matter.pk, 0))
            for matter in found
        ],
        "find_url": reverse("triage:find"),
    }
    return render(request, "triage/find.html", context)
