"""Back-tests: asked for from a version's page, watched while they run, read when they are done."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.middleware import actor_of
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.queries import standings, versions_standing
from anwang.triage.forms import errors_of
from anwang.triage.trials.actions.backtests import TooManyWait, ask_backtest, stop_backtest
from anwang.triage.trials.forms import SpanForm
from anwang.triage.trials.models import Backtest
from anwang.triage.trials.permissions import check_can_read_backtest, check_can_try, county_of
from anwang.triage.trials.presenters.results import (
    county_words,
    difference_lines,
    result_context,
    run_context,
    version_words,
)
from anwang.triage.trials.queries.drafts import CannotBeTried
from anwang.triage.trials.queries.results import MOST_RUNS, backtests, differences
from anwang.triage.trials.queries.versions import CAN_BE_TRIED, version_of


@refused_is_absent
@require_GET
def trials(request: HttpRequest) -> HttpResponse:
    """All back-tests of the reader's county, and the versions that could be tried."""
    permit = openly(check_can_try, request)
    versions = PolicyVersion.objects.filter(policy_id__in=CAN_BE_TRIED).exclude(
        pk__in=versions_standing(CAN_BE_TRIED)
    )
    listed = list(versions.order_by("policy_id", "county", "-loaded_at"))
    counties = county_words()
    context = {
        "runs": [
            run_context(one) | {"tried": version_words(one.label, counties)}
            for one in backtests(permit)
        ],
        "most": MOST_RUNS,
        "versions": listed,
        "standings": standings(listed),
        "counties": counties,
    }
    return render(request, "triage/trials/trials.html", context)


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, number: int) -> HttpResponse:
    """Ask for a back-test of one version."""
    permit = openly(check_can_try, request)
    version = get_object_or_404(PolicyVersion, pk=number, policy_id__in=CAN_BE_TRIED)
    form = SpanForm(request.POST if request.method == "POST" else None)
    context = {
        "version": version,
        "errors": {},
        "values": request.POST,
        "county": county_of(permit),
        "runs": [run_context(one) for one in backtests(permit, version.pk)],
    }
    if request.method == "POST" and form.is_valid():
        try:
            run = ask_backtest(
                [version_of(version)], permit=permit, version_no=version.pk,
                since=form.cleaned_data["since"], until=form.cleaned_data["until"],
            )  # fmt: skip
        except (TooManyWait, CannotBeTried) as refusal:
            context["errors"] = {"form": str(refusal)}
            return render(request, "triage/trials/ask.html", context, status=409)
        return redirect("triage:backtest", run.pk)
    if request.method == "POST":
        context["errors"] = errors_of(form)
        return render(request, "triage/trials/ask.html", context, status=422)
    return render(request, "triage/trials/ask.html", context)


@refused_is_absent
@require_GET
def backtest(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """One back-test: how far it is, or what came out, with the single reports one may see."""
    permit = check_can_read_backtest(actor_of(request), run_id)
    run = get_object_or_404(Backtest, pk=run_id)
    context = run_context(run) | result_context(run)
    counties = county_words()
    context["tried"] = version_words(run.label, counties)
    if not run.is_over:
        context |= {"live_url": reverse("triage:backtest", args=[run.pk])}
    if run.state == Backtest.State.DONE:
        context |= {"lines": difference_lines(differences(run.pk, permit), counties)}
    return render(request, "triage/trials/backtest.html", context)


@refused_is_absent
@require_POST
def stop(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Stop a run."""
    permit = check_can_read_backtest(actor_of(request), run_id)
    stop_backtest(run_id, permit=permit)
    messages.success(request, _("已要求停止；目前這一段做完就停。"))
    return redirect("triage:backtest", run_id)
