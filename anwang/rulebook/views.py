"""The policies as an official reads them: a table each, every row with its law, and its history."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from anwang.access.context import Actor
from anwang.access.middleware import actor_of
from anwang.access.models import Account
from anwang.directory.models import County
from anwang.rulebook.models import PolicyAct, PolicyVersion
from anwang.rulebook.permissions import can_write, can_write_policies, layer_of
from anwang.rulebook.presenters import Wording, wording_of
from anwang.rulebook.queries import (
    CALENDAR,
    TO_BEGIN,
    Standing,
    acts_on,
    counterpart,
    faults_of,
    former_version,
    open_proposals,
    policy_versions,
    specs_of,
    standings,
    table_doc,
    varied,
    version_to_begin,
)
from anwang.rulebook.rules.compare import compare_rows
from anwang.rulebook.rules.official_calendar import changed_days, years_shown
from anwang.rulebook.rules.written import columns_of

HISTORY = 50


@login_required
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """All policies with their version, state and number of rows."""
    versions = list(PolicyVersion.objects.order_by("policy_id", "county", "-loaded_at"))
    context = {
        "versions": versions,
        "standings": standings(versions),
        "waiting": open_proposals(),
        "writes": can_write_policies(actor_of(request)),
        "counties": county_names(),
    }
    return render(request, "rulebook/policies.html", context)


def county_names() -> dict[str, dict[str, str]]:
    """Code -> the county's name in both tongues."""
    return {one.code: {"zh": one.name_zh, "en": one.name_en} for one in County.objects.all()}


@login_required
@require_safe
def policy(request: HttpRequest, number: int) -> HttpResponse:
    """One version, row by row, with what can be done with it and what was."""
    return shown(request, get_object_or_404(PolicyVersion, pk=number))


def shown(
    request: HttpRequest, version: PolicyVersion, refusal: str = "", status: int = 200
) -> HttpResponse:
    """The version's page; with `refusal`, why the step just tried was not done."""
    actor, wording, national = actor_of(request), wording_of(version), varied(version)
    others = list(policy_versions().filter(policy_id=version.policy_id).exclude(pk=version.pk))
    stand = standings([version, *others])
    context = {
        "version": version,
        "standings": stand,
        "standing": stand[version.pk],
        "county": County.objects.filter(pk=version.county).first(),
        "lines": [
            line | wording.row(line) | {"varied": wording.varied(line, national)}
            for line in _lines(version.body)
        ],
        "others": others,
        "history": history(version),
        "refusal": refusal,
        "said": request.POST,
        "counties": county_names(),
    }
    context |= table_context(version, wording) | calendar_context(version)
    context |= _planned(version, stand[version.pk])
    context |= _steps(version, actor, stand[version.pk], is_tried=bool(context.get("is_tried")))
    return render(request, "rulebook/policy.html", context, status=status)


def table_context(version: PolicyVersion, wording: Wording) -> dict[str, Any]:
    """Labels of the columns, what differs from the version in force, and faults; for tables alone."""
    doc = table_doc(version)
    if doc is None:
        return {}
    columns = columns_of(doc, specs_of(doc), version.county)
    context: dict[str, Any] = {
        "is_table": True,
        # A table with columns of its own is asked elsewhere and not of past reports.
        "is_tried": not doc.get("describes"),
        "labels": {one.name: one.label for one in columns},
    }
    other = counterpart(version)
    if other is None or other.pk != version.pk:
        found = faults_of(version)
        context["faults"] = [one for one in found if one.severity == "error"]
        context["notes"] = [one for one in found if one.severity == "note"]
        before = other.body.get("rows", []) if other else []
        changes = compare_rows(before, version.body.get("rows", []))
        context["other"] = other
        differing = [one for one in changes if one.kind != "same"]
        context["changes"] = wording.changes(differing, context["labels"])
    return context


def calendar_context(version: PolicyVersion) -> dict[str, Any]:
    """The years of an official calendar and the days on which it would change the one in force."""
    if version.policy_id != CALENDAR:
        return {}
    other = counterpart(version)
    stands = other is not None and other.pk == version.pk
    moved = None if stands or other is None else changed_days(other.body, version.body)
    return {"calendar": years_shown(version.body), "is_calendar": True, "moved": moved}


def history(version: PolicyVersion) -> list[dict[str, Any]]:
    """What was done with the policy in this layer, the latest first, with who did it."""
    acts = list(acts_on(version.policy_id, version.county)[:HISTORY])
    names = Account.objects.only("display_name", "display_name_en").in_bulk(
        {act.by for act in acts if act.by}
    )
    return [{"act": act, "who": _who(names.get(act.by) if act.by else None)} for act in acts]


def _who(account: Account | None) -> dict[str, str] | None:
    if account is None:
        return None
    return {"zh": account.display_name, "en": account.display_name_en}


def _planned(version: PolicyVersion, standing: Standing) -> dict[str, Any]:
    """What holds until this one begins, or what begins when this one ends."""
    if standing.state == TO_BEGIN:
        return {"present": counterpart(version)}
    if standing.until is not None:
        return {"coming": version_to_begin(version.policy_id, version.county)}
    return {}


def _steps(
    version: PolicyVersion, actor: Actor, standing: Standing, *, is_tried: bool
) -> dict[str, Any]:
    """Which buttons the reader gets; the database asks again whoever presses one."""
    if not can_write_policies(actor):
        return {}
    asked: PolicyAct | None = open_proposals([version.pk]).get(version.pk)
    mine = can_write(actor, version.county)
    holds = standing.state == PolicyVersion.State.IN_FORCE
    ends, waits = standing.until is not None, standing.state == TO_BEGIN
    alone = waits and counterpart(version) is None
    draft = version.state == PolicyVersion.State.DRAFT
    return {
        "writes": True,
        "asked": asked,
        "asked_by_me": asked is not None and asked.by == actor.id,
        "can_answer": mine and asked is not None,
        "can_edit": mine and draft and asked is None,
        "can_shadow": mine and is_tried and asked is None and draft,
        "can_unshadow": mine and asked is None and version.state == PolicyVersion.State.SHADOW,
        "can_propose": mine and asked is None and (ends if holds else not waits),
        "goes_on": holds and ends,
        "goes_on_asked": holds and asked is not None and asked.kind == PolicyAct.Kind.PROPOSED,
        "can_plan": mine,
        "can_retire": mine
        and asked is None
        and version.county is not None
        and (alone or (holds and not ends)),
        "can_draft": mine,
        "can_vary": version.county is None and layer_of(actor) is not None,
        "can_copy": table_doc(version) is not None and (mine or version.county is None),
        "former": former_version(version) if mine and holds and not ends else None,
    }


def _lines(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of any kind of policy as {id, text, when, then, citation, confidence}."""
    if isinstance(body.get("clocks"), list):
        events = body.get("events") or {}
        return [
            line | {"when": {"start": _event(line, "start", events)}, "then": _length(line, events)}
            for line in body["clocks"]
        ]
    if isinstance(body.get("rows"), list):
        return [line for line in body["rows"] if isinstance(line, dict)]
    if isinstance(body.get("sections"), list):
        return [question for section in body["sections"] for question in section["questions"]]
    if isinstance(body.get("inputs"), dict):
        return [{"id": name} | line for name, line in body["inputs"].items()]
    return []


def _event(clock: dict[str, Any], name: str, events: dict[str, Any]) -> Any:
    """What starts or stops a clock, in words where the policy has them."""
    return events.get(str(clock.get(name))) or clock.get(name)


def _length(clock: dict[str, Any], events: dict[str, Any]) -> dict[str, Any]:
    return {unit: clock[unit] for unit in ("hours", "days", "working_days", "months", "years")
            if clock.get(unit)} | {"stop": _event(clock, "stop", events)}  # fmt: skip
