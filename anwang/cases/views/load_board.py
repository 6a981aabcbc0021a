"""The board of teams: how full they are, what waits, what is soon due. Figures and no person (R10)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from anwang.access.absent import openly, refused_is_absent
from anwang.access.permissions import Permit
from anwang.cases.permissions import check_can_see_loads
from anwang.cases.queries.joint_work import joint_coverage
from anwang.common.clock import clock_now
from anwang.directory.models import County
from anwang.triage.queries.load_board import TeamLoad, load_board, weighing

FULL = 1.0
NEARLY = 0.85


@refused_is_absent
@require_GET
def load(request: HttpRequest) -> HttpResponse:
    """The teams of one county: the reader's own, or for the nation's offices the chosen one."""
    permit = openly(check_can_see_loads, request)
    counties = _counties(permit)
    county = _chosen(request, counties)
    lines = load_board(county.code if county else None)
    covered = joint_coverage(county.code if county else None)
    context = {
        "now": clock_now(),
        "county": county,
        "county_name": {"zh": county.name_zh, "en": county.name_en} if county else None,
        "counties": counties if len(counties) > 1 else [],
        "teams": [_line(one) for one in lines],
        "total": {
            "cases": sum(one.cases for one in lines), "soon": sum(one.soon for one in lines),
            "late": sum(one.late for one in lines), "offers": sum(one.offers for one in lines),
        },
        "weighing": weighing(county.code if county else None),
        "coverage": {
            "in_both": covered.in_both, "jointly": covered.jointly,
            "percent": None if covered.share is None else round(100 * covered.share, 1),
        },
    }  # fmt: skip
    return render(request, "cases/load.html", context)


def _counties(permit: Permit) -> list[County]:
    """Counties of the reader's seats; all that have service teams for an office of the nation."""
    own = {seat.county for seat in permit.seats if seat.county}
    if len(own) < len({seat.county for seat in permit.seats}):
        return list(County.objects.filter(teams__is_desk=False).distinct().order_by("code"))
    return list(County.objects.filter(code__in=own).order_by("code"))


def _chosen(request: HttpRequest, counties: list[County]) -> County | None:
    asked = request.GET.get("county", "")
    named = (one for one in counties if one.code == asked)
    return next(named, counties[0] if counties else None)


def _line(one: TeamLoad) -> dict[str, Any]:
    full = one.fullness
    return {
        "name": one.name, "agency_kind": one.agency_kind, "workers": one.workers,
        "cases": one.cases, "load": one.load, "capacity": one.capacity, "fullness": full,
        "shown": min(full, 1.0), "soon": one.soon, "late": one.late, "offers": one.offers,
        "waiting_since": one.waiting_since,
        "state": "over" if full > FULL else "nearly" if full >= NEARLY else "room",
    }  # fmt: skip
