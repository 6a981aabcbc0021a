"""The quick exit: ends a visit so that nothing of ours stays on a shared computer (S20)."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from anwang.access.actions.entries import record_apart
from anwang.access.context import Actor
from anwang.access.vocabulary import Act

PATH: Final = "/leave/"
EVERYTHING: Final = '"cache", "cookies", "storage"'
ACCOUNT_OF_SESSION: Final = "_auth_user_id"
logger = logging.getLogger("anwang.leaving")


class Leaving:
    """Answers the exit before anything that needs the database: it works when nothing else does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return leave(request) if request.path_info == PATH else self.get_response(request)


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """To the neutral page, with an order to the browser to forget us, and the session ended.

    A GET, so that a plain link does it where no script runs. Another site's page cannot use it to
    sign people out: a request that it caused is only sent on.
    """
    response = HttpResponseRedirect(settings.QUICK_EXIT_URL)
    response.headers["Referrer-Policy"] = "no-referrer"
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return response
    response.headers["Clear-Site-Data"] = EVERYTHING
    for name in request.COOKIES:  # for browsers that do not know the header
        response.delete_cookie(name, samesite="Lax")
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if key:
        try:
            _end(key)
        except DatabaseError:
            logger.warning("a visitor left while the database was away; the session ends by age")
    return response


def _end(key: str) -> None:
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    account = session.get(ACCOUNT_OF_SESSION)
    session.flush()
    if account:
        record_apart(Act.SIGNED_OUT, actor=Actor(uuid.UUID(account)), purpose="quick-exit")
