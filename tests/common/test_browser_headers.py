"""Headers, methods and plain HTTP: what holds for every address, whoever asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client, override_settings

from tests.conftest import ROOT
from tests.trust.test_lists import routes

pytestmark = pytest.mark.django_db
HELD = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
DIRECTIVES = ("default-src 'none'", "script-src 'self'", "object-src 'none'", "base-uri 'none'",
              "frame-ancestors 'none'", "require-trusted-types-for 'script'",
              "trusted-types 'none'", "report-uri /browser/violations/")  # fmt: skip


def addresses() -> list[str]:
    return [address for address, _ in routes().values()]


def directives(policy: str) -> list[str]:
    return [one.strip() for one in policy.split(";")]


def test_every_answer_carries_the_headers(client: Client) -> None:
    lacking = []
    for address in [*addresses(), "/no/such/page/", "/static/anwang/mark.svg"]:
        answer = client.get(address)
        for close in answer._resource_closers:  # to close the answer would close the database too
            close()
        for name, value in HELD.items():
            expected = "no-referrer" if (address, name) == ("/leave/", "Referrer-Policy") else value
            if answer.get(name) != expected:
                lacking.append(f"{address}: {name} is {answer.get(name)}")
        policy = directives(answer.get("Content-Security-Policy", ""))
        lacking += [f"{address}: lacks {one}" for one in DIRECTIVES if one not in policy]
        if "camera=()" not in answer.get("Permissions-Policy", ""):
            lacking.append(f"{address}: Permissions-Policy")
    assert lacking == []


def test_the_policy_allows_no_inline_code_no_eval_and_no_other_host(client: Client) -> None:
    policy = client.get("/sign-in/")["Content-Security-Policy"]
    for weak in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*", "blob:", "strict-dynamic"):
        assert weak not in policy


def test_nothing_but_files_may_be_kept_in_a_cache(client: Client) -> None:
    kept = [a for a in addresses() if client.get(a).get("Cache-Control") != "no-store"]
    assert kept == []


def test_no_answer_opens_itself_to_other_origins(client: Client) -> None:
    """No CORS header at all, whatever Origin is named."""
    opened = [
        address
        for address in addresses()
        if "Access-Control-Allow-Origin" in client.get(address, HTTP_ORIGIN="https://evil.example")
    ]
    assert opened == []


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PUT", "PATCH", "DELETE", "X"])
def test_other_methods_are_refused_everywhere(client: Client, method: str) -> None:
    answered = [a for a in addresses() if client.generic(method, a).status_code != 405]
    assert answered == []


def test_every_text_says_its_charset(client: Client) -> None:
    for address in [*addresses(), "/no/such/page/"]:
        answer = client.get(address)
        said = answer.get("Content-Type", "")
        if answer.content:
            assert said == "application/json" or "charset=utf-8" in said, f"{address}: {said}"


def test_a_wrong_host_name_is_refused(client: Client) -> None:
    answer = client.get("/sign-in/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert b"evil.example" not in answer.content


def test_forwarded_headers_of_a_visitor_change_nothing(client: Client) -> None:
    """Without a proxy that we were told of, nobody may say whence or how he came."""
    lie = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
           "X-Forwarded-For": "10.0.0.1", "Forwarded": "host=evil.example"}  # fmt: skip
    answer = client.get("/", headers=lie)
    assert answer["Location"].startswith("/sign-in/")
    assert not answer.wsgi_request.is_secure()
    assert answer.wsgi_request.get_host() == "testserver"


def test_nobody_is_sent_to_another_host_after_signing_in(client: Client) -> None:
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:1"):
        answer = client.post("/language/", {"language": "en", "next": target})
        assert answer.status_code in (204, 302)
        assert "evil" not in answer.get("Location", "") and "java" not in answer.get("Location", "")
        page = client.get("/sign-in/", {"next": target}).content.decode()
        assert f'value="{target}"' not in page


def test_static_files_are_never_listed(client: Client) -> None:
    for folder in ("/static/", "/static/anwang/", "/static/vendor/", "/media/", "/.git/HEAD",
                   "/static/../config/settings/base.py", "/static/%2e%2e/manage.py"):  # fmt: skip
        assert client.get(folder).status_code == 404


def production(code: str) -> Any:
    """What `code` prints as JSON under the settings of an instance behind HTTPS."""
    environment = os.environ | {"ANWANG_HTTPS": "1", "ANWANG_SOCKETS": "/nonexistent",
                                "DJANGO_SETTINGS_MODULE": "config.settings.base"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import django; django.setup()\n{code}"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_behind_https_the_deployment_checks_find_nothing() -> None:
    found = production(
        "import json; from django.core.checks import run_checks\n"
        "print(json.dumps([str(one) for one in run_checks(include_deployment_checks=True)]))"
    )
    assert found == []


def test_behind_https_cookies_are_of_this_host_alone_and_plain_http_is_left() -> None:
    told = production(
        "import json; from django.conf import settings as s\n"
        "print(json.dumps([[s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME],"
        " [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE],"
        " s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_SSL_REDIRECT,"
        " s.SESSION_COOKIE_DOMAIN, s.DEBUG]))"
    )
    names, secure, seconds, subdomains, redirect, domain, debug = told
    assert all(name.startswith("__Host-") for name in names) and all(secure)
    assert seconds >= 365 * 24 * 3600 and subdomains and redirect
    assert domain is None and debug is False


@override_settings(SECURE_SSL_REDIRECT=True)
def test_browsers_are_led_to_https_and_programs_are_refused(client: Client) -> None:
    page = client.get("/sign-in/")
    assert page.status_code == 301 and page["Location"].startswith("https://")
    answer = client.post("/api/v1/reports", b"{}", content_type="application/json")
    assert answer.status_code == 403 and answer.json()["message"]["en"]


def test_cookies_are_kept_from_scripts_and_from_other_sites(client: Client) -> None:
    client.post("/language/", {"language": "en"})
    client.get("/sign-in/")
    assert client.cookies
    for cookie in client.cookies.values():
        assert cookie["httponly"] and cookie["samesite"] in ("Lax", "Strict"), cookie.key
        assert not cookie["domain"] and cookie["path"] == "/"


def test_an_asking_page_is_told_where_to_go_and_never_to_another_host(client: Client) -> None:
    answer = client.get("/", headers={"X-Asks-Quietly": "1"})
    assert answer.status_code == 204 and answer["X-Leads-To"] == "/sign-in/?next=/"
    away = client.get("/leave/", headers={"X-Asks-Quietly": "1"})
    assert away.status_code == 302 and "X-Leads-To" not in away
