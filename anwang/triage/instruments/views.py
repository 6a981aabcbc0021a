"""One form for every instrument: shows what was answered, keeps what is answered now."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError, Refused
from anwang.rulebook.rules.instruments import Instrument
from anwang.triage.instruments.actions import LONGEST_TEXT, keep_answers
from anwang.triage.instruments.presenters import form_context, history_lines
from anwang.triage.instruments.queries import (
    accounts_of,
    answers_of,
    current,
    instrument_versions,
    instruments_in_force,
)
from anwang.triage.models import ASKED_ABOUT
from anwang.triage.permissions import (
    ASSESSMENT,
    DESK_ROLES,
    check_can_answer_instrument,
    check_can_read_matter,
)
from anwang.triage.presenters.words import change_words
from anwang.triage.queries.matters import DeskReport, desk_report, open_copy_of, report_of_receipt
from anwang.triage.queries.policies import tables_that_decided
from anwang.triage.rules.answered import said_with_answers
from anwang.triage.rules.answers import of_this_report, told_codes
from anwang.triage.rules.attached import read_stored
from anwang.triage.rules.inputs import SAME_EVENT_PERCENT
from anwang.triage.rules.reading import shipped_reading
from anwang.triage.views.pages import DECIDABLE


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, receipt: str, instrument: str) -> HttpResponse:
    """An instrument about one report. What is sent is kept; it decides nothing."""
    matter_id = report_of_receipt(receipt)
    if request.method == "POST":
        permit = check_can_answer_instrument(actor_of(request), matter_id)
    else:
        permit = check_can_read_matter(actor_of(request), matter_id, ASSESSMENT)
    assert matter_id is not None  # no permit without a matter
    asked = instruments_in_force().get(instrument)
    if asked is None:
        raise Http404
    if request.method == "POST":
        return _keep(request, receipt, matter_id, asked, permit)
    context = _context(desk_report(matter_id, permit), asked, permit)
    return render(request, "triage/instruments/form.html", context)


def _keep(
    request: HttpRequest, receipt: str, matter_id: uuid.UUID, asked: Instrument, permit: Permit
) -> HttpResponse:
    try:
        kept = keep_answers(matter_id, asked, given_in(request.POST, asked), permit=permit)
    except Refused:
        raise
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _kept_words(kept))
    return redirect("triage:form", receipt, asked.id)


def _kept_words(kept: int) -> str:
    if not kept:
        return _("沒有變動，沒有新增紀錄。")
    return _("已存下 %(n)s 個回答，沒有改變任何決定。") % {"n": kept}


def given_in(posted: QueryDict, instrument: Instrument) -> dict[str, Any]:
    """Question -> what was sent: a code, a list of codes, a text; None where it was left unasked."""
    given: dict[str, Any] = {}
    for name, question in instrument.questions.items():
        sent = [one.strip() for one in posted.getlist(f"answers-{name}") if one.strip()]
        given[name] = (sent if question.kind == "many" else sent[-1]) if sent else None
    return given


def _context(found: DeskReport, asked: Instrument, permit: Permit) -> dict[str, Any]:
    receipt = found.report.receipt
    rows = answers_of(found.matter.pk, permit, asked.id)
    answers = current(rows, asked)
    versions = {asked.version: asked}
    if former := {one.version for one in rows} - {asked.version}:
        versions |= instrument_versions(asked.id, former)
    earlier = [
        {"version": name, **form_context(one, current(rows, one))}
        for name, one in versions.items()
        if name != asked.version
    ]
    return {
        "now": clock_now(),
        "receipt": receipt,
        "report_url": reverse("triage:report", args=[receipt]),
        "may_answer": found.matter.state in ASKED_ABOUT,
        "longest": LONGEST_TEXT,
        "history": history_lines(rows, versions, accounts_of(rows)),
        "earlier": earlier,
        "change_url": _change_url(found, permit),
        **form_context(asked, answers),
        **_said(found, asked, answers),
    }


def _change_url(found: DeskReport, permit: Permit) -> str | None:
    """Where the reader may decide otherwise, if the report lies on his desk to be decided."""
    at_desk = any(
        seat.role in DESK_ROLES and seat.team_id == found.matter.desk_team for seat in permit.seats
    )
    if not at_desk or found.matter.state not in DECIDABLE:
        return None
    return reverse("triage:change", args=[found.report.receipt])


def _said(found: DeskReport, asked: Instrument, answers: dict[str, Any]) -> dict[str, Any]:
    """What the tables that decided would say with these answers, or that the proposal has read them;
    nothing where the tables ask for none."""
    options = [one for question in asked.questions.values() for one in question.options]
    if not answers or not any(option.feeds or option.points for option in options):
        return {"speaks": False}
    tables = tables_that_decided(found.screening) if found.screening else None
    if tables is None or found.screening is None:
        return {"speaks": False}
    percent = read_stored(found.screening.inputs.get(SAME_EVENT_PERCENT, "unknown"))
    read = of_this_report(found.screening.picture).get(asked.id)
    if read is not None and read == told_codes(asked.id, answers, shipped_reading()):
        return {"speaks": True, "said": None, "read_at": found.screening.at}
    said = said_with_answers(
        open_copy_of(found.report), found.screening.picture, {asked.id: answers}, tables, percent
    )
    return {"speaks": True, "said": change_words(said) if said else None}
