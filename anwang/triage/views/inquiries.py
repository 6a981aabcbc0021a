"""Asking the sources about a report's family, and the part of the page that shows their answers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.triage.actions.inquiries import NoReasonToAsk, begin_inquiry
from anwang.triage.models import Matter
from anwang.triage.permissions import check_can_ask_sources, check_can_read_matter
from anwang.triage.presenters.inquiries import asked_context, names_in
from anwang.triage.queries import explain_fields
from anwang.triage.queries.inquiries import last_inquiry, version_of_inquiry
from anwang.triage.queries.matters import report_of_receipt


@refused_is_absent
@require_POST
def ask(request: HttpRequest, receipt: str) -> HttpResponse:
    """Have the sources asked now; the page then shows each answer as it comes."""
    matter_id = report_of_receipt(receipt)
    permit = check_can_ask_sources(actor_of(request), matter_id)
    assert matter_id is not None  # no permit without a matter
    try:
        begin_inquiry(matter_id, permit)
    except NoReasonToAsk as none:
        messages.error(request, str(none))
    return redirect(reverse("triage:report", args=[receipt]) + "#asked")


@refused_is_absent
@require_GET
def asked(request: HttpRequest, receipt: str) -> HttpResponse:
    """The answers anew if there are some since the version asked with; else 204.

    On record goes only what the reader had not seen yet. The row rules hide what is not his.
    """
    matter_id = report_of_receipt(receipt)
    since = request.GET.get("since", "")
    if matter_id is not None and since and since == version_of_inquiry(matter_id):
        return HttpResponse(status=204)
    permit = check_can_read_matter(actor_of(request), matter_id, "ask-sources")
    assert matter_id is not None
    matter = Matter.objects.select_related("report").get(pk=matter_id)
    names = names_in(explain_fields(matter.report.receipt) or {})
    context = {"asked": asked_context(matter, last_inquiry(matter_id, permit), names)}
    return render(request, "triage/_asked.html", context)
