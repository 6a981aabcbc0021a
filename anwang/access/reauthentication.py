"""Acts that need the account to have proved who it is just now (G2, R6): reveal, break-glass, seals."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from anwang.access.queries.factors import has_factors
from anwang.access.sessions import account_of, sign_in_of

View = Callable[..., HttpResponse]


def is_fresh(request: HttpRequest) -> bool:
    """Whether the session's account proved who it is within the policy's minutes.

    By password and second factor, or by a passkey. The password alone counts only for an account
    that has no second factor, which an instance in production does not let in.
    """
    signed_in = sign_in_of(request)
    if signed_in is None or not signed_in.fresh:
        return False
    return signed_in.strong or not has_factors(account_of(request).pk)


def prove_again_url(request: HttpRequest) -> str:
    """Where to prove oneself before a form that will ask for it, then back here; `` where it is fresh.

    A form that is sent without a fresh proof is lost: who must hurry is told before he types.
    """
    if is_fresh(request):
        return ""
    return f"{reverse('access:again')}?{urlencode({'next': request.get_full_path()})}"


def freshly_signed_in(view: View) -> View:
    """The view opens to who proved itself just now; others are asked, then brought back.

    What a POST carried is not kept: its sender comes back to the page with the form.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        asked = f"{reverse('access:again')}?{urlencode({'next': _back_to(request)})}"
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": asked})
        return HttpResponseRedirect(asked)

    return login_required(answer)


def _back_to(request: HttpRequest) -> str:
    """Where the account wanted to be: this page, or the one whose form was sent."""
    if request.method == "GET":
        return request.get_full_path()
    from_page = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(from_page, {request.get_host()}):
        parts = urlsplit(from_page)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return "/"
