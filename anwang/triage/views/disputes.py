"""The dispute room: what stands open, one dispute, answering, ruling, and what was ruled before."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.access.absent import openly, refused_is_absent
from anwang.access.middleware import actor_of
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.directory.actions import desk_of
from anwang.directory.listed import listed
from anwang.directory.models import County, Team
from anwang.triage.actions.disputes import (
    answer_dispute,
    dispute_county,
    object_to_offer,
    rule_dispute,
)
from anwang.triage.forms import (
    CountyForm,
    DisputeAnswerForm,
    ObjectForm,
    PrecedentForm,
    RulingForm,
    WhereaboutsForm,
    errors_of,
)
from anwang.triage.models import Dispute, Matter, Offer
from anwang.triage.permissions import (
    check_can_answer_dispute,
    check_can_answer_offer,
    check_can_decide,
    check_can_read_dispute,
    check_can_read_matter,
    check_can_rule_dispute,
    check_can_use_disputes,
    put_disputes_on_record,
)
from anwang.triage.presenters.disputes import (
    dispute_context,
    dispute_line,
    ground_choices,
    precedent_lines,
    proposal_words,
)
from anwang.triage.queries.dispatch_policies import jurisdiction_in_force
from anwang.triage.queries.disputes import (
    MOST,
    PrecedentQuery,
    disputes_for,
    names_of_teams,
    precedents,
    whereabouts_of,
)
from anwang.triage.queries.matters import report_of_receipt
from anwang.triage.rules.jurisdiction import county_of

FORMS = require_http_methods(["GET", "HEAD", "POST"])
Context = dict[str, Any]


@refused_is_absent
@require_GET
def disputes(request: HttpRequest) -> HttpResponse:
    """What the reader is a party to or rules: open first, then settled."""
    permit = openly(check_can_use_disputes, request)
    waiting, done = disputes_for(permit)
    put_disputes_on_record(permit, (one.pk for one in (*waiting, *done)))
    now, teams = clock_now(), names_of_teams([*waiting, *done])
    context = {
        "now": now,
        "waiting": [dispute_line(one, teams, now) for one in waiting],
        "done": [dispute_line(one, teams, now) for one in done],
        "most": MOST,
    }
    return render(request, "triage/disputes.html", context)


@refused_is_absent
@require_GET
def dispute(request: HttpRequest, dispute_id: uuid.UUID) -> HttpResponse:
    """One dispute: grounds, who cares meanwhile, what is proposed, what was ruled before."""
    return _page(request, dispute_id)


def _page(request: HttpRequest, dispute_id: uuid.UUID, **said: Any) -> HttpResponse:
    permit, found = check_can_read_dispute(actor_of(request), dispute_id)
    now, teams = clock_now(), names_of_teams([found])
    alike = precedents(PrecedentQuery(ground=found.ground, stream=found.stream))
    context = {
        "now": now,
        "dispute": dispute_context(found, teams, permit, now),
        "precedents": precedent_lines(alike[:5]),
        "choices": _choices(found),
        "law": found.proposal.get("reason", {}).get("citation", ""),
        **said,
    }
    return render(request, "triage/dispute.html", context)


def _choices(found: Dispute) -> list[Context]:
    """Whose it may be ruled to be: the county's teams, or the desks of the counties concerned."""
    if found.level == Dispute.Level.COUNTY or found.ground != "other-county":
        teams = Team.objects.filter(county=found.county, is_desk=False).order_by("id")
    else:
        teams = Team.objects.filter(is_desk=True, county__isnull=False).order_by("id")
    chosen = _chosen(found)
    return [{"id": one.pk, "name": one.name_zh, "chosen": one.pk == chosen} for one in teams]


def _chosen(found: Dispute) -> str:
    if found.proposal.get("kind") == "county":
        return desk_of(str(found.proposal["county"]))
    return str(found.proposal.get("team") or "")


@refused_is_absent
@require_POST
def answer(request: HttpRequest, dispute_id: uuid.UUID) -> HttpResponse:
    """The named office agrees, or says why not."""
    permit, found = check_can_answer_dispute(actor_of(request), dispute_id)
    form = DisputeAnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, dispute_id, errors=errors_of(form), values=request.POST)
    said = form.cleaned_data
    agrees = said["agrees"] == "yes"

    def step() -> None:
        answer_dispute(found, agrees=agrees, statement=said["statement"], permit=permit)

    words = _("已同意，由貴單位處理。") if agrees else _("已記下不同意的理由，等待裁決。")
    return _done(request, dispute_id, step, words)


@refused_is_absent
@require_POST
def rule(request: HttpRequest, dispute_id: uuid.UUID) -> HttpResponse:
    """Say whose it is."""
    permit, found = check_can_rule_dispute(actor_of(request), dispute_id)
    form = RulingForm(request.POST)
    if not form.is_valid():
        return _page(request, dispute_id, errors=errors_of(form), values=request.POST)
    return _done(
        request, dispute_id, lambda: rule_dispute(found, permit=permit, **form.cleaned_data),
        _("已裁決，並通知各單位。"),
    )  # fmt: skip


def _done(
    request: HttpRequest, dispute_id: uuid.UUID, step: Callable[[], None], words: str
) -> HttpResponse:
    try:
        step()
    except AnwangError as refusal:
        messages.error(request, str(refusal))
        return redirect("triage:dispute", dispute_id)
    messages.success(request, words)
    return redirect("triage:disputes")


@refused_is_absent
@FORMS
def objection(request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
    """A team objects to an offer."""
    permit = check_can_answer_offer(actor_of(request), offer_id)
    form = ObjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = object_to_offer(offer_id, permit=permit, **form.cleaned_data)
        except AnwangError as refusal:
            messages.error(request, str(refusal))
            return redirect("cases:inbox")
        messages.success(request, _("已提出爭議。裁決之前由值班台負責這一家。"))
        return redirect("triage:dispute", made)
    offer = Offer.objects.select_related("matter__report").get(pk=offer_id)
    check_can_read_matter(actor_of(request), offer.matter_id, purpose="dispute")
    teams = Team.objects.filter(county=offer.matter.county, is_desk=False).exclude(pk=offer.team_id)
    context = {
        "form": form, "errors": errors_of(form) if form.is_bound else {}, "values": request.POST,
        "receipt": offer.matter.report.receipt, "teams": teams.order_by("id"),
    }  # fmt: skip
    return render(request, "triage/object.html", context)


@refused_is_absent
@FORMS
def county(request: HttpRequest, receipt: str) -> HttpResponse:
    """The desk asks which county it is, by the regulation's table, and may take it up with that one."""
    matter_id = report_of_receipt(receipt)
    permit = check_can_decide(actor_of(request), matter_id)
    assert matter_id is not None  # no permit without a matter
    if request.method == "POST":
        form = CountyForm(request.POST)
        if form.is_valid():
            return _dispute_county(request, receipt, matter_id, form, permit)
        return _county_page(request, receipt, matter_id, form, errors_of(form))
    return _county_page(request, receipt, matter_id, WhereaboutsForm(request.GET), {})


def _known(form: WhereaboutsForm) -> dict[str, str]:
    said = form.cleaned_data if form.is_valid() else {}
    return {name: said.get(name, "") for name in ("child_in", "residence", "whereabouts")}


def _dispute_county(
    request: HttpRequest, receipt: str, matter_id: uuid.UUID, form: CountyForm, permit: Any
) -> HttpResponse:
    matter = Matter.objects.select_related("report").get(pk=matter_id)
    known = whereabouts_of(matter, _known(form))
    said = {
        "child_in": known.child_in, "residence": known.residence, "urgent": known.urgent,
        "received_first": known.received_first, "whereabouts": known.whereabouts,
    }  # fmt: skip
    try:
        made = dispute_county(
            matter_id, to_desk=desk_of(form.cleaned_data["county"]), known=said, permit=permit,
            statement=form.cleaned_data["statement"], seen=form.seen,
            answer=county_of(known, jurisdiction_in_force()),
        )  # fmt: skip
    except AnwangError as refusal:
        messages.error(request, str(refusal))
        return redirect("triage:report", receipt)
    messages.success(request, _("已送給該縣市。同意或裁決之前，仍由本台負責。"))
    return redirect("triage:dispute", made)


def _county_page(
    request: HttpRequest, receipt: str, matter_id: uuid.UUID, form: WhereaboutsForm,
    errors: dict[str, str],
) -> HttpResponse:  # fmt: skip
    check_can_read_matter(actor_of(request), matter_id, purpose="dispute")
    matter = Matter.objects.select_related("report").get(pk=matter_id)
    known = whereabouts_of(matter, _known(form))
    answer_ = county_of(known, jurisdiction_in_force())
    context = {
        "receipt": receipt,
        "version": matter.changed_at.isoformat(),
        "known": known,
        "values": form.data,
        "errors": errors,
        "counties": County.objects.order_by("code"),
        "own": matter.county,
        "whereabouts": listed("whereabouts"),
        "answer": proposal_words(answer_.as_json() | {"kind": "county"}, {}),
        "answer_county": answer_.county,
    }
    return render(request, "triage/county.html", context)


@refused_is_absent
@require_GET
def past(request: HttpRequest) -> HttpResponse:
    """Past rulings by ground, stream, law and words; they name nobody."""
    openly(check_can_use_disputes, request)
    form = PrecedentForm(request.GET)
    asked = PrecedentQuery(**form.cleaned_data) if form.is_valid() else PrecedentQuery()
    context = {
        "precedents": precedent_lines(precedents(asked)),
        "values": request.GET,
        "grounds": ground_choices(),
        "asked": asked.asks,
    }
    return render(request, "triage/precedents.html", context)
