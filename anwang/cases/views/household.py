"""The household of a family or a report on any day, as known on any day; its pictures; its addresses."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.access.queries.seals import seal_over
from anwang.cases.actions.drawings import put_drawing_on_record
from anwang.cases.forms import DaysForm
from anwang.cases.household_permissions import check_can_read_addresses
from anwang.cases.models import FamilyFile
from anwang.cases.permissions import check_can_read_family
from anwang.cases.queries import family_of_number
from anwang.cases.queries.household import (
    Asked,
    Household,
    focus_of_family,
    household_about,
)
from anwang.common.clock import clock_now
from anwang.common.pdf import can_make_pdf
from anwang.common.values.roc_dates import TAIPEI
from anwang.directory.models import Team
from anwang.households.address_view import address_svg
from anwang.households.genogram import genogram_svg
from anwang.households.genogram_labels import Lang
from anwang.households.presenters.members import household_members
from anwang.households.presenters.words import joined, source_said
from anwang.households.queries.records import kinds
from anwang.households.rules.addresses import addresses_of
from anwang.households.rules.withheld import withheld_from
from anwang.households.timeline import timeline_svg
from anwang.triage.models import Screening
from anwang.triage.permissions import check_can_read_matter
from anwang.triage.presenters.picture import names_of, picture_context
from anwang.triage.queries.matters import report_of_receipt

Context = dict[str, Any]
Drawing = Literal["genogram", "timeline"]
DRAWINGS: Final = ("genogram", "timeline")
PRINTS: Final = (*DRAWINGS, "household")
MOST_PERIODS: Final = 12  # of one person at one place, told one by one; the drawing shows all


@refused_is_absent
@require_GET
def household(request: HttpRequest, number: str) -> HttpResponse:
    """A family's household as of a day, as known on a day."""
    permit = check_can_read_family(actor_of(request), family_of_number(number))
    family = FamilyFile.objects.get(number=number.upper())
    form, asked = asked_in(request)
    found = household_about(
        family.pk, focus_of_family(family.pk), asked, permit, withheld=withheld_of(permit)
    )
    context = page_context(found, form, asked, permit, page=request.GET.get("page")) | {
        "title": {"name": family.name, "number": family.number},
        "back_url": reverse("cases:family", args=[family.number]),
        "here_url": reverse("cases:household", args=[family.number]),
        "addresses_url": reverse("cases:addresses", args=[family.number]),
        "correct_url": reverse("cases:correct", args=[family.number]),
        "drawings": [_drawing_url("drawing", family.number, name, asked) for name in DRAWINGS],
        "prints": [_drawing_url("print", family.number, name, asked) for name in printable()],
        "seal": seal_over([family.pk]),
    }
    return render(request, "cases/household.html", context)


@refused_is_absent
@require_GET
def report_household(request: HttpRequest, receipt: str) -> HttpResponse:
    """The household around whom a report means, as of a day, as known on a day."""
    matter_id = report_of_receipt(receipt)
    permit = check_can_read_matter(actor_of(request), matter_id)
    assert matter_id is not None  # no permit without a report
    form, asked = asked_in(request)
    found = household_about(
        matter_id, _focus_of_report(matter_id), asked, permit, withheld=withheld_of(permit)
    )
    context = page_context(found, form, asked, permit, page=request.GET.get("page")) | {
        "title": {"name": "", "number": receipt.upper()},
        "back_url": reverse("triage:report", args=[receipt]),
        "here_url": reverse("cases:report-household", args=[receipt]),
        "seal": seal_over([matter_id]),
    }
    return render(request, "cases/household.html", context)


@refused_is_absent
@require_GET
def drawing(request: HttpRequest, number: str, name: str) -> HttpResponse:
    """One picture of a family as a file of its own, marked with who took it and when (R16)."""
    if name not in DRAWINGS:
        raise Http404
    permit = check_can_read_family(actor_of(request), family_of_number(number))
    family = FamilyFile.objects.get(number=number.upper())
    _form, asked = asked_in(request)
    found = household_about(
        family.pk, focus_of_family(family.pk), asked, permit, withheld=withheld_of(permit)
    )
    mark = put_drawing_on_record(family.pk, name, asked, permit)
    svg = _drawn(found, name, mark)
    answer = HttpResponse(svg, content_type="image/svg+xml; charset=utf-8")
    file = f"{family.number}-{name}-{asked.as_of.isoformat()}.svg"
    answer["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


@refused_is_absent
@require_GET
def addresses(request: HttpRequest, number: str) -> HttpResponse:
    """Where the household was registered and lived, and when; protected places are not there."""
    permit = check_can_read_addresses(actor_of(request), family_of_number(number))
    family = FamilyFile.objects.get(number=number.upper())
    form, asked = asked_in(request)
    found = household_about(
        family.pk, focus_of_family(family.pk), asked, permit, withheld=withheld_of(permit)
    )
    names = names_of(found.picture)
    shown = addresses_of(found.facts, kinds(), names, asked.as_of)
    context = {
        "now": clock_now(),
        "form": form,
        "asked": asked,
        "title": {"name": family.name, "number": family.number},
        "back_url": reverse("cases:household", args=[family.number]),
        "here_url": reverse("cases:addresses", args=[family.number]),
        "svg": safe_drawing(address_svg(shown, names, asked.as_of, lang_now()))
        if shown.places
        else None,
        "places": [
            {
                "address": place.address,
                "persons": [
                    {
                        "name": names[one.person_id],
                        "rank": one.rank,
                        "periods": one.stays[: -MOST_PERIODS - 1 : -1],
                        "more": max(0, len(one.stays) - MOST_PERIODS),
                        "source": joined([source_said(source) for source in one.sources]),
                    }
                    for one in place.persons
                ],
            }
            for place in shown.places
        ],
        "kept_back": [names[pid] for pid in shown.kept_back],
        "seal": seal_over([family.pk]),
    }
    return render(request, "cases/addresses.html", context)


def page_context(
    found: Household, form: DaysForm, asked: Asked, permit: Permit, *, page: str | None = None
) -> Context:
    """What cases/household.html takes of a household; `page` of the facts that are folded away."""
    picture = found.picture
    drawn = None
    if picture["members"]:
        drawn = picture_context(picture, id_prefix="household", page=page)
    return {
        "now": clock_now(),
        "form": form,
        "asked": asked,
        "picture": drawn,
        "members": list(household_members(picture)) if drawn else [],
        "signals": drawn["signals"] if drawn else {},
        "timeline_svg": safe_drawing(timeline_svg(picture, lang_now())) if drawn else None,
        "withheld": [source_said(one) for one in sorted(withheld_of(permit))],
        "protected": found.protected,
    }


def withheld_of(permit: Permit) -> frozenset[str]:
    """The sources kept from the seats through which the permit was given."""
    teams = Team.objects.filter(pk__in=permit.team_ids).values_list("agency_kind", flat=True)
    return withheld_from(set(teams))


def lang_now() -> Lang:
    """The language of drawings: the reader's."""
    return "zh" if (get_language() or "zh").startswith("zh") else "en"


def printable() -> tuple[str, ...]:
    """What can be taken along on paper: nothing where this machine cannot write PDF."""
    return PRINTS if can_make_pdf() else ()


def asked_in(request: HttpRequest) -> tuple[DaysForm, Asked]:
    """The days asked for; today, as known now, where nothing (or nothing readable) is asked."""
    now = clock_now()
    today = now.astimezone(TAIPEI).date()
    form = DaysForm(request.GET or None, today=today)
    said = form.cleaned_data if form.is_bound and form.is_valid() else {}
    known_on = said.get("known_on")
    ends = (
        dt.datetime.combine(known_on, dt.time(0), TAIPEI) + dt.timedelta(days=1)
        if known_on
        else now
    )
    return form, Asked(said.get("as_of") or today, min(ends, now), known_on)


def _focus_of_report(matter_id: uuid.UUID) -> list[str]:
    last = Screening.objects.filter(matter=matter_id).order_by("-at").only("picture").first()
    return [str(one) for one in (last.picture.get("focus") if last else None) or ()]


def _drawing_url(route: str, number: str, name: str, asked: Asked) -> Context:
    url = reverse(f"cases:{route}", args=[number, name])
    known = f"&known_on={asked.known_on.isoformat()}" if asked.known_on else ""
    return {"name": name, "url": f"{url}?as_of={asked.as_of.isoformat()}{known}"}


def _drawn(found: Household, name: str, mark: str) -> str:
    if name == "timeline":
        return timeline_svg(found.picture, lang_now(), mark=mark)
    return genogram_svg(found.picture, lang=lang_now(), mark=mark)


def safe_drawing(svg: str) -> SafeString:
    """One of our drawings as markup."""
    # The drawings escape every text themselves; they have no other source of markup.
    return mark_safe(svg)  # noqa: S308
