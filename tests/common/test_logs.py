"""Ordinary logs hold no personal data (D6), and one record is one line."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from anwang.common.logs import Meaningless

NUMBER = "A123456789"


def record(name: str, message: str, *values: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord(
        name, logging.ERROR, "x.py", 1, message, values, more.pop("raised", None)
    )
    for key, value in more.items():
        setattr(made, key, value)
    return made


def raised(text: str) -> Any:
    try:
        raise ValueError(text)
    except ValueError:
        return sys.exc_info()


def test_an_exception_is_its_type_and_its_places() -> None:
    line = Meaningless().format(record("anwang.x", "failed", raised=raised(f"Key (id)=({NUMBER})")))
    assert NUMBER not in line
    assert re.search(r"failed \[ValueError test_logs\.py:\d+\]$", line)


def test_a_librarys_values_are_left_out() -> None:
    line = Meaningless().format(record("somebody.elses", "no row for %s", NUMBER))
    assert NUMBER not in line and "no row for %s" in line


def test_a_request_is_its_route() -> None:
    request = RequestFactory().get(f"/desk/{NUMBER}/?q={NUMBER}")
    line = Meaningless().format(
        record("django.request", "Not Found: %s", request.path, request=request, status_code=404)
    )
    assert NUMBER not in line and "404 at an unknown address" in line


def test_a_line_cannot_be_forged() -> None:
    line = Meaningless().format(
        record("anwang.x", "%s", "a\n2026 INFO anwang forged\x1b[2J\u2028b")
    )
    assert "\n" not in line and "\x1b" not in line and "\u2028" not in line


def test_instants_are_utc_and_say_so() -> None:
    line = Meaningless().format(record("anwang.x", "said"))
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ERROR anwang\.x said$", line)


def test_every_handler_writes_so_and_to_standard_error_alone() -> None:
    assert settings.LOGGING["formatters"]["plain"]["()"] == "anwang.common.logs.Meaningless"
    handlers = settings.LOGGING["handlers"]
    assert all(one["class"] == "logging.StreamHandler" for one in handlers.values())
    assert all(one["formatter"] == "plain" for one in handlers.values())


@pytest.mark.django_db
def test_an_absent_page_leaves_no_address_in_the_log(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get(f"/desk/{NUMBER}/nothing/?q={NUMBER}")
    client.get("/sign-in/", headers={"Host": f"{NUMBER}.example"})
    told = capsys.readouterr()
    assert NUMBER not in told.err + told.out
