"""The quick exit ends the session on the server, and never makes the browser wait for it (S20, R4)."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.signals import request_finished
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from anwang.access import leaving
from anwang.access.actions.entries import AuditDown
from anwang.access.context import Actor, acting
from anwang.access.leaving import leave
from anwang.access.models import AccountSession, AuditEntry
from anwang.access.queries.sessions import key_digest
from tests.access.test_sign_in import account, signed_in
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
COOKIE = settings.SESSION_COOKIE_NAME


def ended(who, key: str) -> bool:
    with acting(Actor(who.pk), "test"):
        return AccountSession.objects.get(key_sha256=key_digest(key)).ended_at is not None


def close(answer) -> None:
    """As a server does once the answer is sent; the test keeps its connection."""
    request_finished.disconnect(close_old_connections)
    try:
        answer.close()
    finally:
        request_finished.connect(close_old_connections)


def exit_with(key: str):
    request = RequestFactory().get("/leave/")
    request.COOKIES[COOKIE] = key
    return leave(request)


def test_who_kept_the_cookie_is_not_let_back_in():
    who = account()
    client = signed_in(who)
    key = client.cookies[COOKIE].value
    assert not ended(who, key)
    client.get("/leave/")
    assert ended(who, key)
    thief = Client()
    thief.cookies[COOKIE] = key
    assert thief.get("/desk/")["Location"].startswith("/sign-in/")


def test_the_answer_is_there_before_the_database_is_asked():
    who = account()
    key = signed_in(who).cookies[COOKIE].value
    with CaptureQueriesContext(connection) as asked:
        answer = exit_with(key)
    assert (answer.status_code, len(asked), ended(who, key)) == (302, 0, False)
    assert answer.headers["Content-Length"] == "0"
    close(answer)
    assert ended(who, key)


def test_leaving_is_on_record():
    who = account()
    close(exit_with(signed_in(who).cookies[COOKIE].value))
    with as_role("worker"):
        assert AuditEntry.objects.filter(actor=who.pk, purpose="quick-exit").count() == 1


@pytest.mark.parametrize("fault", [AuditDown, DatabaseError])
def test_the_session_ends_although_the_audit_takes_no_entry(monkeypatch, fault):
    who = account()
    key = signed_in(who).cookies[COOKIE].value

    def down(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(leaving, "record_apart", down)
    close(exit_with(key))
    assert ended(who, key)


def test_a_visitor_without_a_session_leaves_without_a_statement():
    with CaptureQueriesContext(connection) as asked:
        Client().get("/leave/")
    assert len(asked) == 0
