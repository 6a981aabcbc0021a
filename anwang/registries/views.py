"""How each source delivers, and what was set aside of a delivery."""

from __future__ import annotations

import uuid

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.registries import queries
from anwang.registries.models import Delivery
from anwang.registries.permissions import (
    can_see_quarantine,
    check_can_see_feeds,
    check_can_see_quarantine,
)

ROWS_A_PAGE = 100


@refused_is_absent
@require_safe
def feeds(request: HttpRequest) -> HttpResponse:
    """Every source: its last delivery, its counts, its state."""
    actor = actor_of(request)
    check_can_see_feeds(actor)
    context = {"feeds": queries.feeds(), "opens_rows": can_see_quarantine(actor)}
    return render(request, "registries/feeds.html", context)


@refused_is_absent
@require_safe
def quarantine(request: HttpRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Rows of one delivery that were set aside: where, which rule, how to mend it."""
    permit = check_can_see_quarantine(actor_of(request), delivery_id)
    delivery = get_object_or_404(Delivery.objects.select_related("source"), pk=delivery_id)
    rows = Paginator(queries.quarantined_rows(delivery_id, permit), ROWS_A_PAGE)
    context = {"delivery": delivery, "page": rows.get_page(request.GET.get("page"))}
    return render(request, "registries/quarantine.html", context)
