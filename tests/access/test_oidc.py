"""Signing in through another system, against a real provider in a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client

from anwang.access.models import Account
from tests.access.test_sign_in import account, pass_time, signed_in
from tests.instance import ROOT, free_port

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a running provider."""
    port = free_port()
    program = subprocess.Popen(
        [str(ROOT / ".venv/bin/oidc-provider-mock"), "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(
                    f"{address}/.well-known/openid-configuration", timeout=2
                ).close()
                break
            time.sleep(0.1)
        yield address
    finally:
        program.terminate()
        program.wait(10)


@pytest.fixture(autouse=True)
def known_provider(settings, provider: str) -> None:
    settings.OIDC = {
        "name": "範例身分系統", "issuer": provider, "client_id": "anwang",
        "client_secret": "invented", "strong": False,
    }  # fmt: skip


def go_and_come_back(client: Client, path: str, subject: str) -> str:
    """Follow a page of ours to the provider, sign in there as `subject`; gives where it sends back to."""
    there = client.get(path)
    assert there.status_code == 302, there.content.decode()
    asked = parse_qs(urlsplit(there["Location"]).query)
    assert asked["scope"] == ["openid"] and asked["code_challenge_method"] == ["S256"]
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    with requests.Session() as browser:
        browser.trust_env = False
        answer = browser.post(
            there["Location"], data={"sub": subject}, allow_redirects=False, timeout=20
        )
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def link(subject: str) -> Account:
    who = account()
    client = signed_in(who)
    client.get(go_and_come_back(client, "/account/elsewhere/", subject))
    return who


def test_a_linked_subject_signs_in_and_no_account_is_made_for_others():
    who = link("subject-1")
    client = Client()
    assert (
        client.get(go_and_come_back(client, "/sign-in/elsewhere/", "subject-1"))["Location"] == "/"
    )
    assert client.get("/account/").wsgi_request.user == who
    stranger = Client()
    back = go_and_come_back(stranger, "/sign-in/elsewhere/", "nobody")
    assert stranger.get(back)["Location"] == "/sign-in/"
    assert stranger.get("/account/").status_code == 302


def test_an_answer_serves_once_and_only_in_the_session_that_asked():
    link("subject-2")
    client, thief = Client(), Client()
    back = go_and_come_back(client, "/sign-in/elsewhere/", "subject-2")
    assert thief.get(back)["Location"] == "/sign-in/"
    assert thief.get("/account/").status_code == 302
    assert client.get(back)["Location"] == "/"
    client.post("/sign-out/")
    assert client.get(back)["Location"] == "/sign-in/"


def test_a_subject_belongs_to_one_account():
    first = link("subject-3")
    link("subject-3")
    client = Client()
    client.get(go_and_come_back(client, "/sign-in/elsewhere/", "subject-3"))
    assert client.get("/account/").wsgi_request.user == first


def test_the_other_system_does_not_replace_the_accounts_own_second_factor():
    from tests.access.test_sign_in import enrol

    who = link("subject-4")
    pass_time("1 second")
    enrol(signed_in(who))
    client = Client()
    back = go_and_come_back(client, "/sign-in/elsewhere/", "subject-4")
    assert client.get(back)["Location"] == "/sign-in/second/"


@pytest.mark.parametrize("seconds_ago", [3600, None])
def test_a_proof_from_before_it_was_asked_for_proves_nobody(provider, seconds_ago):
    link("subject-5")
    with requests.Session() as operator:
        operator.trust_env = False
        proved = None if seconds_ago is None else int(time.time()) - seconds_ago
        answer = operator.put(f"{provider}/users/subject-5", json={"auth_time": proved}, timeout=20)
        assert answer.ok, answer.text
    client = Client()
    back = go_and_come_back(client, "/sign-in/elsewhere/", "subject-5")
    assert client.get(back)["Location"] == "/sign-in/"
    assert client.get("/account/").status_code == 302


def test_an_answer_with_a_state_of_other_letters_is_refused_in_words():
    client = Client()
    go_and_come_back(client, "/sign-in/elsewhere/", "subject-6")
    assert client.get("/sign-in/elsewhere/answer/?state=狀態&code=1")["Location"] == "/sign-in/"


def test_a_provider_that_is_down_or_none_lets_nobody_in(settings, provider: str):
    for issuer in ("http://127.0.0.1:9", f"{provider}/another"):
        settings.OIDC = settings.OIDC | {"issuer": issuer}
        assert Client().get("/sign-in/elsewhere/")["Location"] == "/sign-in/"
    settings.OIDC = settings.OIDC | {"issuer": ""}
    assert Client().get("/sign-in/elsewhere/").status_code == 404
