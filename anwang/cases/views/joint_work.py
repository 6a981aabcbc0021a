"""Working together: moving a case to another team, asking others to help, and helping."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.middleware import actor_of
from anwang.cases.actions.joint_work import invite_helper, step_helper
from anwang.cases.actions.transfers import answer_transfer, offer_transfer
from anwang.cases.forms import HelpForm, HelpStepForm, TransferAnswerForm, TransferForm
from anwang.cases.models import Case, FamilyFile, Helper
from anwang.cases.permissions import (
    check_can_answer_transfer,
    check_can_read_case,
    check_can_read_help,
    check_can_step_help,
    check_can_use_joint,
    check_can_work_case,
    put_helps_on_record,
)
from anwang.cases.presenters import case_line
from anwang.cases.presenters_joint import help_line, member_name, team_choices
from anwang.cases.queries import names_of
from anwang.cases.queries.joint_work import helps_of, members_seen
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError

FORMS = require_http_methods(["GET", "HEAD", "POST"])
Step = Callable[[], object]


def _did(request: HttpRequest, step: Step, words: str) -> bool:
    try:
        step()
    except AnwangError as refusal:
        messages.error(request, str(refusal))
        return False
    messages.success(request, words)
    return True


@refused_is_absent
@FORMS
def transfer(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Ask another team to take the case over."""
    permit = check_can_work_case(actor_of(request), case_id)
    form = TransferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        _did(
            request,
            lambda: offer_transfer(
                case_id, to_team=said["team"], reason=said["reason"], permit=permit
            ),
            _("已提出轉案。對方接下之前，仍由貴組負責。"),
        )
        return redirect("cases:case", case_id)
    return _ask(request, case_id, form, "transfer")


@refused_is_absent
@FORMS
def helpers(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """Ask another team to help with the case."""
    permit = check_can_work_case(actor_of(request), case_id)
    form = HelpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        _did(
            request,
            lambda: invite_helper(case_id, team_id=said["team"], task=said["task"], permit=permit),
            _("已邀請協力，對方同意後會看到家庭檔。"),
        )
        return redirect("cases:case", case_id)
    return _ask(request, case_id, form, "helpers")


def _ask(request: HttpRequest, case_id: uuid.UUID, form: Any, what: str) -> HttpResponse:
    check_can_read_case(actor_of(request), case_id)
    found = Case.objects.select_related("matter__report").get(pk=case_id)
    context = {
        "case_id": case_id,
        "receipt": found.matter.report.receipt,
        "what": what,
        "teams": team_choices(found.matter, besides=found.team_id),
        "errors": {field: texts[0] for field, texts in form.errors.items()}
        if form.is_bound
        else {},
        "values": form.data,
        "joint_with": found.matter.joint_with,
    }
    return render(request, "cases/ask_team.html", context)


@refused_is_absent
@require_POST
def transfer_answer(request: HttpRequest, transfer_id: uuid.UUID) -> HttpResponse:
    """Take a case over, refuse it, or take the asking back."""
    form = TransferAnswerForm(request.POST)
    back = request.POST.get("answer") == "withdrawn"
    permit = check_can_answer_transfer(actor_of(request), transfer_id, back=back)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("cases:inbox")
    said = form.cleaned_data
    words = {
        "accepted": _("已接下。從現在起由貴組負責這一家。"),
        "refused": _("已退回，仍由原來的小組負責。"),
        "withdrawn": _("已收回轉案。"),
    }[said["answer"]]
    done: list[uuid.UUID] = []

    def step() -> None:
        done.append(answer_transfer(transfer_id, permit=permit, **said))

    if _did(request, step, words) and said["answer"] != "refused":
        return redirect("cases:case", done[0])
    return redirect("cases:inbox")


@refused_is_absent
@require_GET
def joint(request: HttpRequest) -> HttpResponse:
    """What the reader's teams were asked to help with."""
    permit = openly(check_can_use_joint, request)
    found = helps_of(permit)
    put_helps_on_record(permit, {one.case_id for one in found})
    names = names_of((one.lead_team for one in found), (one.worker for one in found))
    context = {"now": clock_now(), "helps": [help_line(one, names) for one in found]}
    return render(request, "cases/joint.html", context)


@refused_is_absent
@require_GET
def help_(request: HttpRequest, helper_id: uuid.UUID) -> HttpResponse:
    """One case as a helping team sees it: its task, who leads, and the family once it has accepted."""
    permit, helper = check_can_read_help(actor_of(request), helper_id)
    case = Case.objects.filter(pk=helper.case_id).first()  # there from accepting until it is done
    family = FamilyFile.objects.filter(pk=case.family_id).first() if case else None
    names = names_of(
        [helper.lead_team, *([case.team_id] if case else [])],
        [helper.worker, *([case.lead] if case else [])],
    )
    others = Case.objects.filter(family_id=case.family_id).order_by("-opened_at") if case else []
    context = {
        "now": clock_now(),
        "help": help_line(helper, names),
        "family": {"name": family.name, "number": family.number} if family else None,
        "members": [member_name(one) for one in members_seen(family.pk)] if family else [],
        "cases": [case_line(one, None, None, names_of([one.team_id], [one.lead]), mine=False)
                  for one in others],
        "steps": _steps(helper),
    }  # fmt: skip
    assert "members" in permit.fields
    return render(request, "cases/help.html", context)


def _steps(helper: Helper) -> list[dict[str, str]]:
    return {
        Helper.Status.INVITED: [
            {"to": "accepted", "word": _("同意協力")}, {"to": "declined", "word": _("不協力")},
        ],
        Helper.Status.ACCEPTED: [
            {"to": "working", "word": _("開始進行")}, {"to": "done", "word": _("已完成")},
        ],
        Helper.Status.WORKING: [{"to": "done", "word": _("已完成")}],
    }.get(Helper.Status(helper.status), [])  # fmt: skip


@refused_is_absent
@require_POST
def help_step(request: HttpRequest, helper_id: uuid.UUID) -> HttpResponse:
    """Accept, decline, begin, end; or the leading team takes its asking back."""
    back = request.POST.get("to_status") == "withdrawn"
    permit, helper = check_can_step_help(actor_of(request), helper_id, back=back)
    form = HelpStepForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    else:
        said = form.cleaned_data
        _did(
            request,
            lambda: step_helper(
                helper, to_status=said["to_status"], text=said["text"], permit=permit
            ),
            _("已記下。"),
        )
    if back:
        return redirect("cases:case", helper.case_id)
    return redirect("cases:help", helper_id)
