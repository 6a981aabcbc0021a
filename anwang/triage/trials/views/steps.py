"""Shadows and automatic steps: what runs beside, and the switch that turns a step off at once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.models import Account
from anwang.access.permissions import Permit, seats_in
from anwang.common.clock import clock_now
from anwang.triage.presenters.words import field_words
from anwang.triage.trials.actions.steps import NeedsReason, switch_step
from anwang.triage.trials.forms import SwitchForm
from anwang.triage.trials.permissions import (
    STARTERS,
    STOPPERS,
    check_can_switch,
    check_can_try,
)
from anwang.triage.trials.presenters.results import (
    county_words,
    difference_lines,
    version_words,
)
from anwang.triage.trials.queries.results import ShadowCount, shadow_counts, shadow_lines
from anwang.triage.trials.queries.steps import AUTO_DISPATCH, JOIN_REPEATS, step_states
from anwang.triage.trials.queries.versions import versions_in_shadow

SHADOW_DAYS: Final = 30
STEP_WORDS: Final[dict[str, Any]] = {
    AUTO_DISPATCH: gettext_lazy("自動派案（依縣市規則，不等值班台確認）"),
    JOIN_REPEATS: gettext_lazy("重複通報依規則合看（依縣市規則，不等值班台判斷）"),
}


@refused_is_absent
@require_GET
def shadow(request: HttpRequest) -> HttpResponse:
    """What the versions in shadow would have decided otherwise in the last 30 days."""
    permit = openly(check_can_try, request)
    since = clock_now() - dt.timedelta(days=SHADOW_DAYS)
    counties = county_words()
    context = {
        "versions": [version_words(one.name, counties) for one in versions_in_shadow()],
        "days": SHADOW_DAYS,
        "counts": _by_field(shadow_counts(since, permit)),
        "lines": difference_lines(shadow_lines(permit), counties),
    }
    return render(request, "triage/trials/shadow.html", context)


def _by_field(counts: list[ShadowCount]) -> list[dict[str, Any]]:
    found: dict[str, list[ShadowCount]] = defaultdict(list)
    for one in counts:
        found[one.field].append(one)
    return [
        {
            "field": _("任何一項") if name == "any" else field_words(name),
            "compared": _sum(one.compared for one in lines),
            "differing": _sum(one.differing for one in lines),
        }
        for name, lines in found.items()
    ]


def _sum(numbers: Any) -> int | None:
    """The sum, hidden where a part is: else the part could be found by subtraction."""
    told = list(numbers)
    return None if None in told else sum(told)


@refused_is_absent
@require_GET
def steps(request: HttpRequest) -> HttpResponse:
    """The automatic steps of the reader's counties, each with its switch and the last word on it."""
    permit = openly(check_can_try, request)
    counties = sorted({seat.county for seat in permit.seats}, key=lambda one: one or "")
    states = step_states(list(counties))
    names = county_words()
    people = Account.objects.in_bulk([one.last.by for one in states if one.last])
    context = {
        "lines": [
            {
                "step": one.step,
                "word": STEP_WORDS[one.step],
                "county": one.county or "",
                "place": names.get(one.county or "") or _("全國"),
                "runs": one.runs,
                "last": one.last,
                "by": people.get(one.last.by) if one.last else None,
            }
            for one in states
        ],
        **_may(request, permit),
    }
    return render(request, "triage/trials/steps.html", context)


def _may(request: HttpRequest, permit: Permit) -> dict[str, bool]:
    actor = actor_of(request)
    return {
        "may_stop": bool(seats_in(actor, STOPPERS)),
        "may_start": bool(seats_in(actor, STARTERS)),
    }


@refused_is_absent
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Stop a step, or let it run again."""
    form = SwitchForm(request.POST)
    if not form.is_valid():
        return redirect("triage:steps")
    said = form.cleaned_data
    county, runs = said["county"] or None, said["runs"] == "yes"
    permit = check_can_switch(actor_of(request), county, to_run=runs)
    try:
        switch_step(said["step"], county, runs=runs, permit=permit, reason=said["reason"])
    except NeedsReason as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("已重新啟用。") if runs else _("已停止；下一件起就不再自動處理。")
        )
    return redirect("triage:steps")
