"""Who may report, and who may see what of a report before the desk does."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.permissions import Permit, check_role, refuse
from anwang.access.seen_fields import seen_fields
from anwang.access.vocabulary import Act, Role
from anwang.common.clock import clock_now
from anwang.intake.models import Attachment, Report

# Whoever works with families must report what comes to their knowledge.
REPORTERS: Final = (
    Role.MANDATED_REPORTER, Role.HOTLINE, Role.DESK, Role.TEAM_WORKER, Role.LEAD, Role.SUPERVISOR,
    Role.PARTNER,
)  # fmt: skip
CALL_TAKERS: Final = (Role.HOTLINE, Role.DESK)
# R6: the taker sees the reporter until hand-over, which the law wants within a day.
REPORTER_SHOWN_FOR: Final = timedelta(hours=24)


def check_can_report(actor: Actor) -> Permit:
    """A permit to write a report, and to see and add to one's own. Raises Refused."""
    return check_role(actor, REPORTERS, "report")


def check_can_take_call(actor: Actor) -> Permit:
    """A permit to fill the consult form. Raises Refused."""
    return check_role(actor, CALL_TAKERS, "consult")


def check_can_see_receipt(actor: Actor, receipt: str) -> Permit:
    """A permit for the author's own report; the read is on record. Raises Refused for any other."""
    return _own(actor, receipt, "receipt", seen_fields("receipt", "author"))


def check_can_add(actor: Actor, receipt: str) -> Permit:
    """A permit to add to one's own report. Raises Refused for any other."""
    return _own(actor, receipt, "add-to-report", seen_fields("addition", "author"))


def check_can_see_reporter(actor: Actor, receipt: str) -> Permit:
    """A permit for the taker, on the day she took it (R6). Raises Refused for everybody else."""
    fields = seen_fields("reporter", "author")
    found = (
        Report.objects.filter(receipt=receipt, author=actor.id).only("id", "accepted_at").first()
    )
    if found is None or clock_now() - found.accepted_at > REPORTER_SHOWN_FOR:
        refuse(actor, "reporter-for-taker")
    return _read(actor, "reporter-for-taker", "report", found.id, fields)


def check_can_open_attachment(actor: Actor, attachment: uuid.UUID) -> Permit:
    """A permit for the cleaned copy, for whom the row rules show the report. Raises Refused."""
    if not Attachment.objects.filter(pk=attachment).exists():
        refuse(actor, "open-attachment", [attachment])
    audit_id = record_apart(
        Act.ATTACHMENT_OPENED, actor=actor, object_kind="attachment", object_ids=[attachment],
        purpose="open-attachment",
    )  # fmt: skip
    return Permit(
        actor, "report", "open-attachment", (), seen_fields("attachment", "report"), audit_id
    )


def _own(actor: Actor, receipt: str, purpose: str, fields: frozenset[str]) -> Permit:
    found = Report.objects.filter(receipt=receipt, author=actor.id).only("id").first()
    if found is None:
        refuse(actor, purpose)
    return _read(actor, purpose, "report", found.id, fields)


def _read(
    actor: Actor, purpose: str, kind: str, object_id: uuid.UUID, fields: frozenset[str]
) -> Permit:
    audit_id = record_apart(
        Act.READ, actor=actor, object_kind=kind, object_ids=[object_id], purpose=purpose,
        fields=sorted(fields),
    )  # fmt: skip
    return Permit(actor, "author", purpose, (), fields, audit_id)
