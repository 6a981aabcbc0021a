"""Where sources contradict each other: numbers for whoever relies on them, both sides for who works
with the person.
"""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from anwang.access.absent import openly, refused_is_absent
from anwang.people.permissions import check_can_see_findings, put_findings_on_record
from anwang.people.queries.findings import finding_counts, findings_shown, my_findings
from anwang.registries.models import Source

FINDINGS_A_PAGE = 20


@refused_is_absent
@require_safe
def consistency(request: HttpRequest) -> HttpResponse:
    """Every rule that found something, and the findings of persons whom the reader works with."""
    permit = openly(check_can_see_findings, request)
    page = Paginator(my_findings(), FINDINGS_A_PAGE).get_page(request.GET.get("page"))
    findings = list(page.object_list)
    seen = put_findings_on_record(permit, (one.person_id for one in findings))
    context: dict[str, Any] = {
        "counts": finding_counts(),
        "page": page,
        "findings": findings_shown(findings, seen),
        "sources": {one.pk: one.manifest["label"] for one in Source.objects.all()},
    }
    return render(request, "web/consistency.html", context)
