"""Notices, broken glass, reviews and alarms, as their screens show them. Keyset pages, newest first."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Q, QuerySet

from anwang.access.models import Account, Alarm, Glass, Notice
from anwang.access.permissions import Permit
from anwang.cases.models import Case, FamilyFile
from anwang.directory.models import Team
from anwang.intake.models import Report
from anwang.triage.models import Decision, Matter, Screening

PAGE: Final = 50
COUNTED: Final = 99
_UNSEEN: Final = """
select count(*) from (select from access_notice where seen_at is null limit %s) n
"""


def number_of_unseen() -> int:
    """How many notices the actor or his offices have not seen, counted up to 100."""
    with connection.cursor() as cursor:
        cursor.execute(_UNSEEN, [COUNTED + 1])
        return int(cursor.fetchone()[0])


def notices(permit: Permit, before: tuple[dt.datetime, uuid.UUID] | None) -> list[Notice]:
    """Up to 51 notices older than `before`: the 51st says that there is another page."""
    found = Notice.objects.filter(Q(to_account=permit.actor.id) | Q(to_team__in=permit.team_ids))
    if before is not None:
        at, last = before
        found = found.filter(Q(at__lt=at) | Q(at=at, pk__lt=last))
    return list(found.order_by("-at", "-pk")[: PAGE + 1])


def receipts_of(reports: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Report -> its receipt, for those that the row rules let the asker see. One statement."""
    found = Report.objects.filter(pk__in=[one for one in reports if one])
    return dict(found.values_list("pk", "receipt"))


def numbers_of(families: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Family file -> its number, for those that the row rules let the asker see. One statement."""
    found = FamilyFile.objects.filter(pk__in=[one for one in families if one])
    return dict(found.values_list("pk", "number"))


def open_glass(account: uuid.UUID) -> Glass | None:
    """The actor's glass that stands open now, the one that ends last."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id from access_glass where account_id = %s and ended_at is null"
            " and ends_at > clock.now() and object_ids && array(select access.my_glass())"
            " order by ends_at desc limit 1",
            [account],
        )
        row = cursor.fetchone()
    return Glass.objects.get(pk=row[0]) if row else None


def own_glass(permit: Permit) -> QuerySet[Glass]:
    """What the actor broke lately."""
    return Glass.objects.filter(account_id=permit.actor.id).order_by("-opened_at")[:20]


def glass_to_review(permit: Permit) -> list[Glass]:
    """Uses that the actor's offices must judge, the most overdue first; never his own. Up to 51."""
    found = Glass.objects.filter(review_team__in=permit.team_ids, reviewed_at=None)
    return list(found.exclude(account_id=permit.actor.id).order_by("review_due_at")[: PAGE + 1])


def alarms_to_review(permit: Permit) -> list[Alarm]:
    """Alarms that the actor's offices must judge, oldest first, up to 51; a row rule leaves out his own."""
    found = Alarm.objects.filter(review_team__in=permit.team_ids, reviewed_at=None)
    return list(found.order_by("at", "pk")[: PAGE + 1])


def glass_figures() -> list[tuple[dt.date, str, int]]:
    """(month, verdict, uses), newest month first: counts and nothing else (G5)."""
    with connection.cursor() as cursor:
        cursor.execute("select month, verdict, uses from cases.glass_figures()")
        return [(month, verdict, int(uses)) for month, verdict, uses in cursor.fetchall()]


def declared_conflicts() -> list[dict[str, Any]]:
    """Declarations that the actor may end, newest first: never his own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, account_id, object_kind, since, reason from cases.declared_conflicts()"
        )
        return [
            dict(zip(("id", "account_id", "kind", "since", "reason"), row, strict=True))
            for row in cursor.fetchall()
        ]


def names_of_accounts(accounts: set[uuid.UUID]) -> Mapping[uuid.UUID, Account]:
    """Accounts by id, for lines that name them."""
    found = Account.objects.filter(pk__in=accounts).only("display_name", "display_name_en")
    return {one.pk: one for one in found}


def names_of_offices(teams: set[str]) -> dict[str, dict[str, str]]:
    """Names of teams by id; an office that is no team has none."""
    found = Team.objects.filter(pk__in=teams)
    return {one.pk: {"zh": one.name_zh, "en": one.name_en} for one in found}


@dataclass(frozen=True, slots=True)
class ThroughGlass:
    """What a glass shows: only the parts among its fields, None for the others."""

    number: str
    team: str
    people: list[dict[str, Any]] | None
    danger: str | None
    narrative: str | None
    decision: Mapping[str, Any] | None


def through_glass(glass: Glass, permit: Permit) -> ThroughGlass:
    """The named fields of what a glass opens (G1). The row rules open the rows by the same glass."""
    if permit.audit_id is None:
        raise PermissionError("Through the glass one looks on a permit whose reading is on record.")
    matter = Matter.objects.select_related("report").filter(pk__in=glass.object_ids).first()
    if matter is None:
        case = Case.objects.filter(pk__in=glass.object_ids).first()
        return ThroughGlass("", case.team_id if case else "", None, None, None, None)
    report: Report = matter.report
    wanted = permit.fields
    screening = Screening.objects.filter(matter=matter).order_by("-at").first()
    decision = Decision.objects.filter(matter=matter).order_by("-at").first()
    return ThroughGlass(
        number=report.receipt,
        team=matter.accountable_team,
        people=_people(report, screening) if "people" in wanted else None,
        danger=str(report.body.get("immediate_danger") or "") if "danger" in wanted else None,
        narrative=str(report.body.get("narrative") or "") if "narrative" in wanted else None,
        decision=(decision.outcome if decision else {}) if "decision" in wanted else None,
    )


def _people(report: Report, screening: Screening | None) -> list[dict[str, Any]]:
    """Names, ages and roles; no address and no phone, which the glass never opens (G4)."""
    members = (screening.picture.get("members") if screening else None) or [
        one for one in report.body.get("subjects") or [] if isinstance(one, dict)
    ]
    return [{key: one.get(key) for key in ("name", "age", "role", "relation")} for one in members]
