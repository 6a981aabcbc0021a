"""Passkeys by a virtual authenticator, one-time codes, sessions that end, guesses in real time."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Rooms
from tests.instance import ROOT, Instance
from tests.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
PASSWORD = "Invented-Pass-Phrase-2026"


def new_account(instance: Instance, role: str = "desk") -> str:
    name = f"{role}-{uuid.uuid4().hex[:8]}"
    subprocess.run(
        [sys.executable, "manage.py", "admin", "create", name, "--name", "範例承辦", "--role", role,
         "--team", "68000-desk", "--trained", "tests", "--password-stdin"],
        cwd=ROOT, env=instance.environment, input=f"{PASSWORD}\n", text=True, check=True,
        capture_output=True, timeout=120,
    )  # fmt: skip
    return name


@pytest.fixture
def visitor_page(rooms: Rooms, instance: Instance) -> Iterator[Page]:
    """A page of nobody yet, at the name `localhost`: passkeys need a name, not a number."""
    context = rooms.browser.new_context(locale="zh-Hant-TW", timezone_id="Asia/Taipei")
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.faults = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.faults.append(str(error)))  # type: ignore[attr-defined]
    yield page
    assert page.faults == []  # type: ignore[attr-defined]
    context.close()


def at(instance: Instance, path: str) -> str:
    return f"http://localhost:{instance.port}{path}"


def sign_in(page: Page, instance: Instance, name: str) -> None:
    page.goto(at(instance, "/sign-in/"))
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("button:has-text('登入') >> nth=0")
    page.wait_for_url(lambda url: not url.endswith("/sign-in/"))


def authenticator(context: BrowserContext, page: Page) -> Any:
    """A virtual key that verifies its owner by itself."""
    tools = context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    return tools


def test_a_passkey_is_added_and_then_signs_in_alone_second_and_again(
    visitor_page: Page, instance: Instance
) -> None:
    page, name = visitor_page, new_account(instance)
    tools = authenticator(page.context, page)
    sign_in(page, instance, name)
    page.goto(at(instance, "/account/passkey/"))
    page.fill("#id_name", "辦公室的電腦")
    page.click("form[data-passkey] button.do")
    page.wait_for_url("**/account/")
    expect(page.locator("main")).to_contain_text("辦公室的電腦")

    page.click("header button:has-text('登出')")
    page.wait_for_url("**/sign-in/")
    page.click("button:has-text('用通行金鑰登入')")
    page.wait_for_url("**/desk/")

    page.click("header button:has-text('登出')")
    sign_in(page, instance, name)
    page.wait_for_url("**/sign-in/second/")
    page.click("button:has-text('用通行金鑰驗證')")
    page.wait_for_url("**/desk/")
    page.goto(at(instance, "/sign-in/again/?next=/account/"))
    page.click("button:has-text('用通行金鑰驗證')")
    page.wait_for_url("**/account/")

    tools.send("WebAuthn.disable")
    page.click("header button:has-text('登出')")
    sign_in(page, instance, name)
    page.wait_for_url("**/sign-in/second/")
    page.goto(at(instance, "/desk/"))
    assert "/sign-in/" in page.url, "the password alone opens nothing"


def test_one_time_codes_are_the_second_step(
    visitor_page: Page, instance: Instance, axe_source: str
) -> None:
    page, name = visitor_page, new_account(instance)
    sign_in(page, instance, name)
    page.goto(at(instance, "/account/code/"))
    secret = page.locator("main code").inner_text().strip()
    page.fill("#id_code", code(secret))
    page.click("button.do")
    page.wait_for_url("**/account/")
    page.click("button:has-text('產生新的備用碼')")
    recovery = page.locator("main li code").first.inner_text()
    clean(page, axe_source)

    page.click("header button:has-text('登出')")
    sign_in(page, instance, name)
    page.wait_for_url("**/sign-in/second/")
    clean(page, axe_source)
    page.fill("#id_code", "000000")
    page.click("button.do")
    expect(page.get_by_role("alert")).to_contain_text("驗證碼不對")
    clean(page, axe_source)
    page.fill("#id_code", recovery)
    page.click("button.do")
    page.wait_for_url("**/desk/")


def code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def clean(page: Page, axe_source: str) -> None:
    page.evaluate(axe_source)
    found = page.evaluate(
        "axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))"
    )
    assert found == [], page.url


def test_a_session_ended_elsewhere_is_over_here(visitor_page: Page, instance: Instance) -> None:
    page, name = visitor_page, new_account(instance)
    sign_in(page, instance, name)
    page.wait_for_url("**/desk/")
    elsewhere = Visitor(instance.url, name, PASSWORD)
    mine = elsewhere.get("/account/")
    elsewhere.send(mine.form("/account/sessions/end/"))
    page.reload()
    assert "/sign-in/" in page.url


def test_two_hundred_tries_slow_the_guesser_and_not_the_owner(instance: Instance) -> None:
    """The real tries of the figure `login guesses`: in real time, over HTTP (I8)."""
    name = new_account(instance)
    owner = Visitor(instance.url, name, PASSWORD)  # the device is known from here on
    owner.send(owner.get("/account/").form("/sign-out/"))
    guesser = Visitor(instance.url)
    page = guesser.get("/sign-in/")
    form = next(one for one in page.forms if "password" in one.fields)
    form.action = instance.url + "/sign-in/"
    fields = {k: v[0] for k, v in form.fields.items()}
    made: dict[int, int] = {}
    for number in range(200):
        answer = guesser.session.post(
            form.action, data=fields | {"username": name, "password": f"guess-{number}"},
            headers={"Referer": form.action}, timeout=60, allow_redirects=False,
        )  # fmt: skip
        made[answer.status_code] = made.get(answer.status_code, 0) + 1
    assert set(made) <= {200, 429, 503} and made[200] <= 6 + 200, made
    begun = time.monotonic()
    again = owner.get("/sign-in/")
    form = next(one for one in again.forms if "password" in one.fields)
    form.action = "/sign-in/"
    assert "/sign-in/" not in owner.send(form, {"username": name, "password": PASSWORD}).url
    assert time.monotonic() - begun < 60
