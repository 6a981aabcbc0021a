"""Who is named in what is sealed, for the named alone; and what was asked and awaits being done."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from anwang.access.models import Account, Twofold, TwofoldAct
from anwang.access.permissions import Permit
from anwang.intake.models import Report

ACTS = ("seal", "unseal", "name-in-seal")


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody named in a seal."""

    account: uuid.UUID
    name: str
    since: dt.datetime
    lead: bool


@dataclass(frozen=True, slots=True)
class SealedReport:
    """A sealed report as the named see it."""

    root: uuid.UUID
    receipt: str
    ground: str
    since: dt.datetime
    named: list[Named] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Approved:
    """A request that was approved and not yet carried out."""

    id: uuid.UUID
    act: str
    receipt: str
    ends_at: dt.datetime


def sealed_for(permit: Permit) -> list[SealedReport]:
    """What the permit's account is named in, newest first; the lead first among the named."""
    with connection.cursor() as cursor:
        cursor.execute("select * from cases.sealed_for_me()")
        rows = cursor.fetchall()
    names = {one.pk: one for one in _accounts().filter(pk__in={row[3] for row in rows})}
    receipts = dict(Report.objects.filter(pk__in={row[0] for row in rows})
                    .values_list("pk", "receipt"))  # fmt: skip
    found: dict[uuid.UUID, SealedReport] = {}
    for root, ground, since, account, named_since, lead in rows:
        one = found.setdefault(root, SealedReport(root, receipts.get(root, ""), ground, since))
        who = names.get(account)
        one.named.append(Named(account, who.display_name if who else "", named_since, lead))
    return list(found.values())


def grounds_of(act: str) -> list[Mapping[str, Any]]:
    """The grounds that may be named for an act: code, zh, en, citation."""
    found = TwofoldAct.objects.filter(pk=act).first()
    return list(found.grounds) if found else []


def approved_for(permit: Permit, now: dt.datetime) -> list[Approved]:
    """What the permit's account asked for, was approved, and may now carry out."""
    found = Twofold.objects.filter(
        asked_by=permit.actor.id, act__in=ACTS, used_at=None, ends_at__gt=now
    ).order_by("-approved_at")
    receipts = dict(Report.objects.filter(pk__in=[one.object_id for one in found])
                    .values_list("pk", "receipt"))  # fmt: skip
    return [
        Approved(one.pk, one.act, receipts.get(one.object_id or uuid.uuid4(), ""), one.ends_at)
        for one in found
        if one.ends_at is not None
    ]


def might_be_named(county: str | None) -> list[Account]:
    """Accounts of a county that could be named, by name; the same list for every report of it."""
    return list(_accounts().filter(county=county, is_active=True).order_by("display_name")[:200])


def _accounts() -> QuerySet[Account]:
    return Account.objects.only("display_name", "display_name_en")
