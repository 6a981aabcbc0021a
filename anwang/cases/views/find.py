"""The search box of the duty desk: reports by receipt or exact name, then persons who may be meant."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.access.absent import refused_is_absent
from anwang.access.actions.attempts import record_attempt
from anwang.access.actions.entries import record_apart
from anwang.access.evening import leaves_evenly
from anwang.access.middleware import actor_of
from anwang.access.vocabulary import Act
from anwang.cases.queries.searched import PersonFound, asked_of, persons_found
from anwang.cases.side_by_side import weighed
from anwang.common.clock import clock_now
from anwang.intake.rules.receipts import read_receipt
from anwang.people.rules.one_line import LONGEST_LINE, read_line
from anwang.triage.models import Matter
from anwang.triage.permissions import check_can_search
from anwang.triage.presenters.queue import queue_line
from anwang.triage.queries.matters import MOST_FOUND, find_matters
from anwang.triage.queries.queue import next_clocks, same_event_counts

_LEAST_SAID: Final = 0.5  # bits: a comparison that weighs less says nothing either way
# From which probability on a person is called how likely.
_VERY_LIKELY, _LIKELY, _PERHAPS = 0.9, 0.5, 0.1


@refused_is_absent
@leaves_evenly
@require_GET
def find(request: HttpRequest) -> HttpResponse:
    """At most 20 answers, each with its reasons; every search is on record with its numbers."""
    permit = check_can_search(actor_of(request))
    wanted = request.GET.get("q", "")[:LONGEST_LINE].strip()
    found = find_matters(wanted, permit)
    if not found and (receipt := read_receipt(wanted)):
        record_attempt(permit.actor, "cases:find", receipt)
    county = next((seat.county for seat in permit.seats if seat.county), "")
    told = {} if read_receipt(wanted) else read_line(wanted, county)
    asked = asked_of(told, permit)
    persons = persons_found(
        asked, permit, most=MOST_FOUND - len(found), without=[matter.pk for matter in found]
    )
    shown = {matter.pk: matter for one in persons for matter in one.matters}
    shown |= {matter.pk: matter for matter in found}
    record_apart(
        Act.SEARCHED, actor=permit.actor, object_kind="report", object_ids=list(shown),
        purpose=permit.purpose, detail={"results": len(found), "persons": len(persons)},
    )  # fmt: skip
    if len(found) == 1 and not persons:
        return redirect("triage:report", found[0].report.receipt)
    lines = _lines(list(shown.values()))
    items = [lines.pop(matter.pk) for matter in found]
    return render(request, "cases/find.html", {
        "now": clock_now(),
        "wanted": wanted,
        "told": _said(told),
        "telling": bool(found or asked.keys or read_receipt(wanted)),
        "items": items,
        "persons": [_person(one, lines) for one in persons],
        "find_url": reverse("cases:find"),
    })  # fmt: skip


def _lines(matters: list[Matter]) -> dict[uuid.UUID, dict[str, Any]]:
    clocks, same_events = next_clocks(matters), same_event_counts(matters)
    return {
        one.pk: queue_line(one, clocks.get(one.pk), same_events.get(one.pk, 0)) for one in matters
    }


def _person(one: PersonFound, lines: dict[uuid.UUID, dict[str, Any]]) -> dict[str, Any]:
    """A report stands once on the page, with the likeliest of those whom it tells of."""
    above = [matter.report.receipt for matter in one.matters if matter.pk not in lines]
    reasons = weighed([reason._asdict() for reason in one.scored.reasons])
    return {
        "person": {"name": one.name, "masked": True},
        "likely": _likely(one.scored.probability),
        "for": [reason for reason in reasons if reason.weight > _LEAST_SAID],
        "against": [reason for reason in reasons if reason.weight < -_LEAST_SAID],
        "items": [lines.pop(matter.pk) for matter in one.matters if matter.pk in lines],
        "above": above,
        "more": one.more,
    }


def _likely(probability: float) -> str:
    if probability >= _VERY_LIKELY:
        return _("很可能是")
    if probability >= _LIKELY:
        return _("可能是")
    return _("也許是") if probability >= _PERHAPS else _("還不能確定")


def _said(told: Mapping[str, str]) -> list[tuple[str, str]]:
    """How the line was read, so that whoever typed it sees what was not understood."""
    sexes = {"F": _("女"), "M": _("男")}
    labels = {
        "name": _("姓名"), "name_romanised": _("羅馬拼音"), "birth": _("出生"), "sex": _("性別"),
        "national_id": _("身分證字號"), "phone": _("電話"), "address": _("地址"),
    }  # fmt: skip
    return [
        (label, sexes.get(told[column], "") if column == "sex" else told[column])
        for column, label in labels.items()
        if column in told
    ]
