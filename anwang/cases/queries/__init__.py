"""What a team reads: the offers made to it, the families it works with, one family, one case.

Each function names the teams of its permit besides what the row rules hold, and takes a fixed number
of statements whatever the number of rows.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet

from anwang.access.models import Account
from anwang.access.permissions import Permit
from anwang.cases.models import Case, FamilyFile, FamilyMember
from anwang.directory.models import Team
from anwang.triage.models import Clock, Decision, Duty, Matter, Offer, Screening

MOST_OFFERS: Final = 50
MOST_CASES: Final = 12
PAGE_FAMILIES: Final = 50
COUNTED: Final = 1000
_VERSION: Final = """
select coalesce(to_char(max(o.offered_at) at time zone 'utc', 'YYYYMMDDHH24MISSUS'), '0'), count(*)
from triage_offer o where o.team_id = any(%s) and o.answer = 'open'
"""


@dataclass(frozen=True)
class Names:
    """Teams and accounts by id, for lines that name them."""

    teams: dict[str, Team]
    accounts: dict[uuid.UUID, Account]

    def team(self, team_id: str) -> str:
        """The team's name, or its id where the directory no longer has it."""
        found = self.teams.get(team_id)
        return found.name_zh if found else team_id

    def team_en(self, team_id: str) -> str:
        """The team's English name, or its id."""
        found = self.teams.get(team_id)
        return (found.name_en or found.name_zh) if found else team_id

    def team_words(self, team_id: str) -> dict[str, str]:
        """The team's name in both tongues."""
        return {"zh": self.team(team_id), "en": self.team_en(team_id)}

    def account(self, account_id: uuid.UUID | None) -> str:
        """The account's name; empty for one of our programs."""
        found = self.accounts.get(account_id) if account_id else None
        return found.display_name if found else ""


def names_of(teams: Iterable[str], accounts: Iterable[uuid.UUID | None]) -> Names:
    """The names behind ids, in two statements."""
    wanted = {one for one in accounts if one}
    found = Account.objects.filter(pk__in=wanted).only("display_name", "display_name_en")
    return Names(Team.objects.in_bulk(set(teams)), {one.pk: one for one in found})


def inbox_version(permit: Permit) -> str:
    """Changes whenever an offer came or went."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSION, [list(permit.team_ids)])
        latest, number = cursor.fetchone()
    return f"{latest}-{number}"


def open_offers(permit: Permit) -> list[Offer]:
    """Offers that wait for the answer of the permit's teams, next due first; at most 50."""
    waiting = Offer.objects.filter(team_id__in=permit.team_ids, answer=Offer.Answer.OPEN)
    found = waiting.select_related("matter__report", "decision")
    return list(found.order_by("matter__due_at", "pk")[:MOST_OFFERS])


def latest_screenings(matters: Iterable[uuid.UUID]) -> dict[uuid.UUID, Screening]:
    """Matter -> its latest screening."""
    found = Screening.objects.filter(matter__in=list(matters)).order_by("matter_id", "-at")
    return {one.matter_id: one for one in found.distinct("matter_id")}


def team_cases(permit: Permit) -> list[Case]:
    """Cases that the permit's teams carry, next due first; the first few."""
    found = Case.objects.filter(team_id__in=permit.team_ids, closed_at=None)
    found = found.select_related("family", "matter__report")
    return list(found.order_by("matter__due_at", "pk")[:MOST_CASES])


def number_of_cases(permit: Permit) -> int:
    """How many cases the permit's teams carry; counted up to 1,000."""
    carried = Case.objects.filter(team_id__in=permit.team_ids, closed_at=None)
    return carried[:COUNTED].count()


def team_families(permit: Permit, page: int = 1) -> tuple[list[Any], bool]:
    """Families in which the permit's teams have a case: next due first, with the number of cases."""
    first = (max(page, 1) - 1) * PAGE_FAMILIES
    mine = Q(cases__team_id__in=permit.team_ids)
    found = FamilyFile.objects.filter(mine).annotate(
        case_count=Count("cases", distinct=True), due_at=Min("cases__matter__due_at")
    )
    rows = list(found.order_by("due_at", "number")[first : first + PAGE_FAMILIES + 1])
    return rows[:PAGE_FAMILIES], len(rows) > PAGE_FAMILIES


def family_of_number(number: str) -> uuid.UUID | None:
    """The family file of a number, where the row rules let the asker see it."""
    return FamilyFile.objects.filter(number=number.upper()).values_list("pk", flat=True).first()


@dataclass(frozen=True)
class FamilyPage:
    """What a family's (or one case's) page shows. Other teams' cases come without their reports."""

    family: FamilyFile
    members: list[FamilyMember]
    cases: list[Case]
    screening: Screening | None
    screenings: list[Screening]
    clocks: list[Clock]
    decisions: list[Decision]
    offers: list[Offer]
    duties: list[Duty]
    names: Names


def family_page(family_id: uuid.UUID, permit: Permit, case: Case | None = None) -> FamilyPage:
    """The family as its teams see it; with `case`, the history of that case alone."""
    if permit.audit_id is None:
        raise PermissionError("A family is read on a permit whose reading is on record.")
    cases = list(_cases_of(family_id))
    matters = [one.matter_id for one in cases if case is None or one.pk == case.pk]
    screenings = list(Screening.objects.filter(matter__in=matters).order_by("-at"))
    decisions = list(Decision.objects.filter(matter__in=matters).select_related("matter__report"))
    offers = list(Offer.objects.filter(matter__in=matters).order_by("-offered_at"))
    duties = list(Duty.objects.filter(matter__in=matters))
    teams = {one.team_id for one in cases} | {one.team_id for one in offers}
    teams |= {one.accountable_team for one in duties}
    people = [one.lead for one in cases] + [one.by for one in decisions]
    return FamilyPage(
        family=FamilyFile.objects.get(pk=family_id),
        members=list(FamilyMember.objects.filter(family=family_id, until=None).order_by("since")),
        cases=cases,
        screening=screenings[0] if screenings else None,
        screenings=screenings,
        clocks=list(Clock.objects.filter(matter__in=matters).order_by("due_at")),
        decisions=decisions,
        offers=offers,
        duties=duties,
        names=names_of(teams, [*people, *(one.answered_by for one in offers)]),
    )


def _cases_of(family_id: uuid.UUID) -> QuerySet[Case]:
    return Case.objects.filter(family=family_id).order_by("-opened_at")


def visible_matters(cases: Iterable[Case]) -> dict[uuid.UUID, Matter]:
    """Matter id -> matter with its report, of the cases whose reports the asker reaches."""
    wanted = [one.matter_id for one in cases]
    return {one.pk: one for one in Matter.objects.filter(pk__in=wanted).select_related("report")}
