"""Writing a policy: a draft made, its rows written, proposed, and put in force by a second person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.context import Actor
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.common.clock import clock_now
from anwang.common.values.roc_dates import TAIPEI, roc_date
from anwang.rulebook.actions.force import (
    Draft,
    PolicyRefused,
    answer_proposal,
    propose_version,
    set_version_aside,
    write_draft,
)
from anwang.rulebook.models import PolicyVersion
from anwang.rulebook.permissions import check_can_write, check_can_write_policies, layer_of
from anwang.rulebook.presenters import Wording, wording_of
from anwang.rulebook.queries import (
    TO_BEGIN,
    began_overlay,
    faults_in,
    faults_of,
    name_for_draft,
    open_proposals,
    specs_of,
    standings,
    table_doc,
    varied,
    version_standing,
)
from anwang.rulebook.rules.compare import RowDoc, flat_row
from anwang.rulebook.rules.drafts import DraftFault
from anwang.rulebook.rules.written import (
    NEW_ROW,
    FormColumn,
    begun_variation,
    columns_of,
    moved,
    written_row,
)
from anwang.rulebook.views import county_names, shown, table_context


def _version(request: HttpRequest, number: int) -> tuple[PolicyVersion, Permit]:
    """A version in whose layer the reader writes."""
    openly(check_can_write_policies, request)
    version = get_object_or_404(PolicyVersion, pk=number)
    return version, check_can_write(actor_of(request), version.county)


@refused_is_absent
@require_POST
def begin_draft(request: HttpRequest, number: int) -> HttpResponse:
    """A draft from a version; a county's, from a national table, as the county's own that holds, if
    there is one, else without rows."""
    openly(check_can_write_policies, request)
    base = get_object_or_404(PolicyVersion, pk=number)
    layer = _layer_for(base, actor_of(request))
    permit = check_can_write(actor_of(request), layer)
    if table_doc(base) is None:
        raise Http404
    if layer and layer != base.county:
        own = version_standing(base.policy_id, layer)
        body = began_overlay(base.body, layer) if own is None else dict(own.body)
        base = own or base
    else:
        body = dict(base.body)
    body |= {"version": name_for_draft(base.policy_id, layer)}
    try:
        made = write_draft(Draft(base.policy_id, layer, body, base.pk), permit=permit)
    except PolicyRefused as refusal:
        return shown(request, base, str(refusal), 409)
    return redirect("rulebook:edit", made)


def _layer_for(base: PolicyVersion, actor: Actor) -> str | None:
    own = layer_of(actor)
    return own if base.county is None and own is not None else base.county


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """The draft with its faults and what differs; rows are moved and taken out here."""
    version, permit = _version(request, number)
    if not open_to_writing(version):
        return redirect("rulebook:policy", version.pk)
    if request.method != "POST":
        return _edited(request, version)
    body = dict(version.body)
    rows = list(body["rows"])
    step, _sign, place = request.POST.get("do", "").partition(":")
    at = int(place) if place.isdecimal() and int(place) < len(rows) else None
    if step == "delete" and at is not None:
        del rows[at]
    elif step in ("up", "down") and at is not None:
        rows = moved(rows, at, -1 if step == "up" else 1)
    elif step == "name":
        body["version"] = request.POST.get("version", "").strip()[:40] or version.version
    return _written(request, version, body | {"rows": rows}, permit)


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
def row(request: HttpRequest, number: int, place: int) -> HttpResponse:
    """One row of a draft as a form, a cell for each column; after the last, a new row."""
    version, permit = _version(request, number)
    doc, rows = table_doc(version), list(version.body.get("rows", []))
    if doc is None or place > len(rows):
        raise Http404
    if not open_to_writing(version):
        return redirect("rulebook:policy", version.pk)
    before = rows[place] if place < len(rows) else _begun_row(request, version)
    columns = columns_of(doc, specs_of(doc), version.county)
    if request.method == "POST":
        before = rows[place] if place < len(rows) else NEW_ROW
        rows[place : place + 1] = [written_row(request.POST, before, columns)]
        return _written(request, version, dict(version.body) | {"rows": rows}, permit, place)
    found = faults_of(version) if place < len(rows) else []
    found, cells = [one for one in found if one.severity == "error"], flat_row(before)
    wording = wording_of(version)
    context = {
        "version": version,
        "seen": version.sha256,
        "place": place,
        "is_new": place == len(rows),
        "cells": [
            {
                "column": column,
                "value": cells.get(column.name, ""),
                "means": _means(wording, column, cells),
                "options": wording.options(column),
                "codes": wording.codes(column),
                "faults": _at(found, place, column.name),
            }
            for column in columns
        ],
        "faults": _at(found, place, None),
    }
    return render(request, "rulebook/row.html", context)


def _begun_row(request: HttpRequest, version: PolicyVersion) -> RowDoc:
    """An empty row, or a county's that begins as the national one which it is to stand for."""
    national, wanted = varied(version), request.GET.get("replaces", "")
    for row in national["rows"] if national and version.county and wanted else ():
        if row["id"] == wanted and row.get("county_may"):
            return begun_variation(row, str(version.county))
    return NEW_ROW


@refused_is_absent
@require_POST
def check_row(request: HttpRequest, number: int, place: int) -> JsonResponse:
    """What is wrong with a row as it is being typed, and with the table if it were saved so."""
    version, _permit = _version(request, number)
    doc, rows = table_doc(version), list(version.body.get("rows", []))
    if doc is None or place > len(rows) or not open_to_writing(version):
        raise Http404
    before = rows[place] if place < len(rows) else NEW_ROW
    columns = columns_of(doc, specs_of(doc), version.county)
    typed = written_row(request.POST, before, columns)
    rows[place : place + 1] = [typed]
    body = dict(version.body) | {"rows": rows}
    found = faults_in(version.policy_id, version.county, body)
    told = [one for one in found if one.place == place or (one.place is None and one.is_error)]
    elsewhere = _made_elsewhere(version, found, place)
    tongue = "en" if get_language() == "en" else "zh"
    means, wording = flat_row(typed), wording_of(version)
    number_of = sum(one.is_error for one in told) + len(elsewhere)
    return JsonResponse(
        {
            "faults": [
                {"column": one.column or "", "severity": one.severity, "text": one.text[tongue]}
                for one in told
            ]
            + [
                {
                    "column": "",
                    "severity": "error",
                    "text": _("{row} 這一列：{fault}").format(
                        row=rows[one.place or 0].get("id"), fault=one.text[tongue]
                    ),
                }
                for one in elsewhere
            ],
            "means": {one.name: _means(wording, one, means) for one in columns},
            "said": _("還沒有存。還有 {n} 處要改。").format(n=number_of)
            if number_of
            else _("還沒有存。沒有要改的地方。"),
        }
    )


def _made_elsewhere(
    version: PolicyVersion, found: list[DraftFault], place: int
) -> list[DraftFault]:
    """Faults that other rows have only if this one is saved so: a row that is not reached any more."""
    there = [one for one in found if one.is_error and one.place not in (place, None)]
    if not there:
        return []
    before = {(one.place, one.column, one.kind) for one in faults_of(version)}
    return [one for one in there if (one.place, one.column, one.kind) not in before]


def _means(wording: Wording, column: FormColumn, cells: Mapping[str, str]) -> str:
    """What a typed condition says in words, for below its cell; empty where it is words already."""
    words = None if column.values else wording.cell(column.name, cells.get(column.name, ""))
    tongue = "en" if get_language() == "en" else "zh"
    return _("讀作：{words}").format(words=words[tongue]) if words else ""


def _at(faults: list[DraftFault], place: int, column: str | None) -> list[DraftFault]:
    return [one for one in faults if (one.place, one.column) == (place, column)]


def open_to_writing(version: PolicyVersion) -> bool:
    """Whether the version is a table that may still be written on."""
    draft = version.state == PolicyVersion.State.DRAFT and table_doc(version) is not None
    return draft and not open_proposals([version.pk])


def _written(
    request: HttpRequest, version: PolicyVersion, body: dict[str, Any], permit: Permit,
    place: int | None = None,
) -> HttpResponse:  # fmt: skip
    """Save the draft; a row with faults opens again, with each beside its cell."""
    draft = Draft(
        version.policy_id, version.county, body, version.base_id, version.pk,
        request.POST.get("seen", ""),
    )  # fmt: skip
    try:
        write_draft(draft, permit=permit)
    except PolicyRefused as refusal:
        return _edited(request, version, str(refusal), 409)
    version.refresh_from_db()
    messages.success(request, _("已存成草案，還沒有生效。"))
    if place is not None and any(
        one.place == place and one.severity == "error" for one in faults_of(version)
    ):
        return redirect("rulebook:row", version.pk, place)
    return redirect("rulebook:edit", version.pk)


def _edited(
    request: HttpRequest, version: PolicyVersion, refusal: str = "", status: int = 200
) -> HttpResponse:
    wording, national = wording_of(version), varied(version)
    context = table_context(version, wording)
    found, notes = context.get("faults", ()), context.get("notes", ())
    rows = [
        {
            "line": line | wording.row(line),
            "faults": [one for one in found if one.place == place],
            "notes": [one for one in notes if one.place == place],
        }
        for place, line in enumerate(version.body["rows"])
    ]
    context |= {
        "version": version,
        "rows": rows,
        "county": county_names().get(version.county or ""),
        "opened": wording.opened(national) if national else None,
        "of_table": [one for one in [*found, *notes] if one.place is None],
        "refusal": refusal,
    }
    return render(request, "rulebook/edit.html", context, status=status)


@refused_is_absent
@require_POST
def propose(request: HttpRequest, number: int) -> HttpResponse:
    """Propose that a version come in force, at once or from a day on, or that an overlay end."""
    version, permit = _version(request, number)
    retire = request.POST.get("retire") == "yes"
    if not retire and any(one.severity == "error" for one in faults_of(version)):
        return shown(request, version, _("還有要改的地方，改好才能提案。"), 409)
    try:
        starts_at = _begins(request.POST.get("starts_on", ""))
    except ValueError:
        return shown(request, version, _("日期請寫成 2026-03-02，今天或以後。"), 422)
    version.sha256 = request.POST.get("seen", "")  # what the proposer had before him
    try:
        propose_version(
            version, text=request.POST.get("text", "")[:2000], permit=permit,
            starts_at=starts_at, retire=retire,
        )  # fmt: skip
    except PolicyRefused as refusal:
        return shown(request, _again(version), str(refusal), 409)
    messages.success(request, _("已提案，等另一位同事看過。"))
    return redirect("rulebook:policy", version.pk)


def _begins(said: str) -> dt.datetime | None:
    """The first instant of the day; None for at once. Raises ValueError for a day that is over."""
    if not said.strip():
        return None
    day = dt.date.fromisoformat(said.strip())
    if day < clock_now().astimezone(TAIPEI).date():
        raise ValueError(said)
    return dt.datetime.combine(day, dt.time(), tzinfo=TAIPEI)


@refused_is_absent
@require_POST
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """Agree to a proposal, as another person than who made it, or decline it."""
    version, permit = _version(request, number)
    asked = open_proposals([version.pk]).get(version.pk)
    if asked is None:
        return shown(request, version, _("沒有等您答覆的提案。"), 409)
    agreed = request.POST.get("agreed") == "yes"
    text = request.POST.get("text", "")[:2000]
    try:
        done = answer_proposal(asked, agreed=agreed, text=text, permit=permit)
    except PolicyRefused as refusal:
        return shown(request, version, str(refusal), 409)
    said = {
        "put-in-force": _said_begun(version),
        "retired": _("已停用（或將自所定之日停用）。"),
        "declined": _("已退回，草案可以再改。"),
    }
    messages.success(request, said[done])
    return redirect("rulebook:policy", version.pk)


def _said_begun(version: PolicyVersion) -> str:
    """In force now, or from which day on."""
    now = standings([version])[version.pk]
    if now.state == TO_BEGIN and now.since is not None:
        return _("已同意。從 {day} 起生效，那一天以前照現行的版本。").format(
            day=roc_date(now.since.astimezone(TAIPEI).date())
        )
    return _("已生效。")


@refused_is_absent
@require_POST
def discard(request: HttpRequest, number: int) -> HttpResponse:
    """Put a draft away; it stays in the history and has no effect."""
    version, permit = _version(request, number)
    try:
        set_version_aside(version, "discarded", permit=permit)
    except PolicyRefused as refusal:
        return shown(request, _again(version), str(refusal), 409)
    messages.success(request, _("草案已收起。"))
    return redirect("rulebook:policies")


@refused_is_absent
@require_POST
def shadow(request: HttpRequest, number: int) -> HttpResponse:
    """Let a draft run beside the version in force without effect, or end that."""
    version, permit = _version(request, number)
    begins = version.state == PolicyVersion.State.DRAFT
    if begins and any(one.severity == "error" for one in faults_of(version)):
        return shown(request, version, _("還有要改的地方，改好才能試行。"), 409)
    try:
        set_version_aside(version, "shadowed" if begins else "unshadowed", permit=permit)
    except PolicyRefused as refusal:
        return shown(request, _again(version), str(refusal), 409)
    said = (
        _("開始試行比對：新通報會在旁邊多算一次，不影響任何決定。")
        if begins
        else _("試行比對已結束。")
    )
    messages.success(request, said)
    return redirect("rulebook:policy", version.pk)


def _again(version: PolicyVersion) -> PolicyVersion:
    return PolicyVersion.objects.get(pk=version.pk)
