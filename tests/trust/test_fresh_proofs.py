"""What opens, keeps or sends to something protected asks who it is just now (G2, R6, R7, R14)."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client

from tests.access.test_sign_in import pass_time, send
from tests.factories import PASSWORD, desk_worker, screened_report

pytestmark = pytest.mark.django_db
SOME = uuid.UUID(int=5)


@pytest.fixture(autouse=True)
def real_time_afterwards():
    yield
    with connection.cursor() as cursor:
        cursor.execute("select set_config('clock.ahead', '', false)")


@pytest.fixture
def tired() -> tuple[Client, str]:
    """Somebody at the desk whose proof is six minutes old, and a receipt that he reads."""
    desk_worker()
    receipt = screened_report().receipt
    client = Client()
    assert send(client, "desk-one", PASSWORD).status_code == 302
    pass_time("6 minutes")
    return client, receipt


@pytest.mark.parametrize(
    "path",
    [
        "/two-persons/{some}/approve/", "/two-persons/{some}/decline/",
        "/protected/{receipt}/ask/reporter/", "/protected/{receipt}/ask/safe/",
        "/protected/{receipt}/reporter/{some}/", "/protected/{receipt}/safe/{some}/",
        "/protected/{receipt}/safe/", "/protected/{receipt}/keep/", "/protected/{receipt}/help/",
        "/help/{some}/address/", "/cases/{some}/safe-adults/name/",
    ],
)  # fmt: skip
def test_an_old_proof_is_asked_for_anew(tired, path):
    client, receipt = tired
    answer = client.post(path.format(some=SOME, receipt=receipt), {})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/again/")


def test_who_must_prove_himself_is_told_before_he_types(tired):
    client, receipt = tired
    for path in (f"/protected/{receipt}/", "/two-persons/"):
        page = client.get(path).content.decode()
        assert f"/sign-in/again/?next={path.replace('/', '%2F')}" in page
    client.post("/sign-in/again/", {"password": PASSWORD})
    assert "/sign-in/again/" not in client.get(f"/protected/{receipt}/").content.decode()
