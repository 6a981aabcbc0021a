"""Every page, in both languages and widths, with its dialogs open: axe, words, console, hosts."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Rooms
from tests.browser.routes import NO_PAGE, PAGES, STATES, Shown
from tests.browser.world import World
from tests.trust.test_lists import routes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WIDTHS = {1440: 900, 390: 844}
# Han in an English page is data, and says so by lang; else it is a text nobody translated.
UNTRANSLATED = """() => {
  const han = /\\p{Script=Han}/u, found = [];
  const chinese = (element) => (element.closest("[lang]")?.getAttribute("lang") ?? "").startsWith("zh");
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const home = node.parentElement;
    if (!home || home.closest("script, style, template, textarea") || !han.test(node.data)) continue;
    if (!chinese(home)) found.push(node.data.trim().slice(0, 60));
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
    for (const name of ["aria-label", "title", "placeholder", "alt"]) {
      const text = element.getAttribute(name) ?? "";
      if (han.test(text) && !chinese(element)) found.push(`${name}: ${text.slice(0, 60)}`);
    }
  }
  for (const element of document.querySelectorAll("*")) {
    for (const [name, text] of Object.entries(element.dataset)) {
      if (name.startsWith("say") && han.test(text)) found.push(`data-${name}: ${text.slice(0, 60)}`);
    }
  }
  return found;
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

# Rooms and the main act may not lie beside the screen; a phone's menu moves sideways.
BESIDE = """() => [...document.querySelectorAll(".bar nav a, .acts .do")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.right > innerWidth + 1 && !(one.closest("nav") && innerWidth <= 800);
}).map((one) => one.textContent.trim())"""


def violations(page: Page, axe_source: str, where: str, within: str = "html") -> list[str]:
    """What axe finds on the page as it stands now, or within one part of it."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe_source)
    result: dict[str, Any] = page.evaluate(
        "part => axe.run(part, {resultTypes: ['violations']})", within
    )
    return [
        f"{where}: {one['id']} {node['target']} {node.get('failureSummary', '')[:200]}"
        for one in result["violations"]
        for node in one["nodes"][:3]
    ]


def look(page: Page, axe_source: str, where: str, english: bool) -> list[str]:
    """Faults of the page at both widths, and in each of its dialogs."""
    faults: list[str] = []
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        faults += violations(page, axe_source, f"{where} at {width}")
        if (over := page.evaluate(SIDEWAYS)) > 0:
            faults.append(f"{where} at {width}: {over} px wider than the screen")
        faults += [f"{where} at {width}: out of sight: {one}" for one in page.evaluate(BESIDE)]
        for dialog in page.query_selector_all("dialog[id]:not([open])"):
            name = dialog.get_attribute("id")
            opener = page.query_selector(f"[data-opens='{name}']")
            if opener is None or not opener.is_visible() or page.query_selector("dialog[open]"):
                continue
            opener.click()
            # A modal dialog: what stands behind it was looked at above and cannot be reached.
            told = f"{where} at {width}, dialog {name}"
            faults += violations(page, axe_source, told, f"dialog[id='{name}']")
            page.keyboard.press("Escape")
    if english:
        faults += [f"{where}: not translated: {text}" for text in page.evaluate(UNTRANSLATED)]
    return faults


def visit(rooms: Rooms, shown: Shown, world: World, axe_source: str, where: str) -> list[str]:
    """Open a page as its reader and look at it; `where` names it and its language."""
    english = where.endswith("(en)")
    watched = rooms.of(shown.who, "en" if english else "zh-hant")
    page = watched.reading()
    if shown.status >= 400:
        watched.expected.add(shown.status)
    answer = page.goto(watched.url + shown.where(world))
    assert answer is not None and answer.status == shown.status, (
        f"{where}: {answer and answer.status}"
    )
    policy = answer.headers.get("content-security-policy", "")
    assert "script-src 'self'" in policy, f"{where}: {policy}"
    faults = look(page, axe_source, where, english)
    faults += watched.faults
    watched.faults.clear()
    watched.expected.clear()
    return faults


def test_every_route_has_a_sample() -> None:
    assert sorted(routes().keys() - PAGES.keys() - NO_PAGE.keys()) == []
    assert sorted((PAGES.keys() | NO_PAGE.keys()) - routes().keys()) == []


@pytest.mark.parametrize("language", ["zh-hant", "en"])
@pytest.mark.parametrize("name", [*PAGES, *STATES])
def test_a_page_is_sound(
    rooms: Rooms, world: World, axe_source: str, name: str, language: str
) -> None:
    shown = PAGES.get(name) or STATES[name]
    faults = visit(rooms, shown, world, axe_source, f"{name} ({language})")
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("language", ["zh-hant", "en"])
def test_forms_that_ask_again_are_sound(
    rooms: Rooms, world: World, axe_source: str, language: str
) -> None:
    """Error states: a wrong password, an empty report, a change without a reason."""
    faults: list[str] = []
    watched = rooms.of("", language)
    page = watched.page()
    page.goto(f"{watched.url}/sign-in/")
    page.fill("#id_username", "nobody")
    page.fill("#id_password", "wrong")
    page.click("main button")
    page.wait_for_selector("[role=alert]")
    faults += look(page, axe_source, "a wrong password", language == "en")
    page.close()
    watched = rooms.of("hotline", language)
    page = watched.page()
    page.goto(f"{watched.url}/consult/")
    page.click(".form-end button.do")
    page.wait_for_selector(".asks")
    faults += look(page, axe_source, "an empty form", language == "en")
    page.close()
    watched = rooms.of("desk", language)
    page = watched.page()
    page.goto(f"{watched.url}/desk/{world.open}/change/")
    page.eval_on_selector("#decide-reason", "field => field.required = false")
    page.eval_on_selector("#decide-dialog form", "form => form.submit()")
    page.wait_for_selector("#decide-reason-ask")
    faults += look(page, axe_source, "a change without a reason", language == "en")
    page.close()
    for one in rooms.made.values():
        faults += one.faults
        one.faults.clear()
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("language", ["zh-hant", "en"])
def test_a_broken_server_still_answers_a_sound_page(
    rooms: Rooms, axe_source: str, language: str
) -> None:
    from django.template.loader import render_to_string
    from django.utils import translation

    with translation.override(language):
        text = render_to_string("500.html")
    watched = rooms.of("", language)
    page = watched.page()
    page.route("**/broken/", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(f"{watched.url}/broken/")
    faults = look(page, axe_source, "500", language == "en")
    page.close()
    assert faults == [], "\n".join(faults)
