"""Where a second factor is demanded, who lacks one sees its enrolment before anything else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from anwang.access.operator import instance_kind
from anwang.access.sessions import sign_in_of

# What is open to an account that has proved its password only.
OPEN: Final = frozenset(
    f"access:{name}"
    for name in ("account", "first-password", "code", "recovery", "passkey", "passkey-options",
                 "new-passkey-options", "passkey-sign-in", "again", "sign-in", "sign-out", "leave")
) | {"set_language", "web:health", "web:violations"}  # fmt: skip


@cache
def _in_production() -> bool:
    return instance_kind() == "production"  # set once for an instance


def second_factor_demanded() -> bool:
    """Whether this instance lets nobody work with a password alone: always so in production."""
    return bool(settings.SECOND_FACTOR) or _in_production()


class SecondFactorFirst:
    """Leads sessions that began with a password alone to the page where a second factor is added."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        signed_in = sign_in_of(request)
        if signed_in is None or signed_in.strong:
            return None
        route = request.resolver_match.view_name if request.resolver_match else ""
        if route in OPEN or not second_factor_demanded():
            return None
        return redirect("access:account")
