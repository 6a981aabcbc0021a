"""The pictures of a family on paper: genogram, timeline, or all that the household page shows."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from anwang.access.absent import refused_is_absent
from anwang.access.middleware import actor_of
from anwang.cases.actions.drawings import put_drawing_on_record
from anwang.cases.models import FamilyFile
from anwang.cases.permissions import check_can_read_family
from anwang.cases.queries import family_of_number
from anwang.cases.queries.household import Household, focus_of_family, household_about
from anwang.cases.views.household import (
    DRAWINGS,
    Context,
    asked_in,
    lang_now,
    page_context,
    printable,
    safe_drawing,
    withheld_of,
)
from anwang.common.pdf import for_paper, pdf_of
from anwang.households.genogram import genogram_svg
from anwang.households.timeline import timeline_pages


@refused_is_absent
@require_GET
def print_(request: HttpRequest, number: str, name: str) -> HttpResponse:
    """One picture or the whole household as PDF; every page bears who took it and when (R16)."""
    if name not in printable():
        raise Http404
    permit = check_can_read_family(actor_of(request), family_of_number(number))
    family = FamilyFile.objects.get(number=number.upper())
    form, asked = asked_in(request)
    found = household_about(
        family.pk, focus_of_family(family.pk), asked, permit, withheld=withheld_of(permit)
    )
    context = page_context(found, form, asked, permit) | {
        "title": {"name": family.name, "number": family.number},
        "whole": name not in DRAWINGS,
        "mark": put_drawing_on_record(family.pk, f"{name}.pdf", asked, permit),
        **_drawn(found, name),
    }
    written = pdf_of(render_to_string("cases/household_print.html", context, request))
    answer = HttpResponse(written, content_type="application/pdf")
    file = f"{family.number}-{name}-{asked.as_of.isoformat()}.pdf"
    answer["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


def _drawn(found: Household, name: str) -> Context:
    """The drawings that the paper has: {genogram, timeline}, a list of pages each."""
    picture, lang = found.picture, lang_now()
    drawn: dict[str, list[str]] = {"genogram": [], "timeline": []}
    if picture["members"] and name != "timeline":
        drawn["genogram"] = [genogram_svg(picture, lang=lang)]
    if picture["members"] and name != "genogram":
        drawn["timeline"] = timeline_pages(picture, lang)
    return {part: [safe_drawing(for_paper(one)) for one in svgs] for part, svgs in drawn.items()}
