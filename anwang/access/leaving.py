"""The quick exit: ends a visit so that nothing of ours stays on a shared computer (S20)."""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from anwang.access.actions.entries import AuditDown, record_apart
from anwang.access.actions.sessions import end_session
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
    response = Away(settings.QUICK_EXIT_URL)
    response.headers["Content-Length"] = "0"  # nothing to wait for
    response.headers["Referrer-Policy"] = "no-referrer"
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return response
    response.headers["Clear-Site-Data"] = EVERYTHING
    for name in request.COOKIES:  # for browsers that do not know the header
        response.delete_cookie(name, samesite="Lax")
    response.ends = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return response


class Away(HttpResponseRedirect):
    """The way out. The session ends once the browser has its answer, which waits for no database."""

    ends: str = ""

    def close(self) -> None:
        """End the session `ends` names, each part whatever became of the others; then close."""
        if self.ends:
            account = ""
            for part in (_account_of, _end_row, _end_cookies):
                try:
                    account = part(self.ends) or account
                except (DatabaseError, AuditDown):
                    logger.warning("A visitor left while the database was away: %s", part.__name__)
            _put_on_record(account)
        super().close()


def _account_of(key: str) -> str:
    return str(_store(key).get(ACCOUNT_OF_SESSION) or "")


def _end_row(key: str) -> None:
    """In force is what the server holds in force, whoever kept the cookie."""
    end_session(key)


def _end_cookies(key: str) -> None:
    _store(key).flush()


def _store(key: str) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def _put_on_record(account: str) -> None:
    if account:
        with contextlib.suppress(AuditDown, DatabaseError):
            record_apart(Act.SIGNED_OUT, actor=Actor(uuid.UUID(account)), purpose="quick-exit")
