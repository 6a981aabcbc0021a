"""Reads of intake: one's own reports and drafts, receipts, attachments, the words of marks."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count

from anwang.access.permissions import Permit
from anwang.access.sealing import DataKey, unseal
from anwang.common.clock import clock_now
from anwang.directory.models import County, Team
from anwang.intake.actions import COPY, DRAFT, REPORTER, opened_key
from anwang.intake.models import Attachment, Draft, Report
from anwang.rulebook.models import ClockDefinition
from anwang.rulebook.queries import body_in_force
from anwang.rulebook.rules.loader import read_doc

MARKS_FILE: Final = Path(__file__).parent / "policies" / "marks.yaml"
CONSULT: Final = "consult"
OWN_A_PAGE: Final = 50
Text = dict[str, str]


@dataclass(frozen=True, slots=True)
class OwnReport:
    """A line of one's own list: nobody's name, so that it may stand on a shared screen."""

    receipt: str
    received_at: datetime
    county: Text | None
    channel: str
    additions: int


@dataclass(frozen=True, slots=True)
class ShownReceipt:
    """What a receipt says: who is accountable, until when, what was odd; nobody's name."""

    number: str
    received_at: datetime
    county_name: Text | None
    office: Text | None
    phone: str
    first_answer_by: datetime | None
    mandated: bool
    repeated: bool
    marks: list[Text]


@dataclass(frozen=True, slots=True)
class OpenedAttachment:
    """A cleaned copy and its kind."""

    media_type: str
    content: bytes


@cache
def _mark_texts() -> dict[str, Text]:
    return dict(read_doc(MARKS_FILE)["marks"])


def mark_texts(codes: Iterable[str]) -> list[Text]:
    """The words of marks, in order; a code without words stays a code."""
    return [_mark_texts().get(code, {"zh": code, "en": code}) for code in codes]


def own_reports(number: str | None = None, *, permit: Permit) -> tuple[list[OwnReport], Page[Any]]:
    """The permit holder's reports on a page, the latest first, and which page it is."""
    found = (
        Report.objects.filter(author=permit.actor.id)
        .annotate(added=Count("additions"))
        .only("receipt", "received_at", "county", "channel")
        .order_by("-accepted_at", "pk")
    )
    page: Page[Any] = Paginator(found, OWN_A_PAGE).get_page(number)
    counties = {county.code: county for county in County.objects.all()} if page else {}
    shown = [
        OwnReport(
            one.receipt,
            one.received_at,
            _names(counties.get(one.county or "")),
            one.channel,
            one.added,
        )
        for one in page
    ]
    return shown, page


def _names(place: County | Team | None) -> Text | None:
    return {"zh": place.name_zh, "en": place.name_en} if place else None


def shown_receipt(receipt: str, *, permit: Permit, repeated: bool = False) -> ShownReceipt:
    """The receipt of the permit holder's own report. Raises Report.DoesNotExist."""
    report = Report.objects.get(receipt=receipt, author=permit.actor.id)
    county = County.objects.filter(code=report.county or "").first()
    office = Team.objects.filter(is_desk=True, county=county).first()
    first = ClockDefinition.objects.filter(starts_with_report=True).order_by("hours").first()
    hours = first.hours if first and first.hours else None
    return ShownReceipt(
        number=report.receipt,
        received_at=report.received_at,
        county_name=_names(county),
        office=_names(office),
        phone="113",
        first_answer_by=report.clock_started_at + timedelta(hours=hours) if hours else None,
        mandated=bool(report.body["reporter"].get("mandated")),
        repeated=repeated,
        marks=mark_texts(report.marks),
    )


def key_of_own_report(receipt: str, *, permit: Permit) -> tuple[str, str, str]:
    """(sender, report_id, channel) under which something is added to one's own report."""
    report = Report.objects.get(receipt=receipt, author=permit.actor.id)
    return report.sender, report.report_id, report.channel


def reporter_for_taker(receipt: str, *, permit: Permit) -> dict[str, Any]:
    """The reporter's identity as sealed, for the taker; empty where none was given."""
    report = Report.objects.only("id").get(receipt=receipt, author=permit.actor.id)
    with connection.cursor() as cursor:
        cursor.execute("select * from intake.reporter_for_taker(%s)", [report.id])
        found = cursor.fetchone()
    if found is None:
        return {}
    sealed, county, version, wrap = found
    opened = opened_key(report.id, county, version, wrap)
    return dict(json.loads(unseal(sealed, **REPORTER, row=str(report.id), data_key=opened)))


def draft_of(form: str, *, permit: Permit) -> tuple[dict[str, list[str]], datetime] | None:
    """What the permit holder typed and when, if its seven days are not over."""
    found = Draft.objects.filter(author=permit.actor.id, form=form, ends_at__gt=clock_now()).first()
    if found is None:
        return None
    place = f"{permit.actor.id}/{form}/{found.pk}"
    plain = unseal(bytes(found.sealed_body), **DRAFT, row=place)
    return json.loads(plain), found.saved_at


def opened_attachment(attachment: uuid.UUID, *, permit: Permit) -> OpenedAttachment | None:
    """The cleaned copy; None where only the sealed original is kept."""
    assert "copy" in permit.fields
    found = Attachment.objects.filter(pk=attachment).first()
    if found is None or found.sealed_copy is None:
        return None
    opened = key_of(found.report_id)
    content = unseal(bytes(found.sealed_copy), **COPY, row=str(found.pk), data_key=opened)
    return OpenedAttachment(found.media_type, content)


def key_of(report: uuid.UUID) -> DataKey | None:
    """The open data key of a report that is there for the actor; None for one from before keys."""
    with connection.cursor() as cursor:
        cursor.execute("select * from intake.key_of_report(%s)", [report])
        found = cursor.fetchone()
    return opened_key(report, *found) if found else None


def attachments_of(report: uuid.UUID) -> list[dict[str, Any]]:
    """Attachments of a report for whom its row is shown: id, media_type, size_bytes, state."""
    found = Attachment.objects.filter(report_id=report).order_by("added_at")
    return [dict(row) for row in found.values("id", "media_type", "size_bytes", "state")]


def consult_form() -> dict[str, Any]:
    """The consult form in force, as its policy file has it. Raises PolicyVersion.DoesNotExist."""
    return body_in_force(CONSULT)
