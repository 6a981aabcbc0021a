"""Who is who: what waits, two people side by side, and what people say of them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.actions.two_persons import NotAskedWell
from anwang.access.middleware import actor_of
from anwang.access.models import Account, TwofoldAct
from anwang.access.permissions import Permit
from anwang.access.reauthentication import freshly_signed_in, prove_again_url
from anwang.cases.actions.who_is_who import (
    NotJudged,
    Said,
    ask_to_merge,
    ask_to_take_back,
    judge,
    take_back,
)
from anwang.cases.identity_permissions import (
    check_can_judge,
    check_can_list_questions,
    put_questions_on_record,
)
from anwang.cases.queries.who_is_who import (
    KINDS,
    MERGE,
    Judged,
    Question,
    RecordSeen,
    agreed_on,
    beside,
    judgements_on,
    questions_page,
    records_of,
    waiting_counts,
)
from anwang.cases.side_by_side import fields, nearest, reasons_of, records_by_person, weighed
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.triage.presenters.words import source_words

Context = dict[str, Any]
SAID: Final[tuple[Said, ...]] = ("same", "not-same", "merge", "apart", "split")
LONGEST_REASON: Final = 1000


@refused_is_absent
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """The questions that wait, oldest first, and how many there are of each kind and age."""
    permit = openly(check_can_list_questions, request)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    shown, more = questions_page(permit, kind=kind, after=_after(request))
    put_questions_on_record(permit, (one.about for one in shown if one.about))
    counts = waiting_counts()
    following = request.GET.copy()
    if more:
        following["since"], following["after"] = shown[-1].since.isoformat(), str(shown[-1].id)
    return render(request, "cases/people.html", {
        "kind": kind,
        "counts": [(one, ages, sum(ages.values())) for one, ages in counts.items()],
        "waiting": sum(sum(ages.values()) for ages in counts.values()),
        "lines": [(one, _surest(one)) for one in shown],
        "more": following.urlencode() if more else "",
        "later": "after" in request.GET,
        "now": clock_now(),
    })  # fmt: skip


def _after(request: HttpRequest) -> tuple[dt.datetime, uuid.UUID] | None:
    try:
        since = parse_datetime(request.GET.get("since", ""))
        return (since, uuid.UUID(request.GET.get("after", ""))) if since and since.tzinfo else None
    except ValueError:
        return None


def _surest(one: Question) -> float | None:
    return max((r["probability"] for r in one.reasons if "probability" in r), default=None)


@refused_is_absent
@require_GET
def who(request: HttpRequest, question: uuid.UUID) -> HttpResponse:
    """One question: whom it is about and who may be meant, side by side."""
    permit, one = check_can_judge(actor_of(request), question)
    seen = records_of(one, permit)
    behind = records_by_person(one, seen)
    person, other = _chosen(request, one, seen)
    left, right = _sides(one, seen, behind, person, other)
    told = one.told_of(person) if left and left.asked and other is None else {}
    reasons = told.get("reasons") or (reasons_of(left, right) if left and right else [])
    said = judgements_on(one)
    before, following = beside(one)
    return render(request, "cases/who.html", {
        "question": one,
        "left": left,
        "right": right,
        "person": person,
        "other": other,
        "held": left.person if left and left.asked and other is None else None,
        "fields": fields(left, right) if left and right else [],
        "reasons": weighed(reasons),
        "weight": sum(reason["weight"] for reason in reasons),
        "probability": told.get("probability"),
        "others": _others(one, behind, person, other),
        "mine": behind.get(person, []),
        "judged": _judged(said),
        "undoable": next((j for j in said if j.kind != "undone" and not j.undone), None),
        "agreed": agreed_on(one, permit, clock_now()),
        "sources": {each.source: source_words(each.source) for each in seen},
        "ask_two": "two" in request.GET,
        "grounds": TwofoldAct.objects.get(pk=MERGE).grounds,
        "before": before,
        "following": following,
        "again_url": prove_again_url(request),
        "now": clock_now(),
    })  # fmt: skip


def _chosen(
    request: HttpRequest, one: Question, seen: Sequence[RecordSeen]
) -> tuple[uuid.UUID, uuid.UUID | None]:
    """Who is compared: a candidate with the record asked about, or two persons with each other."""
    held = next((each.person for each in seen if each.asked), None)
    person = _among(request.GET.get("person"), one) or (
        held if held in one.persons and one.of_record else one.persons[0]
    )
    assert person is not None
    other = _among(request.GET.get("other"), one)
    if other is None and not one.of_record:
        other = next((each for each in one.persons if each != person), None)
    return person, other if other != person else None


def _among(asked: str | None, one: Question) -> uuid.UUID | None:
    try:
        wanted = uuid.UUID(asked or "")
    except ValueError:
        return None
    return wanted if wanted in one.persons else None


def _sides(
    one: Question,
    seen: Sequence[RecordSeen],
    behind: dict[uuid.UUID, list[RecordSeen]],
    person: uuid.UUID,
    other: uuid.UUID | None,
) -> tuple[RecordSeen | None, RecordSeen | None]:
    """The record on the left, and the nearest of the person on the right."""
    if other is not None:
        left = next(iter(behind.get(person, [])), None)
        return left, nearest(left, behind.get(other, [])) if left else None
    left = next((each for each in seen if each.asked), None) if one.of_record else None
    left = left or next(iter(behind.get(person, [])), None)
    among = [each for each in behind.get(person, []) if left is None or each.record != left.record]
    return left, nearest(left, among) if left else None


def _others(
    one: Question,
    behind: dict[uuid.UUID, list[RecordSeen]],
    person: uuid.UUID,
    other: uuid.UUID | None,
) -> list[Context]:
    """Everybody who may be meant, in the machine's order."""
    return [
        {
            "person": each,
            "name": next((r.written.get("name") or r.forms.name for r in behind[each]), ""),
            "records": len(behind[each]),
            "probability": one.told_of(each).get("probability"),
            "current": each in (person, other),
        }
        for each in one.persons
        if behind.get(each)
    ]


def _judged(said: Sequence[Judged]) -> list[tuple[Judged, Account | None]]:
    names = Account.objects.only("display_name", "display_name_en").in_bulk({j.by for j in said})
    return [(each, names.get(each.by)) for each in said]


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@refused_is_absent
@require_POST
def say(request: HttpRequest, question: uuid.UUID) -> HttpResponse:
    """What the reader says; the page comes again with it, so that it can be taken back at once."""
    permit, one = check_can_judge(actor_of(request), question)
    asked = request.POST
    said = next((each for each in SAID if each == asked.get("said")), None)
    person, other = _id(asked.get("person", "")), _id(asked.get("other", ""))
    if said is None or person is None:
        raise Http404
    records = [found for text in asked.getlist("record")[:200] if (found := _id(text))]
    back = _page(one, person, other if said in ("merge", "apart") else None)
    try:
        judge(one, said, person, permit=permit, other=other, records=records,
              reason=asked.get("reason", "")[:LONGEST_REASON])  # fmt: skip
    except NotJudged as refusal:
        messages.error(request, str(refusal))
        return redirect(back + ("&two=1" if refusal.reason == "two-persons" else ""))
    messages.success(request, _("已記下。可以收回。"))
    return redirect(back)


@refused_is_absent
@require_POST
def unsay(request: HttpRequest, question: uuid.UUID, judged: uuid.UUID) -> HttpResponse:
    """Take a judgement back."""
    permit, one = check_can_judge(actor_of(request), question)
    try:
        take_back(
            one, judged, permit=permit, reason=request.POST.get("reason", "")[:LONGEST_REASON]
        )
    except NotJudged as refusal:
        messages.error(request, str(refusal))
        two = "?two=1" if refusal.reason == "two-persons" else ""
        return redirect(reverse("cases:who", args=[one.id]) + two)
    messages.success(request, _("已收回，回到先前的判斷。"))
    return redirect("cases:who", one.id)


@refused_is_absent
@require_POST
@freshly_signed_in
def ask_two(request: HttpRequest, question: uuid.UUID) -> HttpResponse:
    """Ask another of a different rank for a merge, or for taking one back."""
    permit, one = check_can_judge(actor_of(request), question)
    asked = request.POST
    words = {"ground": asked.get("ground", ""), "text": asked.get("text", "")[:LONGEST_REASON]}
    undoes = _id(asked.get("undoes", ""))
    person, other = _id(asked.get("person", "")), _id(asked.get("other", ""))
    judged = next((each for each in judgements_on(one) if undoes and each.id == undoes), None)
    back = reverse("cases:who", args=[one.id])
    try:
        if judged is not None and judged.kind == "merge":
            ask_to_take_back(one, judged, permit=permit, **words)
        elif person in one.persons and other in one.persons and person and other:
            back = _page(one, person, other)
            ask_to_merge(one, person, other, permit=permit, **words)
        else:
            raise Http404
    except NotAskedWell as fault:
        messages.error(request, str(fault))
    else:
        messages.success(request, _("已送出，等另一個職級的人核准。核准之後，回到這裡執行。"))
    return redirect(back)


@refused_is_absent
@require_POST
@freshly_signed_in
def carry_out(request: HttpRequest, question: uuid.UUID, asked: uuid.UUID) -> HttpResponse:
    """Do what two persons agreed on."""
    permit, one = check_can_judge(actor_of(request), question)
    agreed = next((each for each in agreed_on(one, permit, clock_now()) if each.id == asked), None)
    if agreed is None:
        raise Http404
    try:
        _carry_out(one, agreed.id, agreed.person, agreed.other, agreed.undoes, permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已執行。"))
    return redirect("cases:who", one.id)


def _carry_out(
    one: Question,
    request: uuid.UUID,
    person: uuid.UUID,
    other: uuid.UUID,
    undoes: uuid.UUID | None,
    permit: Permit,
) -> None:
    if undoes is not None:
        take_back(one, undoes, permit=permit, request=request)
    else:
        reason = _("兩人核准")
        judge(one, "merge", person, other=other, permit=permit, reason=f"{reason} {request}",
              request=request)  # fmt: skip


def _page(one: Question, person: uuid.UUID, other: uuid.UUID | None) -> str:
    beside_whom = f"&other={other}" if other else ""
    return f"{reverse('cases:who', args=[one.id])}?person={person}{beside_whom}"
