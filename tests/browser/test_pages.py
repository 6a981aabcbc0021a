"""Every page, with its dialogs open: axe, words, console, hosts. A run takes one language and width a
page, others with every commit; `make drill` takes all of them (turns.py)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Rooms
from tests.browser.routes import NO_PAGE, PAGES, STATES, Shown
from tests.browser.turns import HEIGHTS, Turn, told, turns
from tests.browser.world import World
from tests.trust.test_lists import routes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

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


def look(page: Page, axe_source: str, where: str, turn: Turn) -> list[str]:
    """Faults of the page in its turn, of each of its dialogs, and what stands out at any width."""
    at = f"{where}, {turn}"
    size_to(page, turn.width)
    faults = violations(page, axe_source, at)
    for dialog in page.query_selector_all("dialog[id]:not([open])"):
        name = dialog.get_attribute("id")
        opener = page.query_selector(f"[data-opens='{name}']")
        if opener is None or not opener.is_visible() or page.query_selector("dialog[open]"):
            continue
        opener.click()
        # A modal dialog: what stands behind it was looked at above and cannot be reached.
        faults += violations(page, axe_source, f"{at}, dialog {name}", f"dialog[id='{name}']")
        page.keyboard.press("Escape")
    if turn.english:
        faults += [f"{at}: not translated: {text}" for text in page.evaluate(UNTRANSLATED)]
    for width in sorted(HEIGHTS, key=lambda one: one != turn.width):
        size_to(page, width)
        if (over := page.evaluate(SIDEWAYS)) > 0:
            faults.append(f"{at} at {width}: {over} px wider than the screen")
        faults += [f"{at} at {width}: out of sight: {one}" for one in page.evaluate(BESIDE)]
    return faults


def size_to(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})


def visit(
    rooms: Rooms, shown: Shown, world: World, axe_source: str, name: str, turn: Turn
) -> list[str]:
    """Open a page as its reader, in its turn, and look at it."""
    watched = rooms.of(shown.who, turn.language)
    page = watched.reading()
    if shown.status >= 400:
        watched.expected.add(shown.status)
    answer = page.goto(watched.url + shown.where(world))
    assert answer is not None and answer.status == shown.status, (
        f"{name}, {turn}: {answer and answer.status}"
    )
    policy = answer.headers.get("content-security-policy", "")
    assert "script-src 'self'" in policy, f"{name}, {turn}: {policy}"
    faults = look(page, axe_source, name, turn)
    faults += watched.faults
    watched.faults.clear()
    watched.expected.clear()
    return faults


def sound(faults: list[str]) -> None:
    """Fail with the faults, and with how to see them again."""
    assert faults == [], "\n".join([*faults, told()])


def test_every_route_has_a_sample() -> None:
    assert sorted(routes().keys() - PAGES.keys() - NO_PAGE.keys()) == []
    assert sorted((PAGES.keys() | NO_PAGE.keys()) - routes().keys()) == []


@pytest.mark.parametrize(
    ("name", "turn"),
    [(name, turn) for name in (*PAGES, *STATES) for turn in turns(name)],
    ids=str,
)
def test_a_page_is_sound(
    rooms: Rooms, world: World, axe_source: str, name: str, turn: Turn
) -> None:
    sound(visit(rooms, PAGES.get(name) or STATES[name], world, axe_source, name, turn))


@pytest.mark.parametrize("turn", turns("forms that ask again"), ids=str)
def test_forms_that_ask_again_are_sound(
    rooms: Rooms, world: World, axe_source: str, turn: Turn
) -> None:
    """Error states: a wrong password, an empty report, a change without a reason."""
    faults: list[str] = []
    watched = rooms.of("", turn.language)
    page = watched.page()
    page.goto(f"{watched.url}/sign-in/")
    page.fill("#id_username", "nobody")
    page.fill("#id_password", "wrong")
    page.click("main button")
    page.wait_for_selector("[role=alert]")
    faults += look(page, axe_source, "a wrong password", turn)
    page.close()
    watched = rooms.of("hotline", turn.language)
    page = watched.page()
    page.goto(f"{watched.url}/consult/")
    page.click(".form-end button.do")
    page.wait_for_selector(".asks")
    faults += look(page, axe_source, "an empty form", turn)
    page.close()
    watched = rooms.of("desk", turn.language)
    page = watched.page()
    page.goto(f"{watched.url}/desk/{world.open}/change/")
    page.eval_on_selector("#decide-reason", "field => field.required = false")
    page.eval_on_selector("#decide-dialog form", "form => form.submit()")
    page.wait_for_selector("#decide-reason-ask")
    faults += look(page, axe_source, "a change without a reason", turn)
    page.close()
    for one in rooms.made.values():
        faults += one.faults
        one.faults.clear()
    sound(faults)


@pytest.mark.parametrize("turn", turns("a broken server"), ids=str)
def test_a_broken_server_still_answers_a_sound_page(
    rooms: Rooms, axe_source: str, turn: Turn
) -> None:
    from django.template.loader import render_to_string
    from django.utils import translation

    with translation.override(turn.language):
        text = render_to_string("500.html")
    watched = rooms.of("", turn.language)
    page = watched.page()
    page.route("**/broken/", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(f"{watched.url}/broken/")
    faults = look(page, axe_source, "500", turn)
    page.close()
    sound(faults)
