"""What every answer carries, and what no request may do, whatever view answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

Answer = Callable[[HttpRequest], HttpResponse]
METHODS: Final = ("GET", "HEAD", "POST")
ASKS_QUIETLY: Final = "X-Asks-Quietly"
LEADS_TO: Final = "X-Leads-To"


class BrowserHeaders:
    """Headers of every answer, files included: what the page may ask, and where it may be kept."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Embedder-Policy", "require-corp")
        if not request.path.startswith(settings.STATIC_URL):
            # Nothing that was rendered for somebody stays in a cache (S20).
            response.headers["Cache-Control"] = "no-store"
        session = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if session is not None and session["max-age"] == 0:
            # A session has ended, by whatever way: the browser forgets what it showed.
            response.headers.setdefault("Clear-Site-Data", '"cache", "storage"')
        return response


class KnownMethods:
    """Refuses every method but those we answer: no view has to think of TRACE or PUT."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        return self.get_response(request)


class EncryptedApi:
    """Refuses programs that come without encryption; only browsers are led to HTTPS."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        plain = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if plain and request.path_info.startswith("/api/"):
            said = {"zh": "請改用 HTTPS 連線；這組憑證已在未加密的線路上送出，請換發。",
                    "en": "Use HTTPS. The credential went over an open line: have it replaced."}  # fmt: skip
            return JsonResponse({"message": said}, status=403)
        return self.get_response(request)


class QuietRedirects:
    """Tells a page that replaces itself where to go, instead of sending it there (S20).

    A browser keeps the page before a redirect in its history; leave.js goes by `replace`.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if ASKS_QUIETLY not in request.headers or response.status_code not in (301, 302, 303):
            return response
        target = urlsplit(response.headers["Location"])
        if target.netloc and target.netloc != request.get_host():
            return response  # to another host nobody is led quietly
        del response.headers["Location"]
        response.status_code = 204
        response.content = b""
        response.headers[LEADS_TO] = target._replace(scheme="", netloc="").geturl() or "/"
        return response
