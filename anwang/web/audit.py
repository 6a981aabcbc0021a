"""Searching the audit: who did what, for which office and purpose; and whether the log stands."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import refused_is_absent
from anwang.access.actions.entries import record_apart
from anwang.access.middleware import actor_of
from anwang.access.models import AuditEntry
from anwang.access.permissions import BURYING_ROLES, Permit, check_can_search_audit
from anwang.access.queries.audit import (
    LINES_A_PAGE,
    MOST_EXPORTED,
    AuditSearch,
    account_named,
    audit_entries,
    log_state,
    names_of,
)
from anwang.access.reauthentication import freshly_signed_in
from anwang.access.vocabulary import Act
from anwang.directory.models import Team
from anwang.directory.templatetags.anwang_codes import word

NOBODY: Final = uuid.UUID(int=0)
IDS_SHOWN: Final = 3


def _acts() -> list[tuple[str, Any]]:
    named = [(one.value, word(one.value, "acts")) for one in Act]
    return [("", _("全部")), *sorted(named, key=lambda pair: pair[1])]


def _offices() -> list[tuple[str, Any]]:
    name = "name_en" if get_language() == "en" else "name_zh"
    return [("", _("全部")), *Team.objects.order_by("pk").values_list("pk", name)]


class AuditSearchForm(forms.Form):
    """What is looked for. An id is an id: free text would put names on record."""

    account = forms.CharField(max_length=64, required=False, label=_("帳號"))
    office = forms.ChoiceField(choices=_offices, required=False, label=_("單位"))
    act = forms.ChoiceField(choices=_acts, required=False, label=_("做了什麼"))
    object_id = forms.UUIDField(required=False, label=_("對象編號"))
    since = forms.DateField(
        required=False, label=_("從"), widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label=_("到"), widget=forms.DateInput(attrs={"type": "date"})
    )
    result = forms.ChoiceField(
        choices=[
            ("", _("全部")), ("done", _("完成")), ("refused", _("被拒絕")), ("failed", _("失敗")),
        ],
        required=False, label=_("辦理結果"),
    )  # fmt: skip

    def search(self) -> AuditSearch:
        """What was asked for; an account that is not there finds nothing."""
        given = self.cleaned_data
        account = account_named(given["account"]) or NOBODY if given["account"] else None
        until = given["until"]
        return AuditSearch(
            account, given["office"], given["act"], given["object_id"], _midnight(given["since"]),
            _midnight(until + dt.timedelta(days=1)) if until else None, given["result"],
        )  # fmt: skip


def _midnight(day: dt.date | None) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), get_current_timezone()) if day else None


@refused_is_absent
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """A page of entries that fit, newest first, and how the log stands. Itself on record."""
    permit = check_can_search_audit(actor_of(request))
    form = AuditSearchForm(request.GET)
    search = form.search() if form.is_valid() else None
    before = request.GET.get("before", "")
    number = int(before) if before.isdecimal() and len(before) < 19 else None
    found = list(audit_entries(search, permit, number)[: LINES_A_PAGE + 1]) if search else []
    lines, more = found[:LINES_A_PAGE], found[LINES_A_PAGE:]
    if search:
        _put_on_record(permit, Act.SEARCHED, search, len(lines))
    following = request.GET.copy()
    if more:
        following["before"] = str(lines[-1].no)
    return render(request, "web/audit.html", {
        "form": form, "lines": _shown(lines), "state": log_state(permit),
        "more": following.urlencode() if more else "", "later": number,
        "may_bury": any(seat.role in BURYING_ROLES for seat in permit.seats),
    })  # fmt: skip


@refused_is_absent
@require_POST
@freshly_signed_in
def export_found(request: HttpRequest) -> HttpResponse:
    """The entries that fit as JSON Lines, at most 10,000, newest first."""
    permit = check_can_search_audit(actor_of(request))
    form = AuditSearchForm(request.POST)
    if not form.is_valid():
        return audit(request)
    search = form.search()
    found = list(audit_entries(search, permit)[:MOST_EXPORTED])
    _put_on_record(permit, Act.AUDIT_EXPORTED, search, len(found))
    text = "".join(json.dumps(_plain(one), ensure_ascii=False) + "\n" for one in found)
    answer = HttpResponse(text, content_type="application/jsonl; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
    return answer


def _put_on_record(permit: Permit, act: Act, search: AuditSearch, number: int) -> None:
    record_apart(
        act, actor=permit.actor, object_kind="audit", purpose=permit.purpose,
        detail={"results": number, **search.said()},
    )  # fmt: skip


def _shown(entries: list[AuditEntry]) -> list[dict[str, Any]]:
    """What a line shows: who and which office in words, ids shortened."""
    people = names_of({one.actor for one in entries if one.actor})
    offices = {
        pk: {"zh": zh, "en": en}
        for pk, zh, en in Team.objects.filter(
            pk__in={one.team_id for one in entries}
        ).values_list("pk", "name_zh", "name_en")
    }  # fmt: skip
    return [
        {
            "entry": one,
            "who": people.get(one.actor) if one.actor else None,
            "office": offices.get(one.team_id),
            "ids": one.object_ids[:IDS_SHOWN],
            "others": max(0, len(one.object_ids) - IDS_SHOWN),
        }
        for one in entries
    ]


def _plain(one: AuditEntry) -> dict[str, Any]:
    return {
        "id": str(one.id), "no": one.no, "at": one.at.isoformat(), "actor": str(one.actor or ""),
        "actor_kind": one.actor_kind, "role": one.role, "team_id": one.team_id, "act": one.act,
        "object_kind": one.object_kind, "object_ids": one.object_ids, "purpose": one.purpose,
        "fields": one.fields, "result": one.result, "request_id": str(one.request_id or ""),
    }  # fmt: skip
