"""One report at the desk: found by receipt or name, and everything beside its explained proposal."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from anwang.access.models import Account
from anwang.access.permissions import Permit
from anwang.intake.models import Attachment, Report, ReportAddition
from anwang.intake.rules.receipts import read_receipt
from anwang.triage.instruments.queries import accounts_by
from anwang.triage.models import Matter, Offer, SameEventJudgement, Screening, State
from anwang.triage.rules.answers import given_in

MOST_FOUND: Final = 20


@dataclass(frozen=True)
class DeskReport:
    """What one page of the desk shows, read in a fixed number of statements. `joined`: later reports that
    are worked with this one."""

    matter: Matter
    report: Report
    screening: Screening | None
    additions: list[ReportAddition]
    pictures: list[tuple[uuid.UUID, str]]
    offers: list[Offer]
    others: dict[str, Report]
    judged: dict[str, bool | None]
    joined: list[str]
    answerers: dict[uuid.UUID, Account]


def report_of_receipt(receipt: str) -> uuid.UUID | None:
    """The report of a receipt, where the row rules let the asker see it."""
    typed = read_receipt(receipt)
    if typed is None:
        return None
    return Report.objects.filter(receipt=typed).values_list("pk", flat=True).first()


def desk_report(matter_id: uuid.UUID, permit: Permit) -> DeskReport:
    """All that stands beside a report. The permit says that its reading is on record."""
    if permit.audit_id is None:
        raise PermissionError("A report is read on a permit whose reading is on record.")
    matter = Matter.objects.select_related("report").get(pk=matter_id)
    screening = Screening.objects.filter(matter=matter).order_by("-at").first()
    judged = {
        str(one.earlier_id): one.same
        for one in SameEventJudgement.objects.filter(matter=matter).order_by("at")
    }
    joined = _joined_to(matter_id)
    named = {one["report"] for one in (screening.same_event if screening else [])}
    named |= {*judged, *joined}
    return DeskReport(
        matter=matter,
        report=matter.report,
        screening=screening,
        additions=list(ReportAddition.objects.filter(report=matter_id).order_by("added_at")),
        pictures=_pictures(matter_id),
        offers=list(matter.offers.select_related("decision").order_by("-offered_at")),
        others={str(one.pk): one for one in Report.objects.filter(pk__in=named)},
        judged=judged,
        joined=joined,
        answerers=_answerers(screening),
    )


def _joined_to(matter_id: uuid.UUID) -> list[str]:
    """Later reports that were judged to tell the same event and still stand so."""
    found = SameEventJudgement.objects.filter(
        earlier=matter_id, same=True, matter__state=State.LINKED, matter__same_event_as=matter_id
    )
    return [str(one) for one in found.order_by("at").values_list("matter_id", flat=True)]


def _answerers(screening: Screening | None) -> dict[uuid.UUID, Account]:
    """Who filled in the forms about this report that the proposal has read."""
    given = given_in(screening.picture) if screening else []
    return accounts_by({uuid.UUID(one.by) for one in given if one.report is None})


def _pictures(report: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    found = Attachment.objects.filter(report=report).order_by("added_at")
    return list(found.values_list("pk", "media_type"))


def open_copy_of(report: Report) -> dict[str, Any]:
    """The open copy with the columns that were read leniently at the door, as screening reads it."""
    return {**report.body, "received_at": report.received_at.isoformat(), "channel": report.channel}


def find_matters(text: str, permit: Permit) -> list[Matter]:
    """Reports of the permit's desks with this receipt, or naming somebody exactly so; at most 20.

    Closed ones are found by receipt; by name also, newest first (R15).
    """
    wanted = text.strip()
    if not wanted:
        return []
    by = Q(headline__name=wanted) | Q(report__body__contains={"subjects": [{"name": wanted}]})
    if receipt := read_receipt(wanted):
        by = Q(report__receipt=receipt)
    among = Matter.objects.filter(desk_team__in=permit.team_ids).select_related("report")
    return list(among.filter(by).order_by("-report__accepted_at")[:MOST_FOUND])
