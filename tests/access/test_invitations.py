"""Invitations and lost factors: only one's own people, never both by one hand, always told."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from anwang.access.actions.accounts import add_account
from anwang.access.actions.invitations import (
    NameTaken,
    NotYourAccount,
    give_code,
    invite,
    reset_second_factor,
)
from anwang.access.before_sign_in import as_claimed
from anwang.access.context import LOADING, Actor, acting
from anwang.access.factors import add_totp, new_totp_secret
from anwang.access.models import Notice
from anwang.access.queries.factors import has_factors
from tests.access.test_sign_in import code_now
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
PASSWORD = "an invented pass phrase"
WHY = "phone lost on the way"


def account(
    role: str = "team-worker", county: str | None = "68000", team: str = "68000-desk"
) -> Actor:
    with as_role("worker"):
        made = add_account(
            f"{role}-{uuid.uuid4().hex[:8]}", display_name="範例", display_name_en="Example",
            password=PASSWORD, county=county, memberships=[(team, county, role)], actor=LOADING,
            trained="tests",
        )  # fmt: skip
    return Actor(made.pk)


def administrator(county: str | None = "68000") -> Actor:
    return account("administrator", county, "")


def invited(by: Actor, county: str | None = "68000", name: str = ""):
    with acting(by):
        return invite(
            name or f"new-{uuid.uuid4().hex[:8]}", display_name="範例新人",
            display_name_en="Example", county=county, human=None, actor=by,
        )  # fmt: skip


def test_an_administrator_invites_for_his_own_county_alone():
    mine = administrator()
    made = invited(mine)
    assert len(made.code.replace("-", "")) == 24
    with pytest.raises(NotYourAccount):
        invited(mine, "63000")
    with pytest.raises(NotYourAccount):
        invited(mine, None)
    assert invited(administrator(None), "63000")


def test_nobody_else_invites():
    for role in ("supervisor", "county-manager", "operator"):
        with pytest.raises(NotYourAccount):
            invited(account(role))


def test_a_name_is_given_once():
    mine = administrator()
    with pytest.raises(NameTaken):
        invited(mine, name="same-name") and invited(mine, name="same-name")


def test_a_code_is_kept_as_a_digest_that_nobody_reads():
    made = invited(administrator())
    for role in ("app", "worker"):
        with as_role(role), connection.cursor() as cursor:
            cursor.execute(
                "select has_table_privilege(current_user, 'access_invitation', 'select')"
            )
            assert cursor.fetchone() == (False,)
    assert made.code


@pytest.mark.parametrize("role", ["administrator", "county-manager", "operator", "auditor"])
def test_nobody_of_the_administrators_rank_or_above_is_in_his_hand(role):
    mine = administrator()
    theirs = administrator() if role == "administrator" else account(role)
    with acting(mine):
        for act in (
            lambda: give_code(theirs.id, actor=mine),
            lambda: reset_second_factor(theirs.id, proof="card-in-person", why=WHY, actor=mine),
        ):
            with pytest.raises(NotYourAccount) as refused:
                act()
            assert refused.value.reason == "not-yours"


def test_another_countys_people_and_oneself_are_not_ones_own():
    mine = administrator()
    for theirs in (account(county="63000", team="63000-desk"), mine, account(county=None, team="")):
        with acting(mine), pytest.raises(NotYourAccount):
            give_code(theirs.id, actor=mine)


def test_lost_factors_go_with_every_session_and_the_person_is_told(client):
    mine, theirs = administrator(), account()
    with as_claimed(theirs.id):
        secret = new_totp_secret()
        add_totp(theirs.id, secret, code_now(secret), actor=theirs)
    with acting(mine):
        assert reset_second_factor(theirs.id, proof="card-in-person", why=WHY, actor=mine) == 1
    with acting(theirs):
        assert not has_factors(theirs.id)
        assert Notice.objects.filter(kind="factors-reset", to_account=theirs.id).exists()


@pytest.mark.parametrize("first", ["code", "factors"])
def test_one_administrator_alone_does_not_give_a_code_and_take_the_factors(first):
    one, other, theirs = administrator(), administrator(), account()
    acts = [
        lambda by: give_code(theirs.id, actor=by),
        lambda by: reset_second_factor(theirs.id, proof="card-in-person", why=WHY, actor=by),
    ]
    if first == "factors":
        acts.reverse()
    with acting(one):
        acts[0](one)
        with pytest.raises(NotYourAccount) as refused:
            acts[1](one)
    assert refused.value.reason == "another-administrator"
    with acting(other):
        acts[1](other)


def test_a_reset_says_why():
    mine, theirs = administrator(), account()
    with acting(mine), pytest.raises(NotYourAccount) as refused:
        reset_second_factor(theirs.id, proof="card-in-person", why="  x ", actor=mine)
    assert refused.value.reason == "text-too-short"
