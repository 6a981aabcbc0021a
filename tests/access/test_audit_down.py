"""The audit's disk is full: nothing is shown, and every report is taken (D2)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.test import Client

from tests.trust.reading import FULL, World, world


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
