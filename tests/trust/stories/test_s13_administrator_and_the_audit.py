"""S13: the database's administrator edits one audit row, or restores last week's backup."""

from __future__ import annotations

import json
import uuid

import psycopg
import pytest

from anwang.access.actions.entries import record_event
from anwang.access.audit_export import log_lines
from anwang.access.audit_key import signer
from anwang.access.audit_tree import give_places
from anwang.access.audit_verify import verify
from anwang.access.audit_witnesses import Configured, ask_witness, held_by
from anwang.access.context import Actor
from anwang.access.models import Account, Membership, Notice
from anwang.access.rules.notes import PublicKey
from anwang.access.vocabulary import Act, Role
from tests.access.test_audit_export import second
from tests.instance import free_port
from tests.witness.test_witness import get, serving

KEPT = ("access_auditentry", "access_auditleaf", "access_auditcheckpoint")


def week(number: int) -> None:
    for _ in range(number):
        record_event(
            Act.READ, actor=Actor(uuid.uuid4()), object_kind="report", object_ids=[uuid.uuid4()]
        )
        give_places()


@pytest.fixture
def administrator(own_database, postgres_server):
    with psycopg.connect(
        postgres_server.address("postgres", own_database), autocommit=True
    ) as connection:
        yield connection


@pytest.fixture
def witnesses(tmp_path):
    """Two witness processes, run by others."""
    ports = free_port(), free_port()
    homes = tmp_path / "court", tmp_path / "university"
    public = str(signer().public)
    with serving(homes[0], ports[0], public), serving(homes[1], ports[1], public):
        yield [
            Configured(PublicKey.of(get(port, "/key")), f"http://127.0.0.1:{port}")
            for port in ports
        ]


@pytest.fixture
def auditor(own_database):
    account = Account.objects.create(username="auditor-x", display_name="稽核")
    Membership.objects.create(account=account, team_id="", role=Role.AUDITOR)


def test_s13_one_edited_row_is_named(administrator):
    week(9)
    administrator.execute("update access_auditentry set object_ids = '{}' where no ="
                          " (select entry_no from access_auditleaf where position = 4)")  # fmt: skip
    verdict = verify()
    assert (verdict.ok, verdict.first_bad, verdict.why) == (False, 4, "changed")
    assert "Entry 4 was changed" in str(verdict)
    lines = json.loads(json.dumps(list(log_lines())))
    assert second().verify(lines, str(signer().public))[1] == 4


def test_s13_last_weeks_backup_is_seen_by_those_outside(administrator, witnesses, auditor):
    week(5)
    administrator.execute("create schema backup")
    for table in KEPT:
        administrator.execute(f"create table backup.{table} as select * from {table}")
    week(4)  # what the administrator wants to be gone
    assert [ask_witness(one) for one in witnesses] == ["", ""]
    for table in KEPT:
        administrator.execute(f"delete from {table}")
        administrator.execute(f"insert into {table} select * from backup.{table}")
    assert verify().ok, "the restored database alone looks right"
    held = held_by(one.address for one in witnesses)
    verdict = verify(held)
    assert (verdict.ok, verdict.last_bad, verdict.why) == (False, 5, "back")
    week(6)
    assert [ask_witness(one) for one in witnesses] == ["refused", "refused"]
    verdict = verify(held)
    assert not verdict.ok and verdict.first_bad <= 5 <= verdict.last_bad
    told = Notice.objects.filter(kind="audit-witness-refused").values_list("detail", flat=True)
    assert {one["witness"] for one in told} == {"court", "university"}
