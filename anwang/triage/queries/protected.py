"""What the page of protected things needs besides the things themselves."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection
from django.db.models import Q

from anwang.access.context import Actor
from anwang.access.permissions import Permit
from anwang.access.queries.seats import seats_of
from anwang.directory.models import Team
from anwang.intake.models import HelpCall, Report
from anwang.intake.permissions import check_can_see_receipt
from anwang.intake.rules.receipts import read_receipt


def keeps_safe(report: uuid.UUID) -> bool:
    """Whether the actor is the report's lead or the refuge, as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(intake.keeps_safe(%s), false)", [report])
        (answer,) = cursor.fetchone()
    return bool(answer)


def subjects_shown(report: uuid.UUID) -> list[dict[str, Any]]:
    """[{number, name, protected}] of the people of a report."""
    body = Report.objects.only("body").get(pk=report).body
    return [
        {"number": number, "name": one.get("name") or "", "protected": bool(one.get("protected"))}
        for number, one in enumerate(body.get("subjects") or [])
    ]


def has_safe_places(report: uuid.UUID) -> bool:
    """Whether anything protected is kept for a report, told to whose office has to do with it."""
    with connection.cursor() as cursor:
        cursor.execute("select intake.has_safe_places(%s)", [report])
        (answer,) = cursor.fetchone()
    return bool(answer)


def units_for_help(report: uuid.UUID, actor: Actor) -> list[Team]:
    """Units of the report's county that the actor can send, which are others than his own; none where
    nothing is protected.
    """
    if not has_safe_places(report):
        return []
    county = Report.objects.only("county").get(pk=report).county
    near = Q(county_id=county) | Q(county_id=None)
    own = [seat.team_id for seat in seats_of(actor.id)]
    units = Team.objects.filter(near, is_desk=False).exclude(pk__in=own)
    return sorted(units, key=lambda t: (t.agency_kind != "police", t.pk))  # the police first


def help_calls(report: uuid.UUID) -> list[HelpCall]:
    """Units that were sent for a report, the latest first."""
    return list(HelpCall.objects.filter(report_id=report).order_by("-opened_at")[:10])


def own_report_id(actor: Actor, receipt: str) -> tuple[uuid.UUID, Permit]:
    """The id of one's own report and the permit for it. Raises Refused for any other."""
    number = read_receipt(receipt) or ""
    permit = check_can_see_receipt(actor, number)
    return Report.objects.only("id").get(receipt=number, author=actor.id).pk, permit
