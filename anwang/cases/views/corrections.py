"""Correcting a household's picture, and taking a correction back."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.queries.seals import seal_over
from anwang.cases.actions.corrections import Word, correct_household, take_correction_back
from anwang.cases.forms import CorrectionForm
from anwang.cases.household_permissions import check_can_correct_household
from anwang.cases.models import Correction, FamilyFile
from anwang.cases.permissions import check_can_read_family
from anwang.cases.queries import family_of_number, names_of
from anwang.cases.queries.household import Asked, focus_of_family, household_about
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from anwang.common.values.roc_dates import TAIPEI
from anwang.households.rules.corrections import correctables
from anwang.triage.presenters import picture as pictures

MOST_SHOWN = 50


@refused_is_absent
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, number: str) -> HttpResponse:
    """The form, with what was corrected before; a POST writes the word as a fact of our own."""
    family_id = family_of_number(number)
    permit = check_can_correct_household(actor_of(request), family_id)
    reading = check_can_read_family(actor_of(request), family_id)
    assert family_id is not None  # no permit without a family
    family = FamilyFile.objects.get(pk=family_id)
    now = clock_now()
    asked = Asked(now.astimezone(TAIPEI).date(), now)
    found = household_about(family.pk, focus_of_family(family.pk), asked, reading)
    names = pictures.names_of(found.picture)
    form = CorrectionForm(request.POST or None, people=list(names.items()), today=asked.as_of)
    status = 200
    if form.is_bound:
        if form.is_valid():
            said = form.cleaned_data
            word = Word(
                said["person"], said["what"], said["day"], said["reason"], said["other"],
                said["address"].strip(),
            )  # fmt: skip
            try:
                correct_household(family.pk, word, permit=permit)
            except AnwangError as refusal:
                messages.error(request, str(refusal))
            else:
                messages.success(request, _("已記下，從現在起看得到。"))
                return redirect("cases:household", family.number)
        status = 422
    context = {
        "now": now,
        "title": {"name": family.name, "number": family.number},
        "here_url": reverse("cases:correct", args=[family.number]),
        "back_url": reverse("cases:household", args=[family.number]),
        "form": form,
        "said": request.POST if form.is_bound else {"day": asked.as_of.isoformat()},
        "people": [{"id": pid, "name": name} for pid, name in names.items()],
        "things": [{"id": one.id, "text": one.text.as_dict()} for one in correctables().values()],
        "corrections": _said_before(family, names),
        "seal": seal_over([family.pk]),
    }
    return render(request, "cases/correct.html", context, status=status)


@refused_is_absent
@require_POST
def take_back(request: HttpRequest, number: str, correction: uuid.UUID) -> HttpResponse:
    """Take a correction back; what it said counts no more from now on."""
    family_id = family_of_number(number)
    permit = check_can_correct_household(actor_of(request), family_id)
    assert family_id is not None  # no permit without a family
    try:
        take_correction_back(family_id, correction, permit=permit)
    except AnwangError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("已收回這筆更正。"))
    return redirect("cases:correct", number)


def _said_before(family: FamilyFile, names: dict[str, str]) -> list[dict[str, Any]]:
    told = list(Correction.objects.filter(family=family).order_by("-at")[:MOST_SHOWN])
    who = names_of((), (one.by for one in told))
    things = correctables()
    return [
        {
            "name": names.get(str(one.person_id), "—"),
            "other": names.get(str(one.other_id), "") if one.other_id else "",
            "text": things[one.what].text.as_dict() if one.what in things else one.what,
            "told_on": one.told_on,
            "reason": one.reason,
            "by": who.account(one.by),
            "at": one.at,
            "undone_at": one.undone_at,
            "undo_url": reverse("cases:correction-undo", args=[family.number, one.pk])
            if one.undone_at is None
            else None,
        }
        for one in told
    ]
