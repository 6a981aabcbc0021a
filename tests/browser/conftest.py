"""One browser and a few signed-in contexts for all browser tests, against the shared instance."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.world import World, build_world
from tests.instance import Instance
from tests.visitor import Visitor

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe-core" / "axe.min.js"
LANGUAGES = {"zh-hant": "zh-Hant-TW", "en": "en"}


def chromium() -> str:
    """The browser's program; without one the tests fail where CI is set, and say so elsewhere."""
    path = os.environ.get("ANWANG_CHROMIUM") or "/usr/bin/chromium"
    if not os.access(path, os.X_OK):
        pytest.fail("No browser: as root apt-get install chromium, or set ANWANG_CHROMIUM")
    return path


@dataclass
class Watched:
    """A context of one person in one language, and what went wrong in its pages."""

    context: BrowserContext
    url: str
    faults: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    tab: Page | None = None

    def reading(self) -> Page:
        """The tab in which this person reads page after page; a fresh one takes a fresh process."""
        if self.tab is None:
            self.tab = self.page()
            self.tab.on("dialog", lambda asked: asked.accept())
        self.tab.set_viewport_size({"width": 1440, "height": 900})
        return self.tab

    def page(self, width: int = 1440, height: int = 900) -> Page:
        """A page whose console, requests and errors are watched."""
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("request", self._request)
        return page

    def _console(self, message: Any) -> None:
        told = message.text
        # A page that is an error on purpose is told to the console as well.
        if message.type == "error" and not any(f"status of {s}" in told for s in self.expected):
            self.faults.append(f"{message.location.get('url')}: {told}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.faults.append(f"a request to another host: {request.url}")


@dataclass
class Rooms:
    """Contexts by person and language; each person signs in once a language."""

    browser: Browser
    instance: Instance
    made: dict[tuple[str, str], Watched] = field(default_factory=dict)

    def of(self, username: str, language: str = "zh-hant") -> Watched:
        if (username, language) not in self.made:
            context = self.browser.new_context(
                locale=LANGUAGES[language], timezone_id="Asia/Taipei"
            )
            context.set_default_timeout(20_000)
            cookies = {"django_language": language}
            if username:
                visitor = Visitor(self.instance.url, username, self.instance.password(username))
                cookies |= visitor.session.cookies.get_dict()
            context.add_cookies(
                [{"name": k, "value": v, "url": self.instance.url} for k, v in cookies.items()]  # type: ignore[typeddict-item]
            )
            self.made[username, language] = Watched(context, self.instance.url)
        return self.made[username, language]


@pytest.fixture(scope="package")
def rooms(instance: Instance) -> Iterator[Rooms]:
    # Playwright's loop lives in this thread; Django's guard would take our own teardown for its.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield Rooms(browser, instance)
        finally:
            browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="package")
def world(instance: Instance) -> World:
    return build_world(instance)


@pytest.fixture(scope="session")
def axe_source() -> str:
    return AXE.read_text(encoding="utf-8")
