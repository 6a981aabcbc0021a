"""Setting one's own password: a new one by the present one, the first or a forgotten one by a code."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from anwang.access.actions.guesses import recognised
from anwang.access.half_way import first_proof_given, safe_next
from anwang.access.hashing import Busy
from anwang.access.known_devices import source_of
from anwang.access.models import Account
from anwang.access.passwords import Tried, try_change, try_invitation
from anwang.access.sessions import account_of
from anwang.access.sign_in import ByNameAndPassword
from anwang.access.views.sign_in import refused, waiting_words

LONGEST: Final = 1024


class NewPassword(forms.Form):
    """A new password twice, held against the rules."""

    new = forms.CharField(max_length=LONGEST, strip=False)
    again = forms.CharField(max_length=LONGEST, strip=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        new, again = given.get("new"), given.get("again")
        if new is None or again is None:
            return given
        if new != again:
            self.add_error("again", _("兩次輸入的不一樣。"))
            return given
        try:
            validate_password(new)
        except ValidationError as error:
            self.add_error("new", error)
        return given


class ChangePassword(NewPassword):
    """With the present password."""

    present = forms.CharField(max_length=LONGEST, strip=False)


class FirstPassword(NewPassword):
    """With a name and the code for it."""

    username = forms.CharField(max_length=64)
    code = forms.CharField(max_length=60)


@never_cache
@sensitive_post_parameters()
@login_required
def change(request: HttpRequest) -> HttpResponse:
    """Change one's own password; every other session of the account ends."""
    form = ChangePassword(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "access/password.html", {"form": form})
    who = account_of(request)
    source = recognised(who.username, source_of(request, who.username))
    key = str(request.session.session_key)
    try:
        tried = try_change(who, form.cleaned_data["present"], form.cleaned_data["new"], source, key)
    except Busy:
        tried = None
    if tried is None or tried.account is None:
        problem, status = _problem(tried)
        refused(source, why="present-password-not-proved", tell=problem == "wrong")
        shown = {"form": form, "problem": problem, "wait": _wait(tried)}
        return render(request, "access/password.html", shown, status=status)
    _keep_this_session(request, who)
    messages.success(request, _("密碼已變更。其他地方都已登出。"))
    return redirect("access:account")


def _keep_this_session(request: HttpRequest, who: Account) -> None:
    """This session alone was begun with the new password, so to speak."""
    fresh = ByNameAndPassword().get_user(who.pk)
    if fresh is not None:
        request.session[HASH_SESSION_KEY] = fresh.get_session_auth_hash()


@never_cache
@sensitive_post_parameters()
def first(request: HttpRequest) -> HttpResponse:
    """Set a first or forgotten password with the code that an administrator gave, and sign in."""
    form = FirstPassword(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "access/first_password.html", {"form": form})
    name = form.cleaned_data["username"]
    source = recognised(name, source_of(request, name))
    try:
        tried = try_invitation(name, form.cleaned_data["code"], form.cleaned_data["new"], source)
    except Busy:
        tried = None
    if tried is None or tried.account is None:
        problem, status = _problem(tried)
        refused(source, why="code-not-proved", tell=problem == "wrong")
        shown = {"form": form, "problem": problem, "wait": _wait(tried)}
        return render(request, "access/first_password.html", shown, status=status)
    return first_proof_given(request, tried.account, how="password", lead_to=safe_next(request, ""))


def _problem(tried: Tried | None) -> tuple[str, int]:
    if tried is None:
        return "busy", 503
    return ("wait", 429) if tried.wait_seconds else ("wrong", 200)


def _wait(tried: Tried | None) -> dict[str, int]:
    return waiting_words(tried.wait_seconds if tried else 3)
