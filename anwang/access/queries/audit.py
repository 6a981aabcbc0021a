"""What the audit's readers ask it: entries by who, where, what and when; and how the log stands."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db.models import QuerySet

from anwang.access.models import Account, AuditCheckpoint, AuditEntry, Verification, Witness
from anwang.access.permissions import Permit

LINES_A_PAGE: Final = 200
MOST_EXPORTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What is looked for; empty means any. `object_id` and `account` are ids, never names."""

    account: uuid.UUID | None = None
    office: str = ""
    act: str = ""
    object_id: uuid.UUID | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    result: str = ""

    def said(self) -> dict[str, str]:
        """For the audit: what was asked for, in ids, codes and instants."""
        return {name: str(value) for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class LogState:
    """How the log stands: last verification, last checkpoint, and each witness."""

    verified: Verification | None
    checkpoint: AuditCheckpoint | None
    witnesses: tuple[Witness, ...]


def audit_entries(
    search: AuditSearch, permit: Permit, before: int | None = None
) -> QuerySet[AuditEntry]:
    """Entries that fit, newest first; `before` continues a page after the entry of that number."""
    found = AuditEntry.objects.order_by("-no")
    fits: Mapping[str, Any] = {
        "actor": search.account, "team_id": search.office, "act": search.act,
        "result": search.result, "at__gte": search.since, "at__lt": search.until, "no__lt": before,
    }  # fmt: skip
    if search.object_id:  # by the index, whose type Django's own operator would miss
        found = found.extra(
            where=["object_ids @> array[%s]::text[]"], params=[str(search.object_id)]
        )
    return found.filter(**{name: value for name, value in fits.items() if value})


def entry_of(typed: str, permit: Permit) -> AuditEntry | None:
    """The entry of this id, where the row rules let the permit's account see it; None for no id."""
    try:
        number = uuid.UUID(typed)
    except ValueError:
        return None
    return AuditEntry.objects.filter(id=number).first()


def log_state(permit: Permit) -> LogState:
    """How the log stands now, by what the worker last found."""
    return LogState(
        Verification.objects.order_by("-id").first(),
        AuditCheckpoint.objects.order_by("-size").first(),
        tuple(Witness.objects.order_by("name")),
    )


def account_named(name: str) -> uuid.UUID | None:
    """The id of the account that signs in by this name."""
    return Account.objects.filter(username=name).values_list("pk", flat=True).first()


def names_of(accounts: set[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    """Account -> {zh, en}: staff names stand on many screens."""
    rows = Account.objects.filter(pk__in=accounts).values_list(
        "pk", "display_name", "display_name_en"
    )
    return {pk: {"zh": zh, "en": en or zh} for pk, zh, en in rows}
