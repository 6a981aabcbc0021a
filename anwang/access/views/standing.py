"""What one's roles need before anything opens: training, and rules to accept."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import refused_is_absent
from anwang.access.actions.standing import accept_rules
from anwang.access.middleware import actor_of
from anwang.access.queries.standing import all_lapsed, my_standing
from anwang.common.clock import clock_now


@login_required
@require_GET
def standing(request: HttpRequest) -> HttpResponse:
    """What holds until when, what is missing and what to do about it."""
    needs = my_standing(clock_now())
    shown = {
        "needs": needs,
        "closed": all_lapsed(),
        "missing": [one for one in needs if one.state in ("missing", "lapsed")],
    }
    return render(request, "access/standing.html", shown)


@refused_is_absent
@require_POST
def accept(request: HttpRequest, rules: str) -> HttpResponse:
    """Accept one set of rules, having read and ticked it."""
    if request.POST.get("read") != "yes":
        messages.error(request, _("請先讀完規範並勾選。"))
        return redirect("access:standing")
    accept_rules(rules, actor=actor_of(request))
    messages.success(request, _("已記下您接受了使用規範。"))
    return redirect("access:standing")
