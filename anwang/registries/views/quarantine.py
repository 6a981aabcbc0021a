"""What was set aside of a delivery: seen by rule and place, written anew blind, tried again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from anwang.access.absent import refused_is_absent
from anwang.access.actions.two_persons import NotAskedWell, NotWithTwo
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.access.queries.two_persons import act_named, my_request
from anwang.access.reauthentication import freshly_signed_in, prove_again_url
from anwang.registries import queries
from anwang.registries.actions.corrections import (
    OPEN_ROW,
    NotCorrectable,
    WaitsAlready,
    ask_to_open,
    ask_to_retry,
    ask_to_retry_source,
    correct_row,
    open_cells,
)
from anwang.registries.forms import CorrectionForm
from anwang.registries.models import Delivery
from anwang.registries.permissions import (
    check_can_correct_row,
    check_can_retry,
    check_can_see_quarantine,
)
from anwang.registries.queries.quarantine import STATES

ROWS_A_PAGE = 100


@refused_is_absent
@require_safe
def quarantine(request: HttpRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Rows of one delivery that were set aside: where, which rule, how to mend it."""
    permit = check_can_see_quarantine(actor_of(request), delivery_id)
    delivery = get_object_or_404(Delivery.objects.select_related("source"), pk=delivery_id)
    state = request.GET.get("state", STATES[0])
    state = state if state in STATES else STATES[0]
    rules = queries.rules_of(delivery_id)
    rule = request.GET.get("rule", "")
    rule = rule if rule in rules[state] else ""
    rows = queries.quarantined_rows(delivery_id, permit, state=state, rule=rule)
    retries = queries.retries_of(delivery_id, permit)
    context = {
        "delivery": delivery,
        "page": Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "state": state,
        "rule": rule,
        "counts": {one: sum(rules[one].values()) for one in STATES},
        "rules": rules[state],
        "retries": retries,
        "waits": any(one.done_at is None for one in retries),
        "elsewhere": queries.waiting_elsewhere(delivery, permit),
    }
    return render(request, "registries/quarantine.html", context)


@refused_is_absent
@require_POST
def retry(request: HttpRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Have all waiting rows of a delivery, or (`of=source`) of all of its source's deliveries,
    checked anew under the manifest in force.
    """
    permit = check_can_retry(actor_of(request))
    delivery = get_object_or_404(Delivery, pk=delivery_id)
    try:
        if request.POST.get("of") == "source":
            ask_to_retry_source(delivery.source_id, permit=permit)
        else:
            ask_to_retry(delivery, permit=permit)
        messages.success(request, _("已排入重試，幾秒後重新整理就看得到結果。"))
    except WaitsAlready as fault:
        messages.info(request, str(fault))
    return redirect("registries:quarantine", delivery_id)


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
def row(request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
    """One row: its faults, what was tried, and the cells that can be written anew."""
    permit = check_can_correct_row(actor_of(request), row_id)
    story = _story(row_id, permit)
    form = CorrectionForm(story.columns, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            correct_row(story.row, form.cells, permit=permit)
            messages.success(request, _("已收到更正，幾秒後重新整理就看得到結果。"))
        except (WaitsAlready, NotCorrectable) as fault:
            messages.error(request, str(fault))
        return redirect("registries:row", row_id)
    context = {
        "story": story,
        "form": form,
        "act": act_named(OPEN_ROW),
        "asked": my_request(OPEN_ROW, row_id, permit=permit),
        "again_url": prove_again_url(request),
    }
    return render(request, "registries/row.html", context)


@refused_is_absent
@require_POST
@freshly_signed_in
def ask_open(request: HttpRequest, row_id: uuid.UUID) -> HttpResponse:
    """Ask a second person for leave to see the cells in doubt."""
    permit = check_can_correct_row(actor_of(request), row_id)
    story = _story(row_id, permit)
    ground, text = request.POST.get("ground", ""), request.POST.get("text", "")
    try:
        ask_to_open(story.row, ground, text, permit=permit)
        messages.success(request, _("已送出。第二人核准後，這裡會出現開啟一次的按鈕。"))
    except NotAskedWell as fault:
        messages.error(request, str(fault))
    except NotWithTwo:
        messages.error(request, _("您的職務不能提出這項申請。"))
    return redirect("registries:row", row_id)


@refused_is_absent
@require_POST
@freshly_signed_in
def open_row(request: HttpRequest, row_id: uuid.UUID, asked: uuid.UUID) -> HttpResponse:
    """The cells that the broken rule compares, once."""
    permit = check_can_correct_row(actor_of(request), row_id)
    story = _story(row_id, permit)
    cells = open_cells(story.row, asked, [one.name for one in story.columns], permit=permit)
    shown = [(one, cells[one.name]) for one in story.columns]
    answer = render(request, "registries/opened_row.html", {"story": story, "shown": shown})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _story(row_id: uuid.UUID, permit: Permit) -> queries.RowStory:
    story = queries.row_story(row_id, permit)
    if story is None:
        raise Http404
    return story
