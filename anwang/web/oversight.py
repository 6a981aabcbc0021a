"""Rooms of looking over each other's shoulder: notices, broken glass, reviews, declared conflicts."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.reauthentication import freshly_signed_in
from anwang.access.rules.alarms import load_rules
from anwang.cases.oversight.actions.alarms import review_alarm
from anwang.cases.oversight.actions.conflicts import (
    NoSuchNumber,
    declare_conflict,
    end_declared_conflict,
)
from anwang.cases.oversight.actions.glass import (
    FIELDS,
    MINUTES,
    SHORTEST_REASON,
    break_glass,
    end_glass,
)
from anwang.cases.oversight.actions.glass import review_glass as judge_glass
from anwang.cases.oversight.actions.notices import see_notices
from anwang.cases.oversight.queries import (
    PAGE,
    alarms_to_review,
    declared_conflicts,
    glass_figures,
    glass_to_review,
    names_of_accounts,
    names_of_offices,
    notices,
    own_glass,
    through_glass,
)
from anwang.cases.permissions import (
    check_can_break_glass,
    check_can_declare,
    check_can_look_through,
    check_can_read_notices,
    check_can_review,
)
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.web.notice_lines import notice_lines

FORMS = require_http_methods(["GET", "HEAD", "POST"])
FIELD_WORDS: Final[dict[str, Any]] = {
    "people": gettext_lazy("有哪些人（不含地址電話）"),
    "danger": gettext_lazy("立即危險"),
    "narrative": gettext_lazy("通報內容"),
    "decision": gettext_lazy("目前的處理決定"),
}
ABOUT: Final[dict[str, Any]] = {
    "report": gettext_lazy("一件通報"),
    "family": gettext_lazy("一個家庭檔"),
    "case": gettext_lazy("一個個案"),
}
VERDICTS: Final = (
    ("justified", gettext_lazy("合理")),
    ("not-justified", gettext_lazy("不合理")),
    ("unclear", gettext_lazy("無法判斷")),
)
ALARM_VERDICTS: Final = (
    ("explained", gettext_lazy("有合理說明")),
    ("not-explained", gettext_lazy("無法說明")),
    ("unclear", gettext_lazy("無法判斷")),
)


def _who_of(accounts: set[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    """Names in both languages; a dash for an account that the reader may not see."""
    found = names_of_accounts(accounts)
    return {
        one: {"zh": found[one].display_name, "en": found[one].display_name_en}
        if one in found else {"zh": "—", "en": "—"}
        for one in accounts
    }  # fmt: skip


@refused_is_absent
@require_GET
def notices_page(request: HttpRequest) -> HttpResponse:
    """What the reader and his offices must know, newest first."""
    permit = openly(check_can_read_notices, request)
    found = notices(permit, _before(request.GET.get("before", "")))
    shown, more = found[:PAGE], len(found) > PAGE
    last = shown[-1] if more else None
    context = {
        "notices": notice_lines(shown),
        "unseen": any(one.seen_at is None for one in shown),
        "later": "before" in request.GET,
        "more_url": f"?before={last.at.isoformat().replace('+', '%2B')}_{last.pk}" if last else "",
    }
    return render(request, "web/notices.html", context)


def _before(text: str) -> tuple[dt.datetime, uuid.UUID] | None:
    at, _sep, last = text.partition("_")
    try:
        return dt.datetime.fromisoformat(at), uuid.UUID(last)
    except ValueError:
        return None


@refused_is_absent
@require_POST
def see(request: HttpRequest) -> HttpResponse:
    """Mark the notices of a page as seen."""
    permit = openly(check_can_read_notices, request)
    see_notices(request.POST.getlist("notice"), permit=permit)
    return redirect("web:notices")


@refused_is_absent
@freshly_signed_in
@FORMS
def glass(request: HttpRequest) -> HttpResponse:
    """Ask for the glass: what it opens, why, and what follows.

    The form itself opens only after a proof (G2), so that no reason is lost by asking at its end.
    """
    permit = openly(check_can_break_glass, request)
    said, error = request.POST, ""
    if request.method == "POST":
        try:
            made = break_glass(
                said.get("number", ""), said.getlist("field"), said.get("reason", ""), permit=permit
            )
            return redirect("web:through-glass", made.pk)
        except AnwangError as refusal:
            error = str(refusal)
    context = {
        "fields": [{"code": one, "word": FIELD_WORDS[one], "on": one in said.getlist("field")}
                   for one in FIELDS],
        "values": said,
        "error": error,
        "shortest": SHORTEST_REASON,
        "minutes": MINUTES,
        "own": own_glass(permit),
        "now": clock_now(),
    }  # fmt: skip
    return render(request, "web/glass.html", context)


@refused_is_absent
@require_GET
def through(request: HttpRequest, glass_id: uuid.UUID) -> HttpResponse:
    """What an open glass shows, read only."""
    permit, opened = check_can_look_through(actor_of(request), glass_id)
    context = {"glass": opened, "shown": through_glass(opened, permit)}
    return render(request, "web/through_glass.html", context)


@refused_is_absent
@require_POST
def end(request: HttpRequest, glass_id: uuid.UUID) -> HttpResponse:
    """Close the glass now."""
    permit = openly(check_can_break_glass, request)
    if end_glass(glass_id, permit=permit):
        messages.success(request, _("已結束緊急開啟。"))
    return redirect("web:glass")


@refused_is_absent
@require_GET
def figures(request: HttpRequest) -> HttpResponse:
    """How often the glass was broken and how that was judged: counts only."""
    openly(check_can_read_notices, request)
    words = dict(VERDICTS) | {"waiting": _("等待審查")}
    counted: dict[dt.date, dict[str, int]] = {}
    for month, verdict, uses in glass_figures():
        counted.setdefault(month, {})[verdict] = uses
    months = [
        {"month": month, "roc": f"{month.year - 1911}.{month:%m}", "uses": sum(found.values()),
         "counts": [found.get(code, 0) for code in words]}
        for month, found in counted.items()
    ]  # fmt: skip
    return render(
        request, "web/glass_figures.html", {"months": months, "words": list(words.values())}
    )


@refused_is_absent
@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """What the reader's office must judge: uses of the glass and odd access."""
    permit = openly(check_can_review, request)
    broken, odd = glass_to_review(permit), alarms_to_review(permit)
    accounts = {one.account_id for one in broken} | {one.account_id for one in odd}
    who, rules = _who_of(accounts), load_rules()
    office = names_of_offices({one.team_id for one in broken} | {one.team_id for one in odd})
    context = {
        "now": clock_now(),
        "page": PAGE,
        "more_glass": len(broken) > PAGE,
        "more_alarms": len(odd) > PAGE,
        "glass": [
            {"row": one, "who": who[one.account_id], "office": office.get(one.team_id),
             "about": ABOUT.get(one.object_kind, one.object_kind),
             "fields": [FIELD_WORDS.get(field, field) for field in one.fields]}
            for one in broken[:PAGE]
        ],
        "alarms": [
            {"row": one, "who": who[one.account_id], "office": office.get(one.team_id),
             "text": rules[one.rule].text if one.rule in rules else {"zh": one.rule, "en": one.rule}}
            for one in odd[:PAGE]
        ],
        "verdicts": VERDICTS,
        "alarm_verdicts": ALARM_VERDICTS,
    }  # fmt: skip
    return render(request, "web/reviews.html", context)


def _judged(request: HttpRequest, judge: Any, which: uuid.UUID) -> HttpResponse:
    permit = openly(check_can_review, request)
    try:
        judge(which, request.POST.get("verdict", ""), request.POST.get("words", ""), permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已記下審查結論。"))
    return redirect("web:reviews")


@refused_is_absent
@require_POST
def review_glass(request: HttpRequest, glass_id: uuid.UUID) -> HttpResponse:
    """Judge a use of the glass."""
    check_can_review(actor_of(request))
    return _judged(request, judge_glass, glass_id)


@refused_is_absent
@require_POST
def review_odd(request: HttpRequest, alarm_id: uuid.UUID) -> HttpResponse:
    """Judge an alarm."""
    check_can_review(actor_of(request))
    return _judged(request, review_alarm, alarm_id)


@refused_is_absent
@FORMS
def conflicts(request: HttpRequest) -> HttpResponse:
    """Say "I know this family"; end what a colleague declared."""
    permit = openly(check_can_declare, request)
    error = ""
    if request.method == "POST":
        try:
            declare_conflict(
                request.POST.get("number", ""), request.POST.get("reason", ""), permit=permit
            )
        except NoSuchNumber as refusal:
            error = str(refusal)
        except AnwangError as refusal:
            error = str(refusal)
        else:
            messages.success(request, _("已登記迴避，從現在起您看不到這一家。"))
            return redirect("web:conflicts")
    declared = declared_conflicts()
    who = _who_of({one["account_id"] for one in declared})
    context = {
        "values": request.POST or request.GET,
        "error": error,
        "declared": [
            one | {"who": who[one["account_id"]], "about": ABOUT.get(one["kind"], one["kind"])}
            for one in declared
        ],
    }
    return render(request, "web/conflicts.html", context)


@refused_is_absent
@require_POST
def end_conflict(request: HttpRequest, conflict_id: uuid.UUID) -> HttpResponse:
    """End a colleague's declared conflict."""
    permit = openly(check_can_review, request)
    try:
        end_declared_conflict(conflict_id, request.POST.get("reason", ""), permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已撤回迴避。"))
    return redirect("web:conflicts")
