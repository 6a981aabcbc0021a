"""One transaction a request, around rendering too, in which the signed-in account is the context."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from anwang.access.actions.entries import AuditDown
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

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """No record, no reading: a calm page that needs neither context nor database (D2)."""
        if not isinstance(error, AuditDown):
            return None
        # Who comes here from sending a report must not lose its number: it stands in the address.
        match = request.resolver_match
        number = match.kwargs.get("typed") if match else None
        answer = HttpResponse(render_to_string("503.html", {"number": number}), status=503)
        answer.headers["Retry-After"] = "60"
        return answer


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in a request behind sign-in. Raises AttributeError in a view that lacks it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
