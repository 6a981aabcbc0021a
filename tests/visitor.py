"""A person at a browser without scripts: signs in, reads pages, fills in their forms, sends them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import requests

Values = Mapping[str, str | Sequence[str]]


@dataclass
class Form:
    """A form of a page with what its fields hold now."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects forms as a browser would send them; what lies in a template is not sent."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.templates = 0
        self.select: str | None = None
        self.textarea: str | None = None
        self.open = False

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in given}
        if tag == "template":
            self.templates += 1
        if self.templates:
            return
        if tag == "form":
            self.forms.append(Form(has.get("action", ""), has.get("method", "get").lower()))
            self.open = True
        if not self.open:
            return
        name = has.get("name", "")
        if tag == "input" and name and has.get("type") not in ("file", "submit", "button"):
            if has.get("type") in ("radio", "checkbox") and "checked" not in has:
                return
            self._put(name, has.get("value", "on" if has.get("type") == "checkbox" else ""))
        elif tag == "select" and name:
            self.select = name
            self.first = True
        elif tag == "option" and self.select:
            if self.first or "selected" in has:
                self.forms[-1].fields[self.select] = [has.get("value", "")]
            self.first = False
        elif tag == "textarea" and name:
            self.textarea = name
            self._put(name, "")

    def _put(self, name: str, value: str) -> None:
        self.forms[-1].fields.setdefault(name, []).append(value)

    def handle_data(self, text: str) -> None:
        if self.textarea and not self.templates:
            self.forms[-1].fields[self.textarea][-1] += text

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self.templates -= 1
        elif tag == "form":
            self.open = False
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.textarea = None


@dataclass
class Page:
    """An answer: its address, status and text."""

    url: str
    status: int
    text: str

    @property
    def forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.text)
        return parser.forms

    def form(self, where: str) -> Form:
        """The form whose address contains `where`."""
        for one in self.forms:
            if where in one.action:
                return one
        raise AssertionError(f"{self.url} ({self.status}) has no form to {where}: {self.forms}")


class Visitor:
    """One signed-in person with a session of her own."""

    def __init__(self, url: str, username: str = "", password: str = "") -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept-Language"] = "zh-hant"
        if username:
            page = self.get("/sign-in/")
            form = next(one for one in page.forms if "password" in one.fields)
            form.action = "/sign-in/"
            page = self.send(form, {"username": username, "password": password})
            assert not page.url.endswith("/sign-in/"), f"{username} could not sign in"

    def get(self, path: str, expect: int = 200) -> Page:
        answer = self.session.get(self._address(path), timeout=60)
        assert answer.status_code == expect, f"{path}: {answer.status_code}\n{answer.text[:2000]}"
        return Page(answer.url, answer.status_code, answer.text)

    def send(
        self, form: Form, changed: Values | None = None, files: Any = None, expect: int = 200
    ) -> Page:
        """Send the form with some fields changed; follows the answer's redirect."""
        fields = form.fields | {
            name: [value] if isinstance(value, str) else list(value)
            for name, value in (changed or {}).items()
        }
        address = self._address(form.action)
        answer = self.session.post(
            address, data=fields, files=files, headers={"Referer": address}, timeout=60
        )
        if answer.status_code != expect:
            raise AssertionError(f"{address}: {answer.status_code}\n{answer.text[:3000]}")
        return Page(answer.url, answer.status_code, answer.text)

    def _address(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path

    def await_text(self, path: str, text: str, seconds: float = 10) -> float:
        """Look at a page until it shows `text`; how long that took."""
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            if text in self.get(path).text:
                return time.monotonic() - begun
            time.sleep(0.1)
        raise AssertionError(f"{path} did not show {text!r} within {seconds} s")
