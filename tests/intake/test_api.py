"""The door for other systems: what is taken, what is refused, and what a refusal says."""

from __future__ import annotations

import hashlib
import json
import uuid

import pytest
from django.db import OperationalError
from django.test import Client

from anwang.access.context import enter
from anwang.access.models import Sender
from anwang.intake.rules.bodies import LARGEST_BYTES
from tests.factories import account

pytestmark = pytest.mark.django_db
URL = "/api/v1/reports"
SECRET = "an-invented-credential"
SMALL = {"report_id": "R-1", "subjects": [{"role": "victim", "name": "陳小安"}]}


@pytest.fixture
def sender() -> str:
    """A sender known to the database, by the owner's hand."""
    name = f"school-{uuid.uuid4().hex[:6]}"
    operator = account(f"op-{uuid.uuid4().hex[:8]}", ("", None, "operator"))
    enter(operator, "register-sender")
    Sender.objects.create(
        name=name, secret_sha256=hashlib.sha256(SECRET.encode()).digest(), added_by=operator.id
    )
    return name


def send(body: object, *, secret: str | None = SECRET):
    content = body if isinstance(body, (bytes, str)) else json.dumps(body)
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return Client().post(URL, content, content_type="application/json", headers=headers)


def test_a_new_report_is_answered_with_201_and_its_receipt(sender):
    answer = send(SMALL)
    assert answer.status_code == 201, answer.content
    assert len(answer.json()["receipt"]) == 11
    assert not answer.cookies


def test_the_same_report_again_has_the_same_receipt_and_other_content_is_an_addition(sender):
    first = send(SMALL).json()["receipt"]
    again, other = send(SMALL), send(SMALL | {"narrative": "補充"})
    assert (again.status_code, again.json()) == (200, {"receipt": first, "outcome": "repeated"})
    assert (other.status_code, other.json()) == (200, {"receipt": first, "outcome": "addition"})


@pytest.mark.parametrize("broken", [b"{", b"[]", b'"text"', b"\xff\xfe{}", b"", b'{"a":NaN'])
def test_broken_json_is_refused_with_what_to_do_next(sender, broken):
    answer = send(broken)
    assert answer.status_code == 400
    said = answer.json()
    assert "report_id" in said["message"]["zh"] and "113" in said["phone"]["en"]


def test_one_mebibyte_is_taken_and_one_byte_more_is_not(sender):
    frame = '{"narrative":"%s"}'
    largest = frame % ("x" * (LARGEST_BYTES - len(frame) + 2))
    assert len(largest) == LARGEST_BYTES
    assert send(largest).status_code == 201
    answer = send(largest.replace("x", "xx", 1))
    assert answer.status_code == 413
    assert "1,048,576" in answer.json()["message"]["en"]


@pytest.mark.parametrize("secret", [None, "wrong", "no\u00e9"])
def test_without_a_credential_nothing_is_taken_and_nothing_repeated(secret):
    answer = send({"narrative": "王大明的秘密"}, secret=secret)
    assert answer.status_code == 401
    assert "王大明" not in answer.content.decode()
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_what_could_not_be_stored_is_said_so_and_quotes_nothing(sender, monkeypatch, caplog):
    def fails(*_: object, **__: object) -> None:
        raise OperationalError("DETAIL: 王大明的秘密")

    monkeypatch.setattr("anwang.intake.api.deliver", fails)
    answer = send(SMALL)
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "60"
    assert "report_id" in answer.json()["message"]["en"]
    assert "王大明" not in caplog.text + answer.content.decode()


def test_the_interface_is_described_by_openapi_31_and_needs_no_third_party():
    described = Client().get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    body = described["paths"]["/api/v1/reports"]["post"]["requestBody"]
    assert "subjects" in body["content"]["application/json"]["schema"]["properties"]
    assert Client().get("/api/v1/docs").status_code == 404
