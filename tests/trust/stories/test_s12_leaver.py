"""S12: a worker leaves, and the session stays open at home: rights end within 2 s, downloads included."""

from __future__ import annotations

import time

import pytest
from django.core.management import call_command
from django.db import connection

from anwang.access.actions.accounts import end_account
from anwang.access.context import LOADING
from anwang.access.queries.seats import seats_of
from tests.conftest import as_role
from tests.intake.people import rows, signed_in
from tests.intake.test_forms import SMALL, photo_with_place

pytestmark = pytest.mark.django_db
LEAVES_SECONDS = 2.0


def test_s12_a_leaver_loses_pages_downloads_and_statements_at_once() -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    at_home, leaver = signed_in("mandated-reporter")
    photo = SimpleUploadedFile("arm.jpg", photo_with_place(), "image/jpeg")
    receipt = at_home.post("/report/", SMALL | {"photos": [photo]}).url
    [(attachment,)] = rows("select id from intake_attachment")
    download = f"/attachments/{attachment}/"
    assert at_home.get(receipt).status_code == at_home.get(download).status_code == 200

    with as_role("worker"):
        begun = time.monotonic()
        end_account(leaver.pk, actor=LOADING)
    for path in (download, receipt, "/receipts/", "/account/"):
        answer = at_home.get(path)
        assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/"), path
    assert time.monotonic() - begun < LEAVES_SECONDS
    assert not at_home.get("/sign-in/").wsgi_request.user.is_authenticated


def test_s12_a_statement_that_still_runs_as_the_leaver_finds_no_seat() -> None:
    """A job or a download that began before goes on in its transaction, but reaches nothing new."""
    at_home, leaver = signed_in("mandated-reporter")
    at_home.get("/receipts/")  # leaves the leaver's context in this test's transaction
    assert seats_of(leaver.pk)
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select access.end_account(%s, %s)", [leaver.pk, LOADING.id])
    assert seats_of(leaver.pk) == ()


def test_s12_signing_in_again_leads_nowhere() -> None:
    _, leaver = signed_in("mandated-reporter")
    with as_role("worker"):
        call_command("admin", "end", leaver.username)
    client, _ = signed_in("mandated-reporter")
    client.post("/sign-out/")
    answer = client.post(
        "/sign-in/", {"username": leaver.username, "password": "an invented pass phrase"}
    )
    assert answer.status_code == 200, "the same page as for a wrong password"
