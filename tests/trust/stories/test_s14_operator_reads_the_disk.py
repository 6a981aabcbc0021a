"""S14: the operator reads the disk or a backup."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from anwang.access.actions.two_persons import NotWithTwo
from anwang.access.context import acting
from anwang.access.sealing import CannotUnseal, Wrapped, open_data_key
from anwang.intake.actions.keys import begin_rotation
from tests.conftest import as_role
from tests.factories import account, received_report

pytestmark = pytest.mark.django_db
VAULT = ("data_key", "raw_body", "raw_addition", "reporter", "safe_address", "message")


def test_s14_the_operator_reads_no_row_of_the_vault():
    operator = account("op-fourteen", ("operators", None, "operator"))
    received_report()
    for table in VAULT:
        with (
            acting(operator), pytest.raises(DatabaseError), transaction.atomic(),
            connection.cursor() as cursor,
        ):  # fmt: skip
            cursor.execute(f"select * from vault.{table}")


def test_s14_a_backup_without_the_keys_folder_opens_nothing(monkeypatch, tmp_path):
    receipt = received_report()
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("select * from intake.keys_to_rewrap(2000000, 9999)")
        rows = {row[0]: row for row in cursor.fetchall()}
    scope, county, version, wrap = rows[receipt.report]
    kept = Wrapped(scope, county, version, bytes(wrap))
    assert open_data_key(kept).scope == receipt.report
    monkeypatch.setenv("ANWANG_KEYS", str(tmp_path))
    with pytest.raises(CannotUnseal):
        open_data_key(kept)


def test_s14_keys_are_not_changed_by_one_person():
    with as_role("worker"), pytest.raises(NotWithTwo):
        begin_rotation(uuid.uuid4())
