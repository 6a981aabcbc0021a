"""A walk through the history of a report's people, as its own page beside the report."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.intake.models import Report
from anwang.triage.presenters.words import code_words
from anwang.triage.queries.matters import report_of_receipt
from anwang.triage.trials.actions.walks import AlreadyAsked, ask_walk
from anwang.triage.trials.models import FamilyWalk
from anwang.triage.trials.permissions import check_can_walk
from anwang.triage.trials.presenters.pictures import height_of, lane
from anwang.triage.trials.presenters.results import county_words, run_context, version_words
from anwang.triage.trials.queries.results import latest_walk


@refused_is_absent
@require_GET
def walk(request: HttpRequest, receipt: str) -> HttpResponse:
    """The latest walk of a report, or the button that asks for one."""
    matter_id = report_of_receipt(receipt)
    permit = check_can_walk(actor_of(request), matter_id)
    if matter_id is None:
        raise Http404
    found = latest_walk(matter_id, permit)
    context: dict[str, Any] = {"receipt": receipt, "walk": found}
    if found is not None:
        context |= run_context(found)
        if not found.is_over:
            context["live_url"] = reverse("triage:walk", args=[receipt])
        elif found.state == FamilyWalk.State.DONE:
            context |= _walked(found.result or {})
    return render(request, "triage/trials/walk.html", context)


@refused_is_absent
@require_POST
def ask(request: HttpRequest, receipt: str) -> HttpResponse:
    """Ask for a walk."""
    matter_id = report_of_receipt(receipt)
    permit = check_can_walk(actor_of(request), matter_id)
    if matter_id is None:
        raise Http404
    try:
        ask_walk(matter_id, permit=permit)
    except AlreadyAsked as refusal:
        messages.info(request, str(refusal))
    return redirect("triage:walk", receipt)


def _walked(result: dict[str, Any]) -> dict[str, Any]:
    steps = result["steps"]
    days = sorted({one["day"] for one in steps})
    # Row rules leave out the reports that this reader does not reach; their steps are not shown.
    told = [one["report"] for one in steps if one["report"]]
    receipts = {
        str(k): v for k, v in Report.objects.filter(pk__in=told).values_list("pk", "receipt")
    }
    shown = [one for one in steps if one["report"] is None or one["report"] in receipts]
    counties = county_words()
    names = [version_words(name, counties) if name else None for name in result["versions"]]
    drawn = [lane(shown, place, days) if days else [] for place in range(len(names))]
    return {
        "lanes": [
            {
                "name": name,
                "spans": drawn[place],
                "height": height_of(drawn[place]),
                "first": _first(result["first"][place], receipts),
                "by_facts": _first(result["first_by_facts"][place], receipts),
            }
            for place, name in enumerate(names)
        ],
        "days": days,
        "persons": result["persons"],
        "lines": [
            {
                "day": one["day"],
                "receipt": receipts.get(one["report"] or ""),
                "said": [
                    said | {"stream_word": code_words("stream", said["stream"]), "by": name}
                    for said, name in zip(one["said"], names, strict=True)
                ],
            }
            for one in _turns(shown)
        ],
    }


def _first(first: dict[str, Any] | None, receipts: dict[str, str]) -> dict[str, Any] | None:
    if first is None or (first["report"] and first["report"] not in receipts):
        return None
    return first | {
        "receipt": receipts.get(first["report"] or ""),
        "stream_word": code_words("stream", first["stream"]),
    }


def _turns(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reports, and the days on which the facts began to say something else."""
    found: list[dict[str, Any]] = []
    last: Any = None
    for one in steps:
        if one["kind"] == "report":
            found.append(one)
        elif one["said"] != last:
            found.append(one)
            last = one["said"]
    return found
