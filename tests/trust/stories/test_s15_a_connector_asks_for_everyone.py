"""S15: a partner's connector is taken over and asks for everyone. Volume caps come with the network's
rooms; until then a connector delivers reports and reads nothing."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from anwang.access.actions.senders import add_sender
from anwang.access.context import Actor, acting
from anwang.access.models import Sender
from tests.conftest import as_role
from tests.factories import account, screened_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def credential() -> str:
    operator = account("sender-maker", ("", None, "operator"))
    with acting(operator, "test"):
        return add_sender("taken-over", actor=operator)


@pytest.mark.parametrize("path", ["reports", "reports/", "persons", "cases", ""])
def test_s15_a_senders_credential_reads_nothing(credential, path):
    receipt = screened_report()
    for way in ("get", "post"):
        answer = getattr(Client(raise_request_exception=False), way)(
            f"/api/v1/{path}", headers={"Authorization": f"Bearer {credential}"}
        )
        assert receipt.receipt not in answer.content.decode()


def test_s15_delivering_under_anothers_key_does_not_give_its_receipt(credential):
    receipt = screened_report(report_id="R-1")
    answer = Client().post(
        "/api/v1/reports", json.dumps({"report_id": "R-1", "narrative": "範例"}),
        content_type="application/json", headers={"Authorization": f"Bearer {credential}"},
    )  # fmt: skip
    assert answer.status_code == 201
    assert answer.json()["receipt"] != receipt.receipt


def test_s15_as_a_sender_the_database_shows_no_row(credential):
    receipt = screened_report()
    with as_role("worker"):
        sender = Sender.objects.get(name="taken-over")
    for table in ("intake_report", "triage_matter", "people_person", "access_relation"):
        with acting(Actor(sender.pk, "sender"), "deliver"), connection.cursor() as cursor:
            cursor.execute(f"select count(*) from {table}")
            assert cursor.fetchone() == (0,), table
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("set local role anwang_door")
        cursor.execute("select * from intake_report where id = %s", [receipt.report])
