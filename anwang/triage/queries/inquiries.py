"""What the sources answered about the family of a report, newest inquiry first of all."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from anwang.access.permissions import Permit
from anwang.registries.transports.questions import notes_agree
from anwang.triage.models import Decision, Inquiry, LookUp, Matter, Screening, State


@dataclass(frozen=True, slots=True)
class Inquired:
    """One inquiry and its look-ups, by source and person."""

    inquiry: Inquiry
    lookups: list[LookUp]
    # The screening before the inquiry and the one after it; None while there is no new one.
    screened: tuple[Screening, Screening] | None = None

    @property
    def running(self) -> bool:
        """Whether answers may still come."""
        return self.inquiry.done_at is None

    @property
    def version(self) -> str:
        """Differs whenever something has changed."""
        asking = sum(one.state == "asking" for one in self.lookups)
        return f"{self.inquiry.pk.hex[:8]}-{len(self.lookups)}-{asking}-{int(self.running)}"


def last_inquiry(matter_id: uuid.UUID, permit: Permit) -> Inquired | None:
    """The newest inquiry of a report. Two statements; the permit says its reading is on record."""
    if permit.audit_id is None:
        raise PermissionError("Answers are read on a permit whose reading is on record.")
    return _last(matter_id)


def version_of_inquiry(matter_id: uuid.UUID) -> str | None:
    """What a page compares with: changes as answers come, tells nothing of them."""
    found = _last(matter_id)
    return found.version if found else None


def _last(matter_id: uuid.UUID) -> Inquired | None:
    inquiry = Inquiry.objects.filter(matter_id=matter_id).order_by("-at").first()
    if inquiry is None:
        return None
    lookups = LookUp.objects.filter(inquiry=inquiry).defer("request", "receipt")
    listed = list(lookups.order_by("source_id", "person"))
    return Inquired(inquiry, listed, None if inquiry.done_at is None else _screened(inquiry))


def _screened(inquiry: Inquiry) -> tuple[Screening, Screening] | None:
    """At most two came with the inquiry: one to find the family, one with what was answered."""
    latest = Screening.objects.filter(matter_id=inquiry.matter_id).only(
        "at", "matches", "proposal", "failed_steps"
    )
    found = list(latest.order_by("-at")[:3])
    before = next((one for one in found if one.at <= inquiry.at), None)
    return (before, found[0]) if before is not None and found[0].at > inquiry.at else None


def is_screened_again(matter: Matter) -> bool:
    """Whether asking the sources also has the report screened again: as long as nobody has decided."""
    if matter.state != State.AWAITING_DECISION:
        return matter.state == State.RECEIVED
    return not Decision.objects.filter(matter=matter).exists()


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many signed records were looked at, and the first look-up whose records do not agree."""

    checked: int
    first_bad: uuid.UUID | None


def verify_records(since: datetime | None = None) -> Verdict:
    """Hold the signed record of every question against that of its answer."""
    found: Iterable[LookUp] = LookUp.objects.exclude(receipt="").order_by("asked_at", "pk")
    checked = 0
    for one in found:
        if since is not None and one.asked_at is not None and one.asked_at < since:
            continue
        checked += 1
        bound = f"request {one.pk}\n" in one.request and f"state {one.state}\n" in one.receipt
        if not bound or not notes_agree(one.request, one.receipt):
            return Verdict(checked, one.pk)
    return Verdict(checked, None)
