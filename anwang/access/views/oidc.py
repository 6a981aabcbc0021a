"""Signing in through another system, linking an account to it, proving oneself again by it."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import asdict
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from anwang.access import oidc
from anwang.access.actions.identities import LinkedElsewhere, end_link, link_identity
from anwang.access.actions.sessions import prove_again
from anwang.access.half_way import first_proof_given, safe_next
from anwang.access.known_devices import source_of
from anwang.access.middleware import actor_of
from anwang.access.queries.identities import account_linked
from anwang.access.reauthentication import freshly_signed_in
from anwang.access.sign_in import ByNameAndPassword
from anwang.access.views.sign_in import PASSKEY_NAME, refused

_KEY: Final = "asked_elsewhere"


def _ask(request: HttpRequest, purpose: str) -> HttpResponse:
    if not oidc.is_offered():
        raise Http404
    asked = oidc.new_question()
    lead_to = safe_next(request, request.GET.get("next", ""))
    request.session[_KEY] = asdict(asked) | {"purpose": purpose, "next": lead_to}
    try:
        return redirect(oidc.address_to_ask(asked, _back(request)))
    except oidc.ProviderFailed:
        return _failed(request, "access:account" if purpose == "link" else "access:sign-in")


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("access:oidc-answer"))


def _failed(request: HttpRequest, where: str) -> HttpResponse:
    messages.error(request, _("另一個系統沒有給出可信的答覆。請改用其他方式登入，並告訴維運人員。"))
    return redirect(where)


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Send a visitor to the other system."""
    return _ask(request, "sign-in")


@never_cache
@freshly_signed_in
def link(request: HttpRequest) -> HttpResponse:
    """Send an account to the other system, to link its subject there."""
    return _ask(request, "link")


@never_cache
@login_required
def ask_again(request: HttpRequest) -> HttpResponse:
    """Have the other system ask for the proof anew."""
    return _ask(request, "again")


@never_cache
def answer(request: HttpRequest) -> HttpResponse:
    """Where the other system sends the visitor back to. The question is forgotten with its answer."""
    kept = request.session.pop(_KEY, None)
    state = request.GET.get("state", "")
    if not kept or not secrets.compare_digest(state.encode(), kept["state"].encode()):
        return _failed(request, "access:sign-in")
    asked = oidc.Asked(kept["state"], kept["nonce"], kept["verifier"], kept["at"])
    try:
        told = oidc.answer_of(asked, request.GET.get("code", ""), _back(request))
    except oidc.ProviderFailed:
        refused(source_of(request, PASSKEY_NAME), why="oidc-failed", tell=False)
        return _failed(request, "access:sign-in")
    if kept["purpose"] == "sign-in":
        return _enter(request, told, kept["next"])
    return _signed_in_already(request, told, kept)


def _enter(request: HttpRequest, told: oidc.Answer, lead_to: str) -> HttpResponse:
    account_id = account_linked(told.issuer, told.subject)
    account = ByNameAndPassword().get_user(account_id) if account_id else None
    if account is None:  # the same words for a subject that nobody has and for an ended account
        refused(source_of(request, PASSKEY_NAME), why="oidc-not-linked", tell=False)
        messages.error(
            request, _("這個身分沒有連到任何帳號。請先用帳號密碼登入，再到「我的帳號」連結。")
        )
        return redirect("access:sign-in")
    return first_proof_given(request, account, how="oidc", lead_to=lead_to, strong=told.strong)


def _signed_in_already(
    request: HttpRequest, told: oidc.Answer, kept: dict[str, Any]
) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("access:sign-in")
    actor = actor_of(request)
    if kept["purpose"] == "link":
        try:
            link_identity(actor.id, told.issuer, told.subject, actor=actor)
            messages.success(request, _("已連結。"))
        except LinkedElsewhere:
            messages.error(request, _("這個身分已經連到帳號。請先解除舊的連結。"))
        return redirect("access:account")
    if account_linked(told.issuer, told.subject) == actor.id and told.strong:
        prove_again(str(request.session.session_key), how="oidc", strong=True, actor=actor)
        return redirect(kept["next"])
    return _failed(request, "access:again")


@freshly_signed_in
@require_POST
def unlink(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """End a link."""
    end_link(actor_of(request).id, identity, actor=actor_of(request))
    messages.success(request, _("已移除。"))
    return redirect("access:account")
