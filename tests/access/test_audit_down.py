"""The audit's disk is full: nothing is shown, and every report is taken (D2)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.test import Client

from tests.factories import PASSWORD
from tests.trust.reading import FULL, FULL_AT_COMMIT, REVOKED, World, world


@pytest.fixture(scope="module")
def reading(postgres_server, django_db_blocker) -> Iterator[World]:
    with world(postgres_server, django_db_blocker, "anwang_audit_down") as made:
        yield made


def test_no_page_with_personal_data_is_shown_and_the_page_says_what_to_do(reading):
    with reading.faulty(FULL):
        for path in reading.paths:
            answer = reading.desk.get(path)
            assert answer.status_code == 503, path
            text = answer.content.decode()
            assert "113" in text and "通報照常收件" in text
            assert reading.seen_in(text, path) == set()
            assert answer["Retry-After"] == "60"
    assert reading.desk.get(reading.paths[0]).status_code == 200


def test_other_systems_deliver_as_always(reading):
    before = reading.number_of_reports()
    with reading.faulty(FULL):
        answer = Client().post(
            "/api/v1/reports", json.dumps(reading.body()), content_type="application/json",
            headers={"authorization": f"Bearer {reading.secret}"},
        )  # fmt: skip
    assert answer.status_code in (200, 201), answer.content
    assert reading.number_of_reports() == before + 1


def test_a_teacher_reports_through_the_form_and_keeps_her_number(reading):
    page = reading.teacher.get("/report/")
    assert page.status_code == 200
    with reading.faulty(FULL):
        assert reading.teacher.get("/report/").status_code == 200
        sent = reading.teacher.post("/report/", reading.form(page.content.decode()))
        assert sent.status_code == 302, sent.content.decode()[:2000]
        number = sent["Location"].strip("/").rpartition("/")[2]
        after = reading.teacher.get(sent["Location"])
        assert after.status_code == 503
        assert number in after.content.decode()


def entries(reading, act: str, actor: str) -> list:
    return reading.outside.execute(
        "select detail from access_auditentry where act = %s and actor ="
        " (select id from access_account where username = %s) order by no", [act, actor],
    ).fetchall()  # fmt: skip


@pytest.mark.parametrize("how", [FULL, FULL_AT_COMMIT, REVOKED])
def test_who_reports_by_signing_in_gets_in_and_is_put_on_record_later(reading, how):
    client, before = Client(), len(entries(reading, "signed-in", "teacher-one"))
    said = {"username": "teacher-one", "password": PASSWORD, "next": "/report/"}
    with reading.faulty(how):
        wrong = client.post("/sign-in/", said | {"password": "wrong"})
        assert wrong.status_code == 200, "who mistypes is told so"
        assert client.post("/sign-in/", said)["Location"] == "/report/"
        page = client.get("/report/")
        assert page.status_code == 200
        assert "可以照常通報" in page.content.decode()
        sent = client.post("/report/", reading.form(page.content.decode()))
        assert sent.status_code == 302
        assert len(entries(reading, "signed-in", "teacher-one")) == before
    assert client.get("/report/").status_code == 200
    assert client.get("/report/").status_code == 200
    made_up = entries(reading, "signed-in", "teacher-one")[before:]
    assert [one[0] for one in made_up] == [{"how": "password", "late": True}]


def test_who_signs_in_while_the_audit_is_down_reads_nothing(reading):
    client = Client()
    client.raise_request_exception = False
    with reading.faulty(FULL):
        client.post("/sign-in/", {"username": "desk-one", "password": PASSWORD})
        for path in reading.paths:
            answer = client.get(path)
            assert answer.status_code == 503
            assert reading.seen_in(answer.content.decode(), path) == set()
