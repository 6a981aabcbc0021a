"""A second person of the desk looks at a decision; and the list of those that wait for one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.access.absent import openly, refused_is_absent
from anwang.common.clock import clock_now
from anwang.triage.actions.second_looks import look_again, take_look_back
from anwang.triage.forms import LookForm
from anwang.triage.models import SecondLook
from anwang.triage.permissions import check_can_use_desk, put_on_record
from anwang.triage.presenters.second_looks import waiting_line
from anwang.triage.queries.second_looks import looks_waiting
from anwang.triage.rules.second_looks import Kind
from anwang.triage.views.decide import FORMS, decide_permit, done, page, sent_words, stale


@refused_is_absent
@FORMS
def look(request: HttpRequest, receipt: str) -> HttpResponse:
    """Agree to what a colleague would decide, say why not, or take one's own question back."""
    matter_id, permit = decide_permit(request, receipt)
    if request.method != "POST":
        return page(request, receipt)
    form = LookForm(request.POST)
    if not form.is_valid():
        return stale(request, receipt)
    says, reason = form.cleaned_data["says"], form.cleaned_data["reason"]

    def step() -> str:
        if says == "back":
            take_look_back(matter_id, permit=permit, seen=form.seen)
            return _("已收回，沒有任何決定生效。")
        asked = SecondLook.objects.filter(matter=matter_id, verdict="").first()
        offer = look_again(
            matter_id, agrees=says == "yes", permit=permit, said=reason, seen=form.seen
        )
        if says == "no":
            return _("已記下您不同意的理由，請再決定。")
        if asked is not None and asked.kind == Kind.AFTERWARDS:
            return _("已記下您看過並同意。")
        return sent_words(offer) if offer is not None else _("已同意，這個決定現在生效。")

    return done(request, receipt, step)


@refused_is_absent
@require_GET
def looks(request: HttpRequest) -> HttpResponse:
    """What waits for a second person at the reader's desks."""
    permit = openly(check_can_use_desk, request)
    found = looks_waiting(permit)
    put_on_record(permit, (one.matter.pk for one in found))
    context = {"now": clock_now(), "lines": [waiting_line(one, permit) for one in found]}
    return render(request, "triage/looks.html", context)
