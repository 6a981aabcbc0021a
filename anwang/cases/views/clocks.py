"""A case's clocks: letting one stand still or run on, and saying what happened that starts some."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.cases.actions.clocks import (
    NoSuchEvent,
    allowed_pauses,
    note_happening,
    pause_duty,
    resume_duty,
)
from anwang.cases.models import Case
from anwang.cases.permissions import check_can_work_case
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.triage.models import Clock
from anwang.triage.presenters.clock_lines import told
from anwang.triage.presenters.words import clock_line, clock_words
from anwang.triage.queries.clock_history import histories
from anwang.triage.queries.policies import clocks_of_day, events_of_teams

Context = dict[str, Any]


def clocks_context(found: Case, clocks: list[Clock], permit: Permit) -> Context:
    """What cases/_clocks.html takes: each clock with its story, and what the reader may do with it."""
    working = found.closed_at is None
    now = clock_now()
    known = clocks_of_day(now)
    story = histories([found.matter_id])
    lines = []
    for one in clocks:
        definition = known.get(one.definition_id)
        may = allowed_pauses(definition, permit) if definition and working else {}
        running = one.state == Clock.State.RUNNING and one.stopped_at is None and one.due_at > now
        lines.append(
            told(clock_line(one), one.definition_id, story.get((one.matter_id, one.definition_id), []))
            | {
                "id": one.definition_id,
                "unmet": one.stopped_at is None,
                "paused": one.state == Clock.State.PAUSED,
                "paused_until": one.paused_until if one.state == Clock.State.PAUSED else None,
                "pauses": [
                    {"id": reason.id, "text": reason.text, "days": reason.at_most_days}
                    for reason in may.values()
                ] if running else [],
            }
        )  # fmt: skip
    urls = {
        name: reverse(f"cases:{route}", args=[found.pk]) if working else None
        for name, route in (
            ("done_url", "done"), ("close_url", "close"), ("pause_url", "pause"),
            ("resume_url", "resume"), ("note_url", "note"),
        )
    }  # fmt: skip
    events = [{"id": code, "text": words} for code, words in events_of_teams(now).items()]
    return {
        "clocks": lines,
        "events": events if working else [],
        "today": f"{now.astimezone(TAIPEI):%Y-%m-%dT%H:%M}",
        **urls,
    }


@refused_is_absent
@require_POST
def pause(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Let a clock stand still for an allowed reason, for some days at most."""
    permit = check_can_work_case(actor_of(request), case_id)
    said = request.POST
    days = said.get("days", "")
    try:
        pause_duty(
            case_id, said.get("clock", ""), reason=said.get("reason", ""),
            days=int(days) if days.isdecimal() and len(days) < 4 else 0, permit=permit,
        )  # fmt: skip
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("時鐘已暫停，到期自動恢復計時。"))
    return redirect("cases:case", case_id)


@refused_is_absent
@require_POST
def resume(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Let a paused clock run on."""
    permit = check_can_work_case(actor_of(request), case_id)
    try:
        resume_duty(case_id, request.POST.get("clock", ""), permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("時鐘恢復計時，期限已照暫停的時間順延。"))
    return redirect("cases:case", case_id)


@refused_is_absent
@require_POST
def note(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Something happened to the family that starts clocks."""
    permit = check_can_work_case(actor_of(request), case_id)
    try:
        started = note_happening(
            case_id, request.POST.get("event", ""), _moment(request.POST.get("at", "")),
            permit=permit,
        )  # fmt: skip
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        names = "、".join(clock_words(one.definition_id)["zh"] for one in started)
        messages.success(request, _("已登記。開始計時：%(clocks)s") % {"clocks": names or "—"})
    return redirect("cases:case", case_id)


def _moment(text: str) -> dt.datetime:
    """A local time of Taipei as a browser sends it. Raises NoSuchEvent."""
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=TAIPEI)
    except ValueError:
        raise NoSuchEvent(_("請填發生的日期與時間。")) from None
