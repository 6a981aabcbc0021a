"""Where browsers tell that a page tried what its policy forbids: a count for operators, no content."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any, Final
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

LARGEST: Final = 8 * 1024
MOST_LINES: Final = 200
# What blocked content is called without an address; every address becomes `elsewhere`.
WORDS: Final = frozenset(["inline", "eval", "wasm-eval", "trusted-types-policy",
                          "trusted-types-sink", "self", "data", "blob"])  # fmt: skip
logger = logging.getLogger("anwang.browser")


class Lines:
    """How many lines this process may still write: a flood of reports must not fill the disk."""

    def __init__(self, most: int) -> None:
        self._left, self._lock = most, threading.Lock()

    def take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0


LINES = Lines(MOST_LINES)


@csrf_exempt
@require_POST
def violations(request: HttpRequest) -> HttpResponse:
    """Take one report (application/csp-report). Too large, odd or too many: 204 all the same."""
    told = request.read(LARGEST + 1)
    if len(told) <= LARGEST and (line := described(told)) and LINES.take():
        logger.warning("policy violation: %s", line)
    return HttpResponse(status=204)


def described(told: bytes) -> str:
    """`directive kind route` of a report; empty for what is none. Never an address or a sample."""
    try:
        report: Any = json.loads(told)["csp-report"]
        directive = str(report.get("effective-directive") or report["violated-directive"])
        blocked, page = str(report.get("blocked-uri", "")), str(report.get("document-uri", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    name = directive.split(" ")[0]
    if not name.replace("-", "").isascii() or not name.replace("-", "").isalpha():
        return ""
    return f"{name[:40]} {blocked if blocked in WORDS else 'elsewhere'} {_route(page)}"


def _route(page: str) -> str:
    try:
        return resolve(urlsplit(page).path).view_name
    except (Resolver404, ValueError):
        return "unknown"
