"""The front page: leads each account to where its work waits."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from anwang.access.middleware import actor_of
from anwang.access.queries.seats import seats_of
from anwang.web.context import menu_for


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Go to the first room of the account's menu; say so when it has none."""
    entries = menu_for(seat.role for seat in seats_of(actor_of(request).id))
    if entries:
        return redirect(entries[0]["url"])
    return render(request, "web/no_room.html")


def health(request: HttpRequest) -> HttpResponse:
    """Says that the server answers; touches no data."""
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")
