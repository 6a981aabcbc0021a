"""Accounts of a county for the tests of its people and rights."""

from __future__ import annotations

import datetime as dt
import uuid

from django.test import Client

from anwang.access.actions.accounts import add_account
from anwang.access.context import LOADING, Actor
from anwang.access.models import Account, Membership
from anwang.access.permissions import PEOPLE_PURPOSE, Permit
from anwang.access.queries.seats import Seat
from tests.conftest import as_role
from tests.factories import TAOYUAN, TEAM

PASSWORD = "an invented pass phrase"


def somebody(
    role: str = "team-worker", team: str = TEAM, county: str | None = TAOYUAN, *,
    trained: str | None = "tests", human: bytes | None = None, name: str = "示範同仁",
) -> Actor:  # fmt: skip
    """An account of a county with one place."""
    with as_role("worker"):
        made = add_account(
            f"{role}-{uuid.uuid4().hex[:8]}", display_name=name, display_name_en="Example",
            password=PASSWORD, county=county, memberships=[(team, county, role)], actor=LOADING,
            trained=trained, human=human,
        )  # fmt: skip
    return Actor(made.pk)


def administrator(county: str | None = TAOYUAN, human: bytes | None = None) -> Actor:
    """Who administers a county's accounts."""
    return somebody("administrator", "", county, human=human)


def permit_of(actor: Actor, county: str | None = TAOYUAN) -> Permit:
    """The permit that the room gives out, for actions and queries by themselves."""
    return Permit(actor, "role", PEOPLE_PURPOSE, (Seat("", county, "administrator"),))


def browser_of(actor: Actor) -> Client:
    """A browser in which the account is signed in."""
    with as_role("worker"):
        account = Account.objects.get(pk=actor.id)
    client = Client()
    client.force_login(account)
    return client


def place_of(actor: Actor) -> Membership:
    """The account's oldest place."""
    with as_role("worker"):
        return Membership.objects.filter(account_id=actor.id).order_by("since").first()


def days(n: int) -> dt.timedelta:
    return dt.timedelta(days=n)
