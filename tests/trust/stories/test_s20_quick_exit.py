"""S20: a victim at a shared computer leaves quickly, presses back, and nothing of ours is there."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, chromium
from tests.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
BEFORE = "<!doctype html><title>Before</title><h1>Before</h1>"
OURS = ("安網", "Anwang", "誰看過")
SIGN_IN = "/sign-in/?next=/me/"


@contextlib.contextmanager
def browser(profile: Path, **how: Any) -> Iterator[BrowserContext]:
    """A browser that keeps a profile on disk, as a shared computer does."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=chromium(), args=ARGUMENTS, locale="zh-Hant-TW", **how
        )
        context.set_default_timeout(20_000)
        context.route(
            "https://before.example/", lambda r: r.fulfill(body=BEFORE, content_type="text/html")
        )
        yield context
        context.close()


def alone(work: Callable[[], None]) -> None:
    """Run `work` in a thread of its own, whatever browser this one may drive already."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def signed_in(context: BrowserContext, instance: Instance) -> Page:
    """Comes from another site, signs in as a citizen, asks for a child, changes the language."""
    page = context.new_page()
    page.goto("https://before.example/")
    page.goto(instance.url + SIGN_IN)
    titles = [page.title()]
    page.fill("#id_username", "citizen")
    page.fill("#id_password", "wrong")
    page.click("main form button.do")
    page.wait_for_selector("main [role=alert]")
    page.fill("#id_username", "citizen")
    page.fill("#id_password", instance.password("citizen"))
    page.click("main form button.do")
    page.wait_for_url("**/me/")
    titles.append(page.title())
    page.fill("#id_number", "A123456789")
    page.click("main ~ form button.do, main form button.do")
    page.wait_for_selector("h1:has-text('這個孩子')")
    page.click("button[name=language]")
    page.wait_for_selector("h1:has-text('Who looked')")
    titles.append(page.title())
    assert set(titles) <= {"線上服務", "Online service"}
    return page


def left(page: Page) -> None:
    page.wait_for_url("http://localhost:*/health/")
    assert page.text_content("body") == "ok"


def nothing_is_left(context: BrowserContext, page: Page, instance: Instance) -> None:
    assert context.cookies(instance.url) == []
    page.go_back()
    assert page.title() == "Before", page.url
    assert not any(word in page.content() for word in OURS)
    page.go_forward()
    assert page.text_content("body") == "ok"
    # What still can be asked for asks who is there, and is empty.
    page.goto(instance.url + "/me/")
    assert "/sign-in/" in page.url
    stored = page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, (await caches.keys()).length,"
        " (await indexedDB.databases()).length, (await navigator.serviceWorker.getRegistrations()).length]"
    )
    assert stored == [0] * 5
    assert page.input_value("#id_username") == ""


@pytest.mark.parametrize("way", ["button", "escape"])
def test_s20_leaving_quickly_leaves_nothing(tmp_path: Path, instance: Instance, way: str) -> None:
    def work() -> None:
        with browser(tmp_path) as context:
            page = signed_in(context, instance)
            if way == "button":
                page.click("[data-quick-exit]")
            else:
                page.keyboard.press("Escape")
                page.keyboard.press("Escape")
            left(page)
            nothing_is_left(context, page, instance)

    alone(work)
    kept_on_disk(tmp_path)


def kept_on_disk(profile: Path) -> None:
    """The profile's own files: no title of ours, no typed value, nothing of our pages in the cache."""
    with sqlite3.connect(profile / "Default" / "History") as history:
        titles = [title for (title,) in history.execute("select title from urls")]
    assert not any(word in title for title in titles for word in OURS), titles
    with sqlite3.connect(profile / "Default" / "Web Data") as typed:
        assert typed.execute("select name, value from autofill").fetchall() == []
    with sqlite3.connect(profile / "Default" / "Login Data") as logins:
        assert logins.execute("select count(*) from logins").fetchone() == (0,)
    for folder in ("Cache", "Code Cache", "Local Storage", "Session Storage", "IndexedDB",
                   "Service Worker"):  # fmt: skip
        for file in (profile / "Default" / folder).rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                for word in ("安網", "誰看過", "A123456789", "anwang-demo"):
                    assert word.encode() not in content, f"{file}: {word}"


def test_s20_without_script_a_link_leaves_and_back_asks_who_is_there(
    instance: Instance, tmp_path: Path
) -> None:
    def work() -> None:
        with browser(tmp_path, java_script_enabled=False) as context:
            page = context.new_page()
            page.goto(instance.url + SIGN_IN)
            page.fill("#id_username", "citizen")
            page.fill("#id_password", instance.password("citizen"))
            page.click("main form button.do")
            page.wait_for_url("**/me/")
            page.click("[data-quick-exit]")
            left(page)
            assert context.cookies(instance.url) == []
            page.go_back()
            assert "/sign-in/" in page.url and page.title() in ("線上服務", "Online service")

    alone(work)


def test_s20_every_page_a_victim_may_open_has_the_exit_and_a_neutral_title(
    instance: Instance,
) -> None:
    from tests.visitor import Visitor

    visitor = Visitor(instance.url)
    citizen = Visitor(instance.url, "citizen", instance.password("citizen"))
    pages = [visitor.get("/sign-in/"), visitor.get("/nothing/", 404), citizen.get("/me/"),
             citizen.get("/nothing/", 404), citizen.get("/desk/", 403)]  # fmt: skip
    for page in pages:
        assert "data-quick-exit" in page.text and "<title>線上服務</title>" in page.text, page.url
        assert "mark.svg" not in page.text


def test_s20_another_site_cannot_sign_a_visitor_out(instance: Instance) -> None:
    from tests.visitor import Visitor

    citizen = Visitor(instance.url, "citizen", instance.password("citizen"))
    answer = citizen.session.get(instance.url + "/leave/", headers={"Sec-Fetch-Site": "cross-site"},
                                 allow_redirects=False, timeout=60)  # fmt: skip
    assert answer.status_code == 302 and "Clear-Site-Data" not in answer.headers
    assert "/me/" in citizen.get("/me/").url
    answer = citizen.session.get(instance.url + "/leave/", allow_redirects=False, timeout=60)
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert "/sign-in/" in citizen.get("/me/").url
