"""The digest of a password leaves the database to nobody; what signs people in must be vouched for."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from anwang.access.actions.accounts import add_account
from anwang.access.context import LOADING, Actor, acting, vouch
from anwang.access.models import Account
from anwang.access.sign_in import ByNameAndPassword, digest_for
from tests.access.test_sign_in import PASSWORD, account, send
from tests.conftest import as_role

pytestmark = pytest.mark.django_db


def said(statement: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@pytest.mark.parametrize("role", ["app", "worker", "door", "auditor"])
def test_no_role_reads_the_column(role):
    with (
        as_role(role),
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
    ):
        said("select password from access_account")


def test_without_a_seal_nothing_is_told_about_an_account():
    who = account()
    forged = vouch("named", "somebody else")
    with acting(Actor(who.pk)):
        for statement, value in (
            ("select * from access.account_named(%s, %s)", who.username),
            ("select * from access.account_of(%s, %s)", who.pk),
            ("select access.password_terms(%s, %s)", who.username),
            ("select * from access.prove_password(%s, 'x', %s)", who.username),
            ("select * from access.redeem_code(%s, 'x', 'x', %s)", who.username),
        ):
            for seal in ("", forged, None):
                assert [row for row in said(statement, value, seal) if any(row)] == []


def test_a_session_is_asked_for_by_the_application_alone():
    who = account()
    statement = "select * from access.session_in_force(%s, %s, '1 h', '1 h', '', %s)"
    assert said(statement, b"x" * 32, who.pk, vouch("session", "00", str(who.pk))) == []


def test_a_session_is_begun_by_the_application_alone():
    """With another key's seal, another account's, another call's or none, there is no session."""
    who, other = account(), account()
    key = b"x" * 32
    statement = "select access.begin_session(%s, %s, 'password', true, '', %s)"
    for seal in (
        "", None, vouch("begin", "00", str(who.pk)), vouch("begin", key.hex(), str(other.pk)),
        vouch("session", key.hex(), str(who.pk)),
    ):  # fmt: skip
        assert said(statement, key, who.pk, seal) == [(None,)]
    assert said(statement, key, who.pk, vouch("begin", key.hex(), str(who.pk)))[0][0]


def test_nothing_that_is_told_holds_a_digest():
    who = account()
    digest = digest_for(who.username, PASSWORD)
    last = digest.rpartition("$")[2]
    for row in (
        said("select access.password_terms(%s, %s)", who.username, vouch("terms", who.username)),
        said("select * from access.account_named(%s, %s)", who.username,
             vouch("named", who.username)),
        said("select * from access.prove_password(%s, %s, %s)", who.username, digest,
             vouch("prove", digest, who.username)),
    ):  # fmt: skip
        assert row and last not in str(row)


def test_a_right_password_proves_and_every_other_does_not():
    who, backend = account(), ByNameAndPassword()
    assert backend.authenticate(None, who.username, PASSWORD) == who
    for name, password in (
        (who.username, PASSWORD + " "),
        (who.username, ""),
        ("nobody", PASSWORD),
    ):
        assert backend.authenticate(None, name, password) is None


def test_an_account_without_a_password_is_proved_by_none():
    with as_role("worker"):
        who = add_account(
            "no-password-yet", display_name="範例", display_name_en="", password=None, county=None,
            memberships=[], actor=LOADING,
        )  # fmt: skip
    for digest in ("!", "", who.password):
        seal = vouch("prove", digest, who.username)
        assert (
            said("select * from access.prove_password(%s, %s, %s)", who.username, digest, seal)
            == []
        )


def test_the_mark_of_a_session_changes_with_the_password():
    first, second = account(), account()
    assert (
        first.get_session_auth_hash()
        == Account.objects.get_by_natural_key(first.username).get_session_auth_hash()
    )
    assert first.get_session_auth_hash() != second.get_session_auth_hash()


def test_a_page_of_an_account_is_still_found_by_its_session():
    client = Client()
    who = account()
    send(client, who.username, PASSWORD)
    assert client.get("/account/").status_code == 200
