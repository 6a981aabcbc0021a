"""Signing in and out. Every attempt is on record; the answer tells a guesser nothing (I8)."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.queries.demo import demo_accounts
from anwang.access.vocabulary import Act

VISITOR = Actor(uuid.UUID("00000000-0000-4000-8000-00000000000f"), "visitor")


class SignIn(LoginView):
    """The sign-in page."""

    template_name = "access/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        account = form.get_user()
        record_apart(Act.SIGNED_IN, actor=Actor(account.pk), object_ids=[account.pk])
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        record_apart(Act.SIGN_IN_FAILED, actor=VISITOR, result="refused")
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"demo_accounts": demo_accounts()}


class SignOut(LogoutView):
    """Ends the session; a POST, so that no link can do it."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            record_apart(Act.SIGNED_OUT, actor=Actor(request.user.pk))
        return super().post(request, *args, **kwargs)
