"""Names of accounts: staff's to staff, and never a citizen's or a reporter's."""

from __future__ import annotations

import pytest

from anwang.access.context import Actor, acting
from anwang.access.models import Account
from tests.access.test_invitations import account

pytestmark = pytest.mark.django_db


def seen(by: Actor, *others: Actor) -> list[bool]:
    with acting(by):
        found = set(
            Account.objects.filter(pk__in=[o.id for o in others]).values_list("pk", flat=True)
        )
    return [one.id in found for one in others]


def test_a_citizen_and_a_reporter_see_their_own_name_alone():
    worker, other = account(), account("citizen", team="")
    for role in ("citizen", "mandated-reporter"):
        me = account(role, team="")
        assert seen(me, me, worker, other) == [True, False, False]


def test_staff_see_the_names_of_staff_and_of_nobody_who_reports():
    me = account()
    others = [account("desk", "63000", "63000-desk"), account("citizen", team=""),
              account("mandated-reporter", team="")]  # fmt: skip
    assert seen(me, *others) == [True, False, False]
