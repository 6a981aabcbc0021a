"""Reports of browsers: a line of words, never an address, a sample or a flood."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.test import Client

from anwang.web import violations
from anwang.web.violations import LARGEST, Lines, described

SECRET = "A123456789"


def report(**more: Any) -> bytes:
    told = {
        "effective-directive": "script-src-elem",
        "blocked-uri": "inline",
        "document-uri": f"http://localhost/receipts/{SECRET}/?q={SECRET}",
        "script-sample": SECRET,
        "referrer": f"http://localhost/{SECRET}",
    }
    return json.dumps({"csp-report": told | more}).encode()


def send(client: Client, told: bytes) -> int:
    answer = client.post("/browser/violations/", told, content_type="application/csp-report")
    return answer.status_code


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(violations, "LINES", Lines(3))


@pytest.mark.django_db
def test_a_report_becomes_directive_kind_and_route(
    client: Client, caplog: pytest.LogCaptureFixture, lines: None
) -> None:
    caplog.set_level(logging.WARNING, "anwang.browser")
    assert send(client, report()) == 204
    assert caplog.messages == ["policy violation: script-src-elem inline intake:receipt"]


@pytest.mark.django_db
def test_nothing_that_was_sent_stands_in_the_log(
    client: Client, caplog: pytest.LogCaptureFixture, lines: None
) -> None:
    send(client, report(**{"blocked-uri": f"https://{SECRET}.example/{SECRET}"}))
    send(client, report(**{"effective-directive": f"{SECRET}\nforged line"}))
    assert SECRET not in caplog.text and "forged" not in caplog.text


@pytest.mark.django_db
def test_a_flood_writes_few_lines(
    client: Client, caplog: pytest.LogCaptureFixture, lines: None
) -> None:
    for _ in range(20):
        assert send(client, report()) == 204
    assert len(caplog.messages) == 3


@pytest.mark.django_db
def test_what_is_too_large_or_no_report_is_dropped(
    client: Client, caplog: pytest.LogCaptureFixture, lines: None
) -> None:
    deep = b'{"csp-report":' * 2000
    for told in (b"", b"{", b"[]", b'{"csp-report": 1}', deep, report() + b" " * LARGEST):
        assert send(client, told) == 204
    assert caplog.messages == []


def test_an_address_that_is_not_ours_is_called_unknown() -> None:
    assert described(report(**{"document-uri": "about:blank"})).endswith(" unknown")
