"""Signing in: same answers, second factors, sessions that the server ends (I8, R4)."""

from __future__ import annotations

import uuid

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import connection
from django.test import Client

from anwang.access.actions.accounts import add_account
from anwang.access.context import LOADING
from anwang.access.models import Account
from anwang.common.clock import clock_now
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
PASSWORD = "an invented pass phrase"


def account(role: str = "desk") -> Account:
    """An invented account with one seat."""
    with as_role("worker"):
        return add_account(
            f"{role}-{uuid.uuid4().hex[:8]}", display_name="示範帳號", display_name_en="Demo",
            password=PASSWORD, county="68000", memberships=[("68000-desk", "68000", role)],
            actor=LOADING, trained="tests",
        )  # fmt: skip


def send(client: Client, name: str, password: str, address: str = "192.0.2.1"):
    return client.post("/sign-in/", {"username": name, "password": password}, REMOTE_ADDR=address)


def pass_time(interval: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('clock.ahead', (coalesce(nullif(current_setting('clock.ahead', true),"
            " '')::interval, '0') + %s::interval)::text, false)", [interval],
        )  # fmt: skip


@pytest.fixture(autouse=True)
def real_time_afterwards():
    yield
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '', false)")


def signed_in(who: Account) -> Client:
    client = Client()
    assert send(client, who.username, PASSWORD).status_code == 302
    return client


def code_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(clock_now().timestamp()) // 30))


def enrol(client: Client) -> str:
    """Add one-time codes through the pages; gives the secret."""
    assert client.get("/account/code/").status_code == 200
    secret = client.session["new_totp_secret"]
    answer = client.post("/account/code/", {"code": code_now(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return secret


def test_a_right_password_leads_in_and_a_wrong_one_says_no_more_than_an_unknown_name():
    who = account()
    wrong = send(Client(), who.username, "not the password")
    unknown = send(Client(), "nobody-here", "not the password")
    assert wrong.status_code == unknown.status_code == 200
    assert "帳號或密碼不正確" in wrong.content.decode()
    assert send(Client(), who.username, PASSWORD).status_code == 302


def test_the_second_factor_is_asked_for_once_it_is_there_and_a_code_works_once():
    who = account()
    secret = enrol(signed_in(who))
    pass_time("1 minute")
    client = Client()
    answer = send(client, who.username, PASSWORD)
    assert answer["Location"] == "/sign-in/second/"
    assert client.get("/desk/").status_code == 302, "half a sign-in opens nothing"
    assert client.get("/sign-in/second/").status_code == 200
    assert client.post("/sign-in/second/", {"code": "000000"}).status_code == 200
    code = code_now(secret)
    assert client.post("/sign-in/second/", {"code": code})["Location"] == "/"
    again = Client()
    send(again, who.username, PASSWORD)
    assert again.post("/sign-in/second/", {"code": code}).status_code == 200


def test_a_recovery_code_stands_for_a_lost_telephone_once():
    who = account()
    client = signed_in(who)
    enrol(client)
    page = client.post("/account/recovery/")
    code = page.context["codes"][0]
    for expected in (302, 200):
        other = Client()
        send(other, who.username, PASSWORD)
        assert other.post("/sign-in/second/", {"code": code}).status_code == expected


def test_no_other_account_reads_a_factor_and_its_secret_is_sealed():
    who = account()
    secret = enrol(signed_in(who))
    with connection.cursor() as cursor:
        cursor.execute("select set_config('anwang.context', '', true)")
        cursor.execute("select count(*) from mfa_authenticator")
        assert cursor.fetchone() == (0,), "without a context there are no rows"
    thief = signed_in(account())
    assert thief.get("/account/").status_code == 200
    assert thief.get("/account/").context["factors"] == []
    from anwang.access.before_sign_in import as_claimed

    with as_claimed(who.pk), connection.cursor() as cursor:
        cursor.execute("select data::text from mfa_authenticator")
        (data,) = cursor.fetchone()
    assert secret not in data


def test_a_session_ends_idle_or_after_twelve_hours():
    idle, worked = signed_in(account()), signed_in(account())
    pass_time("29 minutes")
    assert idle.get("/account/").status_code == worked.get("/account/").status_code == 200
    pass_time("31 minutes")
    assert idle.get("/account/").status_code == 302
    for _ in range(30):
        pass_time("25 minutes")
        if (answer := worked.get("/account/")).status_code != 200:
            break
    assert answer.status_code == 302


def test_an_account_sees_its_sessions_and_ends_them_from_another_place():
    who = account()
    here, there = signed_in(who), signed_in(who)
    page = here.get("/account/")
    assert len(page.context["sessions"]) == 2
    other = next(s for s in page.context["sessions"] if s.id != page.context["this_session"])
    here.post(f"/account/sessions/{other.id}/end/")
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200
    third = signed_in(who)
    here.post("/account/sessions/end/")
    assert third.get("/account/").status_code == 302


def test_nobody_ends_the_session_of_somebody_else():
    victim, stranger = signed_in(account()), signed_in(account())
    theirs = victim.get("/account/").context["this_session"]
    assert stranger.post(f"/account/sessions/{theirs}/end/").status_code == 404
    assert victim.get("/account/").status_code == 200


def test_signing_out_ends_the_session_even_for_who_kept_the_cookie():
    client = signed_in(account())
    kept = client.cookies["sessionid"].value
    client.post("/sign-out/")
    thief = Client()
    thief.cookies["sessionid"] = kept
    assert thief.get("/account/").status_code == 302


def test_signing_in_changes_the_session_key():
    client = Client()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = "by an attacker"
    session.save()
    before = session.session_key
    send(client, account().username, PASSWORD)
    assert client.session.session_key != before
    assert "planted" not in client.session


def test_a_change_of_rights_gives_the_session_a_new_key_and_asks_anew():
    who = account()
    client = signed_in(who)
    before = client.session.session_key
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select access.rights_changed(%s)", [who.pk])
    assert client.get("/account/").status_code == 200
    assert client.cookies["sessionid"].value != before
    assert client.get("/account/code/")["Location"].startswith("/sign-in/again/")


def test_what_needs_a_fresh_proof_asks_for_it_after_five_minutes():
    who = account()
    client = signed_in(who)
    assert client.get("/account/code/").status_code == 200
    pass_time("6 minutes")
    answer = client.get("/account/code/")
    assert answer["Location"] == "/sign-in/again/?next=%2Faccount%2Fcode%2F"
    page = client.post("/sign-in/again/", {"password": "wrong one", "next": "/account/code/"})
    assert page.status_code == 200
    answer = client.post("/sign-in/again/", {"password": PASSWORD, "next": "/account/code/"})
    assert answer["Location"] == "/account/code/"
    assert client.get("/account/code/").status_code == 200


def test_where_a_second_factor_is_demanded_nothing_else_opens_before(settings):
    settings.SECOND_FACTOR = True
    client = signed_in(account())
    assert client.get("/desk/")["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    enrol(client)
    assert client.get("/desk/").status_code == 200


def test_where_to_go_after_signing_in_is_an_address_of_ours():
    client = Client()
    answer = client.post(
        "/sign-in/",
        {"username": account().username, "password": PASSWORD, "next": "https://example.org/"},
    )
    assert answer["Location"] == "/"
