"""Views whose refusals look like absence: who may not see a thing is not told that it exists."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse

from anwang.common.errors import Refused

View = Callable[..., HttpResponse]


def refused_is_absent(view: View) -> View:
    """Sign-in needed; a Refused is answered like an address that does not exist (R8)."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused:
            # Without the refusal's text: the page of an absent thing says nothing more.
            raise Http404 from None

    return login_required(answer)
