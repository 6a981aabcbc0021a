"""A county's accounts as its administrator sees them: what they may work as, never what they work on."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from anwang.access.models import Account, Fulfilment, Membership
from anwang.access.permissions import Permit

ACCOUNTS_A_PAGE: Final = 50
STATES: Final = ("active", "lapsed", "ends-soon", "placeless", "ended")
SOON_DAYS: Final = 30
_SHOWN: Final = ("id", "username", "display_name", "display_name_en", "county", "is_active")


@dataclass(frozen=True, slots=True)
class PeopleSearch:
    """What is looked for; empty fields look for everything. `state` is one of STATES."""

    text: str = ""
    team: str = ""
    role: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """An account with its open places, the oldest first."""

    account: Account
    places: list[Membership]

    def lapsed(self, now: dt.datetime) -> bool:
        """Whether a place of it is closed by missing training or rules."""
        return any(one.holds_until and one.holds_until <= now for one in self.places)


def open_places(now: dt.datetime) -> QuerySet[Membership]:
    """Places that are not ended, of staff: whether they hold is another question."""
    return Membership.objects.filter(since__lte=now).exclude(until__lte=now).exclude(role="citizen")


def people(search: PeopleSearch, permit: Permit, now: dt.datetime, after: str = "") -> list[Listed]:
    """A page of accounts and one more where there are more, by sign-in name; `after` is the last shown.

    Row rules show the administrator his county's people and no citizens.
    """
    found = _accounts(permit)
    if search.text:
        found = found.filter(
            Q(username__icontains=search.text) | Q(display_name__icontains=search.text)
            | Q(display_name_en__icontains=search.text)
        )  # fmt: skip
    mine = open_places(now).filter(account_id=OuterRef("pk"))
    if search.team:
        found = found.filter(Exists(mine.filter(team_id=search.team)))
    if search.role:
        found = found.filter(Exists(mine.filter(role=search.role)))
    found = _in_state(found, search.state, mine, now)
    if after:
        found = found.filter(username__gt=after)
    shown = list(found.order_by("username")[: ACCOUNTS_A_PAGE + 1])
    places: dict[uuid.UUID, list[Membership]] = {one.pk: [] for one in shown}
    for place in open_places(now).filter(account_id__in=list(places)).order_by("since", "pk"):
        places[place.account_id].append(place)
    return [Listed(one, places[one.pk]) for one in shown]


def _in_state(
    found: QuerySet[Account], state: str, mine: QuerySet[Membership], now: dt.datetime
) -> QuerySet[Account]:
    if state == "ended":
        return found.filter(is_active=False)
    if state:
        found = found.filter(is_active=True)
    if state == "lapsed":
        return found.filter(Exists(mine.filter(holds_until__lte=now)))
    if state == "ends-soon":
        soon = now + dt.timedelta(days=SOON_DAYS)
        return found.filter(Exists(mine.filter(holds_until__gt=now, holds_until__lte=soon)))
    if state == "placeless":
        return found.exclude(Exists(mine))
    return found


def _accounts(permit: Permit) -> QuerySet[Account]:
    staff = Membership.objects.filter(account_id=OuterRef("pk")).exclude(role="citizen")
    counties = permit_counties(permit)
    of_mine = Q(county__in=[one for one in counties if one])
    if None in counties:
        of_mine |= Q(county=None)
    return Account.objects.only(*_SHOWN).filter(of_mine).filter(Exists(staff))


def permit_counties(permit: Permit) -> set[str | None]:
    """The counties whose accounts the permit is for; None stands for the nation's."""
    return {seat.county for seat in permit.seats}


def one_account(account_id: uuid.UUID, permit: Permit) -> Account | None:
    """The account, where it is the permit's to administer."""
    return _accounts(permit).filter(pk=account_id).first()


def places_of(account_id: uuid.UUID) -> list[Membership]:
    """All places of an account that the reader sees, ended ones last."""
    return list(
        Membership.objects.filter(account_id=account_id)
        .exclude(role="citizen")
        .order_by(F("until").desc(nulls_first=True), "-since")[:200]
    )


def fulfilments_of(account_id: uuid.UUID) -> list[Fulfilment]:
    """Trainings and accepted rules of an account, the latest end first; withdrawn ones too."""
    return list(Fulfilment.objects.filter(account_id=account_id).order_by("-until")[:100])


@dataclass(frozen=True, slots=True)
class FactorSeen:
    """A second factor as an administrator sees it."""

    kind: str
    added_at: dt.datetime
    used_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """An open session as an administrator sees it."""

    begun_at: dt.datetime
    seen_at: dt.datetime
    how: str
    device: str


def factors_seen(account_id: uuid.UUID) -> list[FactorSeen]:
    """Kinds and dates of an account's second factors; nothing of anybody else's people."""
    with connection.cursor() as cursor:
        cursor.execute("select kind, added_at, used_at from access.factors_seen(%s)", [account_id])
        return [FactorSeen(*row) for row in cursor.fetchall()]


def sessions_seen(account_id: uuid.UUID) -> list[SessionSeen]:
    """An account's sessions that were not ended, the last used first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select begun_at, seen_at, how, device from access.sessions_seen(%s)", [account_id]
        )
        return [SessionSeen(*row) for row in cursor.fetchall()]


def last_sign_in(account_id: uuid.UUID) -> dt.datetime | None:
    """When the account last signed in, by the audit."""
    with connection.cursor() as cursor:
        cursor.execute("select access.last_sign_in_seen(%s)", [account_id])
        found: dt.datetime | None = cursor.fetchone()[0]
    return found
