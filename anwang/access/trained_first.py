"""Whose training or accepted rules lack or have ended sees what is missing, and nothing else (R2, R4).

The database holds it too: without them an account has no team, county or role in any row rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from anwang.access.queries.standing import all_lapsed
from anwang.access.second_factor import OPEN

STILL_OPEN: Final = OPEN | {
    "access:standing", "access:accept-rules", "access:second", "access:remove-factor",
    "access:end-session", "access:end-other-sessions", "access:oidc-again", "access:oidc-answer",
}  # fmt: skip


class TrainedFirst:
    """Leads an account of which no place holds to the page that says what is missing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return None
        route = request.resolver_match.view_name if request.resolver_match else ""
        if route in STILL_OPEN or not all_lapsed():
            return None
        return redirect("access:standing")
