"""What nobody has accepted yet, who was called, and whether the calling itself runs (P4)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.permissions import Permit
from anwang.access.vocabulary import Role
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.directory.models import Team
from anwang.triage.actions.escalation import (
    acknowledge,
    call_if_silent,
    close_office,
    open_office,
)
from anwang.triage.permissions import check_can_see_overdue, put_on_record
from anwang.triage.presenters.overdue import overdue_line, rung_words, sweep_line
from anwang.triage.queries.overdue import MOST_UNACCEPTED, closures, sweeps, unaccepted

CLOSERS: Final = (Role.SUPERVISOR, Role.COUNTY_MANAGER)
HOURS: Final = (4, 12, 24, 72)


@refused_is_absent
@require_GET
def overdue(request: HttpRequest) -> HttpResponse:
    """The reports that wait too long, the longest first; printable, for when machines cannot call."""
    permit = openly(check_can_see_overdue, request)
    call_if_silent()
    found = unaccepted(permit)
    put_on_record(permit, (one.report for one in found if one.receipt))
    now = clock_now()
    names = Team.objects.in_bulk(
        {one.desk_team for one in found} | {one.offered_team or "" for one in found}
    )
    words = rung_words()
    context = {
        "now": now,
        "lines": [overdue_line(one, names, words) for one in found],
        "most": MOST_UNACCEPTED,
        "sweeps": [sweep_line(one) for one in sweeps()],
        **_offices(permit, now),
    }
    return render(request, "triage/overdue.html", context)


def _offices(permit: Permit, now: dt.datetime) -> dict[str, Any]:
    """Offices that are closed, and those whose closing is the reader's to say."""
    closed = closures(now)
    names = Team.objects.in_bulk({one.team_id for one in closed})
    mine = _closable(permit)
    return {
        "closed": [
            {"name": _name(names.get(one.team_id), one.team_id), "until": one.until,
             "reason": one.reason,
             "open_url": reverse("triage:open-office", args=[one.team_id])
             if one.team_id in mine else ""}
            for one in closed
        ],
        "closable": [{"id": pk, "name": name} for pk, name in mine.items()],
        "hours": HOURS,
    }  # fmt: skip


def _closable(permit: Permit) -> dict[str, dict[str, str]]:
    """Office -> its name: the supervisor's own, and all of a manager's county."""
    seats = [seat for seat in permit.seats if seat.role in CLOSERS]
    own = [seat.team_id for seat in seats if seat.role == Role.SUPERVISOR]
    counties = [seat.county for seat in seats if seat.role == Role.COUNTY_MANAGER and seat.county]
    found = Team.objects.filter(pk__in=own) | Team.objects.filter(county_id__in=counties)
    return {team.pk: _name(team, team.pk) for team in found.order_by("-is_desk", "pk")}


def _name(team: Team | None, otherwise: str) -> dict[str, str]:
    if team is None:
        return {"zh": otherwise, "en": otherwise}
    return {"zh": team.name_zh, "en": team.name_en or team.name_zh}


@refused_is_absent
@require_POST
def heard(request: HttpRequest, escalation_id: uuid.UUID) -> HttpResponse:
    """The reader heard the call that was for him."""
    permit = openly(check_can_see_overdue, request)
    try:
        acknowledge(escalation_id, permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已記下您收到通知。有人受理之前，仍會繼續往上通知。"))
    return redirect("triage:overdue")


@refused_is_absent
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """An office is closed for some hours; the next rung is called in its place."""
    permit = openly(check_can_see_overdue, request)
    said = request.POST
    hours = said.get("hours", "")
    until = clock_now() + dt.timedelta(hours=int(hours) if hours in map(str, HOURS) else 0)
    try:
        close_office(said.get("team", ""), until, said.get("reason", ""), permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已登記單位關閉，期間的通知直接往上一層。"))
    return redirect("triage:overdue")


@refused_is_absent
@require_POST
def reopen(request: HttpRequest, team_id: str) -> HttpResponse:
    """A closed office is open again."""
    permit = openly(check_can_see_overdue, request)
    try:
        open_office(team_id, permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已登記單位恢復。"))
    return redirect("triage:overdue")
