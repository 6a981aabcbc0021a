"""One transaction a request, around rendering too, in which the signed-in account is the context."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from anwang.access.context import Actor, enter

Answer = Callable[[HttpRequest], HttpResponse]


class OneTransaction:
    """Holds the request's transaction; an answer that is an error takes its writes back."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response


class ActorContext:
    """Tells the database who acts, and the views through `request.actor`."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            actor = Actor(user.pk, request_id=uuid.uuid4())
            enter(actor, request.resolver_match.view_name if request.resolver_match else "")
            request.actor = actor  # type: ignore[attr-defined]
        return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in a request behind sign-in. Raises AttributeError in a view that lacks it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
