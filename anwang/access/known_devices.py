"""Where a try to sign in comes from, and whether its name has signed in from there before (I8)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from anwang.access.actions.guesses import Source, digest
from anwang.access.rules.sign_in import network_of, sign_in_policy
from config.home import key

_SALT: Final = "anwang.known-device"


def address_of(request: HttpRequest) -> str:
    """The network a request comes from; behind `TRUSTED_PROXIES` of our own, as the outermost saw it."""
    hops: int = settings.TRUSTED_PROXIES
    named = [one for one in request.headers.get("X-Forwarded-For", "").split(",") if one.strip()]
    if hops and len(named) >= hops:
        return network_of(named[-hops])
    return network_of(request.META.get("REMOTE_ADDR", ""))


def source_of(request: HttpRequest, name: str) -> Source:
    """Where this try for `name` comes from. A device cookie of another name is no known device."""
    told = request.COOKIES.get(_cookie_name(name), "")
    device = ""
    if told:
        try:
            said: Any = signing.loads(
                told, salt=_SALT, max_age=sign_in_policy().device_days * 86400
            )
        except signing.BadSignature:
            said = {}
        if hmac.compare_digest(str(said.get("name", "")), digest("device", name).hex()):
            device = str(said["device"])
    return Source(address_of(request), device)


def remember_device(request: HttpRequest, response: HttpResponse, name: str) -> None:
    """Give the browser the mark by which `name` is known from it; it opens nothing by itself."""
    source = source_of(request, name)
    said = {"name": digest("device", name).hex(), "device": source.device or secrets.token_hex(16)}
    response.set_cookie(
        _cookie_name(name), signing.dumps(said, salt=_SALT),
        max_age=sign_in_policy().device_days * 86400, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


@cache
def _cookie_key() -> bytes:
    return key("guesses")


def _cookie_name(name: str) -> str:
    return f"known-{hmac.digest(_cookie_key(), name.strip().casefold().encode(), hashlib.sha256)[:6].hex()}"
