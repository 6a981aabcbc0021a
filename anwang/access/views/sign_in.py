"""Signing in and out. Every try is on record; the answer tells a guesser nothing (I8)."""

from __future__ import annotations

import contextlib
import json
import math
import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from anwang.access.actions.entries import AuditDown, record_apart
from anwang.access.actions.guesses import (
    Source,
    recognised,
    refusal_is_told,
    seconds_to_wait,
)
from anwang.access.actions.sessions import end_session
from anwang.access.before_sign_in import as_claimed
from anwang.access.context import Actor
from anwang.access.factors import (
    NotProved,
    check_passkey,
    claimed_by_passkey,
    passkey_options,
)
from anwang.access.half_way import VISITOR, finish, first_proof_given, half_way, safe_next
from anwang.access.hashing import Busy
from anwang.access.known_devices import source_of
from anwang.access.models import Account
from anwang.access.passwords import try_code, try_password
from anwang.access.queries.demo import demo_accounts
from anwang.access.queries.factors import factors_of
from anwang.access.sign_in import ByNameAndPassword
from anwang.access.vocabulary import Act

PASSKEY_NAME = "\x1fpasskey"  # no user name has this sign


class NameAndPassword(forms.Form):
    """What the sign-in page sends."""

    username = forms.CharField(max_length=64)
    password = forms.CharField(max_length=1024, strip=False)

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


def refused(source: Source, *, why: str, tell: bool = True) -> None:
    """Put a failure on record; in a flood of refusals without a try, one a minute and address."""
    if tell or refusal_is_told(source):
        # Who mistypes while the audit is down is told so, and tries again; the tries are counted.
        with contextlib.suppress(AuditDown):
            record_apart(Act.SIGN_IN_FAILED, actor=VISITOR, result="refused", detail={"why": why})


class SignIn(LoginView):
    """The sign-in page: name and password, a passkey, or another system."""

    template_name = "access/sign_in.html"
    form_class = NameAndPassword  # type: ignore[assignment]
    redirect_authenticated_user = True

    @method_decorator(sensitive_post_parameters())
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form()
        if not form.is_valid():
            return self._again(form, "wrong", 200)
        name, password = form.cleaned_data["username"], form.cleaned_data["password"]
        source = recognised(name, source_of(request, name))
        try:
            tried = try_password(name, password, source)
        except Busy:
            refused(source, why="busy", tell=False)
            return self._again(form, "busy", 503, 3)
        if tried.wait_seconds:
            refused(source, why="held-back", tell=False)
            return self._again(form, "wait", 429, tried.wait_seconds)
        if tried.account is None:
            refused(source, why="not-proved")
            return self._again(form, "wrong", 200)
        lead_to = safe_next(request, request.POST.get("next", ""))
        return first_proof_given(request, tried.account, how="password", lead_to=lead_to)

    def _again(
        self, form: forms.Form, problem: str, status: int, seconds: float = 0
    ) -> HttpResponse:
        shown = {"form": form, "problem": problem, "wait": waiting_words(seconds)}
        response = self.render_to_response(self.get_context_data(**shown), status=status)
        if seconds:
            response.headers["Retry-After"] = str(math.ceil(seconds))
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        more = {"demo_accounts": demo_accounts(), "oidc_name": settings.OIDC["name"]}
        return super().get_context_data(**kwargs) | more


def waiting_words(seconds: float) -> dict[str, int]:
    """How long to wait, for a screen: seconds below two minutes, else minutes."""
    if seconds < 120:
        return {"seconds": max(1, math.ceil(seconds))}
    return {"minutes": math.ceil(seconds / 60)}


@never_cache
def second(request: HttpRequest) -> HttpResponse:
    """The second step: a one-time code, a recovery code, or a passkey."""
    on_the_way = half_way(request)
    if on_the_way is None:
        return redirect("access:sign-in")
    account = on_the_way.account
    with as_claimed(account.pk):
        kinds = {factor.kind for factor in factors_of(account.pk)}
    shown: dict[str, Any] = {"kinds": kinds}
    status = 200
    if request.method == "POST":
        source = recognised(account.username, source_of(request, account.username))
        proof, wait = _second_proof(request, account, source)
        if proof:
            how = f"{on_the_way.how}+{proof}"
            return finish(request, account, how=how, strong=True, lead_to=on_the_way.lead_to)
        refused(source, why="held-back" if wait else "second-not-proved", tell=not wait)
        shown |= {"problem": "wait" if wait else "wrong", "wait": waiting_words(wait)}
        status = 429 if wait else 200
    return render(request, "access/second.html", shown, status=status)


def _second_proof(request: HttpRequest, account: Account, source: Source) -> tuple[str, float]:
    credential = request.POST.get("credential")
    if not credential:
        return try_code(account, request.POST.get("code", "")[:40], source)
    try:
        with as_claimed(account.pk):
            check_passkey(account.pk, answer_of_passkey(account.pk, credential))
    except NotProved:
        return "", 0.0
    return "passkey", 0.0


def answer_of_passkey(account_id: uuid.UUID, credential: str) -> dict[str, Any]:
    """The answer of a passkey; one that names another account proves nothing. Raises NotProved."""
    try:
        said: dict[str, Any] = json.loads(credential)
        named = said["response"].get("userHandle")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NotProved(str(NotProved.__doc__)) from None
    if named and claimed_by_passkey(credential)[0] != account_id:
        raise NotProved(str(NotProved.__doc__))
    return said


@require_POST
def offered_passkeys(request: HttpRequest) -> HttpResponse:
    """What the browser is to ask a passkey for; the challenge stays in this visitor's session."""
    if seconds_to_wait(PASSKEY_NAME, source_of(request, PASSKEY_NAME)):
        return JsonResponse({}, status=429)
    on_the_way = half_way(request)
    if on_the_way is None:
        return JsonResponse(passkey_options(None))
    with as_claimed(on_the_way.account.pk):
        return JsonResponse(passkey_options(on_the_way.account))


@require_POST
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by a passkey alone: it verifies the person, so it is both factors."""
    source = source_of(request, PASSKEY_NAME)
    try:
        account_id, said = claimed_by_passkey(request.POST.get("credential", ""))
        account = ByNameAndPassword().get_user(account_id)
        if account is None:
            raise NotProved
        with as_claimed(account_id):
            check_passkey(account_id, said)
    except NotProved:
        refused(source, why="passkey-not-proved", tell=False)
        shown = {"problem": "passkey", "form": NameAndPassword(), "demo_accounts": demo_accounts(),
                 "oidc_name": settings.OIDC["name"]}  # fmt: skip
        return render(request, "access/sign_in.html", shown)
    lead_to = safe_next(request, request.POST.get("next", ""))
    return finish(request, account, how="passkey", strong=True, lead_to=lead_to)


class SignOut(LogoutView):
    """Ends the session; a POST, so that no link can do it."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            record_apart(Act.SIGNED_OUT, actor=Actor(request.user.pk))
            end_session(str(request.session.session_key))
        return super().post(request, *args, **kwargs)
