"""Who a request is signed in as: by a session that the server itself holds in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, login
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from anwang.access.actions.entries import AuditDown, record_apart
from anwang.access.actions.sessions import begin_session, rotate_session
from anwang.access.context import Actor
from anwang.access.models import Account
from anwang.access.queries.sessions import SignIn, session_in_force
from anwang.access.rules.sign_in import device_label
from anwang.access.vocabulary import Act

Answer = Callable[[HttpRequest], HttpResponse]

UNRECORDED: Final = "unrecorded_sign_in"  # how a session began whose entry the audit did not take


class SignedIn:
    """Sets `request.user`, and `request.sign_in` (a SignIn, or None for a visitor).

    Stands before the request's transaction, so that a refused request counts as seen too.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = _signed_in(request)
        request.user = found[0] if found else AnonymousUser()
        request.sign_in = found[1] if found else None  # type: ignore[attr-defined]
        return self.get_response(request)


def _signed_in(request: HttpRequest) -> tuple[Account, SignIn] | None:
    session = request.session
    if SESSION_KEY not in session or session.session_key is None:
        return None
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    key = session.session_key
    found = session_in_force(key, str(session[SESSION_KEY]), device_of(request))
    # A new password ends every session that the old one began.
    if not found or not constant_time_compare(
        session.get(HASH_SESSION_KEY, ""), found[0].get_session_auth_hash()
    ):
        session.flush()
        return None
    how = session.get(UNRECORDED)
    if how and put_sign_in_on_record(found[0], how, late=True):
        del session[UNRECORDED]
    if found[1].rotate:
        session.cycle_key()
        rotate_session(key, str(session.session_key))
    return found


def put_sign_in_on_record(account: Account, how: str, *, late: bool = False) -> bool:
    """The entry of a sign-in; False where the audit takes none now, and one is owed."""
    try:
        record_apart(
            Act.SIGNED_IN, actor=Actor(account.pk), object_kind="account", object_ids=[account.pk],
            detail={"how": how} | ({"late": True} if late else {}),
        )  # fmt: skip
    except AuditDown:
        return False
    return True


def device_of(request: HttpRequest) -> str:
    """Browser and system of a request, for the list of one's own sessions."""
    return device_label(request.headers.get("User-Agent", ""))


def sign_in_of(request: HttpRequest) -> SignIn | None:
    """How the request is signed in, or None."""
    found: SignIn | None = getattr(request, "sign_in", None)
    return found


def account_of(request: HttpRequest) -> Account:
    """Who is signed in, in a view behind sign-in."""
    assert isinstance(request.user, Account)
    return request.user


def sign_in(request: HttpRequest, account: Account, *, how: str, strong: bool) -> None:
    """Begin a session of `account` under a key that nobody knew before (no session fixation)."""
    request.session.flush()
    login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])
    begin_session(
        str(request.session.session_key), account.pk, how=how, strong=strong,
        device=device_of(request),
    )  # fmt: skip
