"""The quality loop: what became of the reports, by channel, screener and policy row."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from anwang.access.absent import openly, refused_is_absent
from anwang.access.context import DISPATCHING
from anwang.access.models import Account
from anwang.triage.presenters.words import code_words, plain
from anwang.triage.trials.models import QualityFigures
from anwang.triage.trials.permissions import check_can_try, county_of
from anwang.triage.trials.presenters.pictures import interval, widest
from anwang.triage.trials.rules.quality import BREAKDOWNS

MOST_LINES: Final = 40
WORDS: Final[dict[str, Any]] = {
    "channel": _("通報管道"),
    "screener": _("值班人員"),
    "row": _("分流表的列"),
}
STAGES: Final[dict[str, Any]] = {"dispatch": _("派案階段"), "taking-over": _("收案階段")}


@refused_is_absent
@require_GET
def quality(request: HttpRequest) -> HttpResponse:
    """The latest figures of the reader's county, or of the nation."""
    permit = openly(check_can_try, request)
    found = QualityFigures.objects.filter(county=county_of(permit)).order_by("-counted_at").first()
    by = request.GET.get("by", "")
    by = by if by in BREAKDOWNS else BREAKDOWNS[0]
    context: dict[str, Any] = {
        "found": found,
        "by": by,
        "tabs": [{"by": one, "word": WORDS[one], "current": one == by} for one in BREAKDOWNS],
    }
    if found is not None:
        context["figures"] = _figures(found.result, by)
    return render(request, "triage/trials/quality.html", context)


def _figures(result: Mapping[str, Any], by: str) -> list[dict[str, Any]]:
    groups = {group for one in result["figures"].values() for group in one[by]}
    names = _names(by, groups)
    return [
        {
            "text": one["text"],
            "stage": STAGES[one["stage"]],
            "whole": next(iter(one["all"].values()), None),
            "lines": _lines(one[by], names),
        }
        for one in result["figures"].values()
    ]


def _lines(
    shares: Mapping[str, Mapping[str, Any]], names: Mapping[str, Any]
) -> list[dict[str, Any]]:
    most = widest(list(shares.values()))
    told = sorted(shares.items(), key=lambda item: (-(item[1]["of"] or 0), item[0]))
    return [
        {"name": names[group], "share": share, "line": interval(share, most)}
        for group, share in told[:MOST_LINES]
        if share["of"] != 0
    ]


def _names(by: str, groups: set[str]) -> dict[str, Any]:
    """Words of channels; names of colleagues, as far as the reader may see them; rows as they are."""
    if by == "channel":
        return {one: code_words("channel", one) for one in groups}
    if by == "row":
        return {one: plain(one) for one in groups}
    people = Account.objects.in_bulk([uuid.UUID(one) for one in groups if one])
    programs = {str(DISPATCHING.id): _("自動派案"), "": _("尚未決定")}
    return {
        one: programs[one] if one in programs else _person(people.get(uuid.UUID(one)))
        for one in groups
    }


def _person(found: Account | None) -> Any:
    return {"zh": found.display_name, "en": found.display_name_en} if found else "—"
