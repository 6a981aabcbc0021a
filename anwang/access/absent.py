"""Views whose refusals look like absence: who may not see a thing is not told that it exists."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from anwang.access.actions.attempts import record_attempt
from anwang.access.context import Actor
from anwang.access.middleware import actor_of
from anwang.access.permissions import Permit
from anwang.common.errors import Refused

View = Callable[..., HttpResponse]


def openly(check: Callable[[Actor], Permit], request: HttpRequest) -> Permit:
    """The permit for a room that everybody knows of: who does not work there is told so (403).

    Inside `refused_is_absent` a refusal would otherwise look like an address that does not exist.
    """
    try:
        return check(actor_of(request))
    except Refused as refusal:
        raise PermissionDenied(str(refusal)) from None


def refused_is_absent(view: View) -> View:
    """Sign-in needed; a Refused is answered like an address that does not exist (R8).

    Every absent answer that named an object leaves one attempt, the same for all reasons.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except (Refused, Http404):
            if kwargs and request.user.is_authenticated:
                route = request.resolver_match.view_name if request.resolver_match else ""
                record_attempt(Actor(request.user.pk), route, *kwargs.values())
            # Without the refusal's text: the page of an absent thing says nothing more.
            raise Http404 from None

    return login_required(answer)
