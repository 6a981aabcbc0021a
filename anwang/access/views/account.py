"""An account's own page: its second factors, where it is signed in, and proving itself again."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from anwang.access.actions.guesses import Source, recognised
from anwang.access.actions.sessions import end_my_sessions, prove_again
from anwang.access.context import enter
from anwang.access.factors import (
    NotProved,
    add_passkey,
    add_totp,
    check_passkey,
    new_passkey_options,
    new_recovery_codes,
    new_totp_secret,
    remove_factor,
    totp_picture,
)
from anwang.access.half_way import safe_next
from anwang.access.hashing import Busy
from anwang.access.known_devices import source_of
from anwang.access.middleware import actor_of
from anwang.access.models import Account
from anwang.access.passwords import try_code, try_password
from anwang.access.queries.factors import factors_of, has_factors
from anwang.access.queries.identities import linked_identities
from anwang.access.queries.sessions import open_sessions
from anwang.access.reauthentication import freshly_signed_in
from anwang.access.second_factor import second_factor_demanded
from anwang.access.sessions import account_of, sign_in_of
from anwang.access.views.sign_in import answer_of_passkey, refused, waiting_words

_SECRET = "new_totp_secret"  # noqa: S105 - the session's name for it


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The account's own page."""
    signed_in = sign_in_of(request)
    shown = {
        "factors": factors_of(account_of(request).pk),
        "sessions": open_sessions(actor_of(request)),
        "this_session": signed_in.session_id if signed_in else None,
        "demanded": second_factor_demanded(),
        "strong": bool(signed_in and signed_in.strong),
        "identities": linked_identities(actor_of(request)),
        "oidc_name": settings.OIDC["name"],
    }
    return render(request, "access/account.html", shown)


@never_cache
@sensitive_post_parameters()
@login_required
def again(request: HttpRequest) -> HttpResponse:
    """Prove again who is there, then go back to where it was needed."""
    lead_to = safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    kinds = {factor.kind for factor in factors_of(account_of(request).pk)}
    shown: dict[str, Any] = {"next": lead_to, "kinds": kinds, "oidc_name": settings.OIDC["name"]}
    status = 200
    if request.method == "POST":
        how, problem, wait = _proof(request, bool(kinds))
        if how:
            key = str(request.session.session_key)
            prove_again(key, how=how, strong=how != "password", actor=actor_of(request))
            return redirect(lead_to)
        status = {"wait": 429, "busy": 503}.get(problem, 200)
        shown |= {"problem": problem, "wait": waiting_words(wait)}
    return render(request, "access/again.html", shown, status=status)


def _proof(request: HttpRequest, two: bool) -> tuple[str, str, float]:
    """(how it was proved or ``, the problem, seconds to wait)."""
    who = account_of(request)
    source = recognised(who.username, source_of(request, who.username))
    if credential := request.POST.get("credential"):
        try:
            check_passkey(who.pk, answer_of_passkey(who.pk, credential))
        except NotProved:
            refused(source, why="passkey-not-proved")
            return "", "wrong", 0
        return "passkey", "", 0
    try:
        tried = try_password(who.username, request.POST.get("password", "")[:1024], source)
    except Busy:
        return "", "busy", 3
    if tried.wait_seconds:
        return "", "wait", tried.wait_seconds
    if tried.account is None:
        refused(source, why="not-proved-again")
        return "", "wrong", 0
    return _second_of(request, who, source) if two else ("password", "", 0)


def _second_of(request: HttpRequest, who: Account, source: Source) -> tuple[str, str, float]:
    proof, wait = try_code(who, request.POST.get("code", "")[:40], source)
    enter(actor_of(request), "again")  # try_code leaves the context of whom it checked
    if proof:
        return f"password+{proof}", "", 0
    refused(source, why="held-back" if wait else "second-not-proved-again", tell=not wait)
    return "", "wait" if wait else "wrong", wait


@never_cache
@freshly_signed_in
def code(request: HttpRequest) -> HttpResponse:
    """Add one-time codes: the picture, then the first code as a proof that the app has it."""
    who = account_of(request)
    secret = request.session.setdefault(_SECRET, new_totp_secret())
    problem = ""
    if request.method == "POST":
        try:
            add_totp(who.pk, secret, request.POST.get("code", "")[:10], actor=actor_of(request))
        except NotProved:
            problem = "wrong"
        else:
            del request.session[_SECRET]
            _now_strong(request, "totp")
            messages.success(request, _("已加入驗證碼。請一併產生備用碼，收在安全的地方。"))
            return redirect("access:account")
    shown = {"secret": secret, "picture": totp_picture(who, secret), "problem": problem}
    return render(request, "access/code.html", shown)


def _now_strong(request: HttpRequest, kind: str) -> None:
    """The session that adds a factor has just used it: it need not sign in again."""
    key = str(request.session.session_key)
    prove_again(key, how=f"password+{kind}", strong=True, actor=actor_of(request))


@never_cache
@freshly_signed_in
@require_POST
def recovery(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes and show them once."""
    if not has_factors(account_of(request).pk):
        return redirect("access:account")
    codes = new_recovery_codes(account_of(request).pk, actor=actor_of(request))
    return render(request, "access/recovery.html", {"codes": codes})


@never_cache
@freshly_signed_in
def passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey."""
    problem = ""
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:40] or _("通行金鑰")
        try:
            add_passkey(
                account_of(request).pk,
                name,
                request.POST.get("credential", ""),
                actor=actor_of(request),
            )
        except NotProved:
            problem = "wrong"
        else:
            _now_strong(request, "passkey")
            messages.success(request, _("已加入通行金鑰。"))
            return redirect("access:account")
    return render(request, "access/passkey.html", {"problem": problem})


@freshly_signed_in
@require_POST
def offered_new_passkey(request: HttpRequest) -> HttpResponse:
    """What the browser is to make a passkey from."""
    return JsonResponse(new_passkey_options(account_of(request)))


@freshly_signed_in
@require_POST
def remove(request: HttpRequest, factor: int) -> HttpResponse:
    """Take away one of the account's own factors."""
    remove_factor(account_of(request).pk, factor, actor=actor_of(request))
    messages.success(request, _("已移除。"))
    return redirect("access:account")


@login_required
@require_POST
def end_one(request: HttpRequest, session: uuid.UUID) -> HttpResponse:
    """End one of the account's own sessions, wherever it is open."""
    if not end_my_sessions(actor_of(request), only=session):
        raise Http404
    messages.success(request, _("已登出那一處。"))
    return redirect("access:account")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """End all of the account's sessions but this one."""
    end_my_sessions(actor_of(request), but=str(request.session.session_key))
    messages.success(request, _("其他地方都已登出。"))
    return redirect("access:account")
