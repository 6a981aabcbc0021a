"""What the desk does to a report: each view checks, calls one action, and answers."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.common.errors import AnwangError, Refused
from anwang.directory.models import Team
from anwang.triage.actions.decisions import (
    Change,
    ReasonNeeded,
    SecondPersonNeeded,
    answer,
    confirm,
    reopen,
)
from anwang.triage.actions.offers import withdraw_offer
from anwang.triage.actions.same_events import judge_same_event
from anwang.triage.actions.second_looks import ask_look
from anwang.triage.forms import AnswerForm, DecisionForm, ReasonForm, SeenForm, errors_of
from anwang.triage.models import Matter, Offer
from anwang.triage.permissions import check_can_decide, check_can_read_matter
from anwang.triage.queries.matters import report_of_receipt

FORMS = require_http_methods(["GET", "HEAD", "POST"])
Step = Callable[[], str]


def decide_permit(request: HttpRequest, receipt: str) -> tuple[uuid.UUID, Permit]:
    matter_id = report_of_receipt(receipt)
    permit = check_can_decide(actor_of(request), matter_id)
    assert matter_id is not None  # no permit without a matter
    return matter_id, permit


def done(request: HttpRequest, receipt: str, step: Step) -> HttpResponse:
    """Do one thing and show the report as it then stands, with what happened in words."""
    try:
        messages.success(request, step())
    except Refused:
        raise
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    return redirect("triage:report", receipt)


def page(request: HttpRequest, receipt: str, **decide: object) -> HttpResponse:
    from anwang.triage.views import render_report

    permit = check_can_read_matter(actor_of(request), report_of_receipt(receipt))
    return render_report(request, receipt, permit, **decide)


def stale(request: HttpRequest, receipt: str) -> HttpResponse:
    messages.error(request, _("請重新看過這件通報再決定。"))
    return redirect("triage:report", receipt)


@refused_is_absent
@require_POST
def confirm_report(request: HttpRequest, receipt: str) -> HttpResponse:
    """Confirm the proposal and offer the report to the suggested team."""
    matter_id, permit = decide_permit(request, receipt)
    form = SeenForm(request.POST)
    if not form.is_valid():
        return stale(request, receipt)
    return done(request, receipt, lambda: _confirmed(matter_id, permit, form.seen))


def _confirmed(
    matter_id: uuid.UUID, permit: Permit, seen: dt.datetime, change: Change | None = None
) -> str:
    """Confirm and say to whom it went; or, where policy wants it, put it before a second person."""
    try:
        return sent_words(confirm(matter_id, permit=permit, change=change, seen=seen))
    except SecondPersonNeeded as needed:
        reason = change.reason if change else ""
        ask_look(matter_id, needed.look, permit=permit, seen=seen, change=change, reason=reason)
        return asked_words()


def asked_words() -> str:
    """What the first person is told."""
    return _("已記下您的決定，還沒有生效：規則要另一位同事先再看一次。時鐘照走。")


def sent_words(offer: Offer | None) -> str:
    if offer is None:
        return _("已轉請主管機關，本件結束。")
    team = Team.objects.get(pk=offer.team_id)
    name = team.name_zh if (get_language() or "zh").startswith("zh") else team.name_en
    return _("已派給 %(team)s。受理之前仍由本台負責。") % {"team": name}


@refused_is_absent
@FORMS
def change_report(request: HttpRequest, receipt: str) -> HttpResponse:
    """Decide otherwise than proposed, with a reason. A GET shows the dialog without script."""
    matter_id, permit = decide_permit(request, receipt)
    if request.method != "POST":
        return page(request, receipt, open=True)
    form = DecisionForm(request.POST, matter=Matter.objects.get(pk=matter_id))
    if not form.is_valid():
        return page(request, receipt, open=True, errors=errors_of(form), values=request.POST)
    try:
        sent = _confirmed(matter_id, permit, form.seen, form.change())
    except ReasonNeeded as refusal:
        return page(
            request, receipt, open=True, errors={"reason": str(refusal)}, values=request.POST
        )
    except AnwangError as refusal:
        messages.error(request, str(refusal))
        return redirect("triage:report", receipt)
    messages.success(request, sent)
    return redirect("triage:report", receipt)


@refused_is_absent
@FORMS
def answer_report(request: HttpRequest, receipt: str) -> HttpResponse:
    """Close without a case: advice given, or nothing that can be acted on."""
    matter_id, permit = decide_permit(request, receipt)
    if request.method != "POST":
        return page(request, receipt, answer_open=True)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return page(request, receipt, answer_open=True, errors=errors_of(form), values=request.POST)

    def step() -> str:
        reason = form.cleaned_data["reason"]
        try:
            answer(matter_id, permit=permit, reason=reason, error=form.error, seen=form.seen)
        except SecondPersonNeeded as needed:
            ask_look(
                matter_id, needed.look, permit=permit, seen=form.seen, error=form.error,
                reason=reason,
            )  # fmt: skip
            return asked_words()
        return _("已結束，不開案。需要時可以重新處理。")

    return done(request, receipt, step)


@refused_is_absent
@FORMS
def reopen_report(request: HttpRequest, receipt: str) -> HttpResponse:
    """Put a closed report back before the desk."""
    matter_id, permit = decide_permit(request, receipt)
    if request.method != "POST":
        return page(request, receipt, reopen_open=True)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return page(request, receipt, reopen_open=True, errors=errors_of(form), values=request.POST)

    def step() -> str:
        reopen(matter_id, permit=permit, reason=form.cleaned_data["reason"], seen=form.seen)
        return _("已重新處理，時鐘接著走。")

    return done(request, receipt, step)


@refused_is_absent
@require_POST
def withdraw(request: HttpRequest, receipt: str) -> HttpResponse:
    """Take back an offer that nobody has answered."""
    matter_id, permit = decide_permit(request, receipt)
    form = SeenForm(request.POST)
    if not form.is_valid():
        return stale(request, receipt)

    def step() -> str:
        withdraw_offer(matter_id, permit=permit, seen=form.seen)
        return _("已收回派案，請重新決定。")

    return done(request, receipt, step)


def _judge(
    request: HttpRequest, receipt: str, other: str, same: bool | None, words: str
) -> HttpResponse:
    matter_id, permit = decide_permit(request, receipt)
    earlier_id = report_of_receipt(other)
    # A report that the reader reaches as member of a team is none of this desk's.
    if not Matter.objects.filter(pk=earlier_id, desk_team__in=permit.team_ids).exists():
        raise Http404
    assert earlier_id is not None
    form = SeenForm(request.POST)
    if not form.is_valid():
        return stale(request, receipt)

    def step() -> str:
        judge_same_event(matter_id, earlier_id, same=same, permit=permit, seen=form.seen)
        return words

    return done(request, receipt, step)


@refused_is_absent
@require_POST
def join(request: HttpRequest, receipt: str, other: str) -> HttpResponse:
    """The two reports tell one event: work this one with the earlier one."""
    words = _("已與 %(other)s 合看。原文、通報人與時間都保留，隨時可以收回。") % {"other": other}
    return _judge(request, receipt, other, True, words)


@refused_is_absent
@require_POST
def separate(request: HttpRequest, receipt: str, other: str) -> HttpResponse:
    """The two reports tell two events."""
    return _judge(request, receipt, other, False, _("已判斷為不同事件，兩件分開處理。"))


@refused_is_absent
@require_POST
def undo(request: HttpRequest, receipt: str, other: str) -> HttpResponse:
    """Take back an answer."""
    return _judge(request, receipt, other, None, _("已收回判斷，請再看一次。"))
