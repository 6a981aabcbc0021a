"""Checkpoints on their way to witnesses outside, and what is told when one does not agree (D3)."""

from __future__ import annotations

import datetime as dt
import uuid
from types import SimpleNamespace

import psycopg
import pytest
from django.core.management import call_command

from anwang.access import audit_witnesses, tasks
from anwang.access.actions.entries import record_event
from anwang.access.audit_key import signer
from anwang.access.audit_tree import TreeBroken, give_places
from anwang.access.audit_verify import verify
from anwang.access.audit_witnesses import (
    SILENT_FOR,
    Configured,
    NoSuchWitness,
    ask_witness,
    held_by,
)
from anwang.access.context import Actor
from anwang.access.models import (
    Account,
    AuditCheckpoint,
    AuditEntry,
    Cosignature,
    Membership,
    Notice,
    Witness,
)
from anwang.access.rules.notes import Checkpoint, PublicKey
from anwang.access.vocabulary import Act, Role
from tests.instance import free_port
from tests.witness.test_witness import get, serving


def write(number: int) -> None:
    actor = Actor(uuid.uuid4())
    for _ in range(number):
        record_event(Act.READ, actor=actor, object_ids=[uuid.uuid4()], detail={"n": 1})


@pytest.fixture
def auditor(own_database) -> uuid.UUID:
    account = Account.objects.create(username="auditor-x", display_name="稽核")
    Membership.objects.create(account=account, team_id="", role=Role.AUDITOR)
    return account.pk


@pytest.fixture
def witness(tmp_path):
    home, port = tmp_path / "witness-x", free_port()
    with serving(home, port, str(signer().public)) as process:
        yield Configured(PublicKey.of(get(port, "/key")), f"http://127.0.0.1:{port}"), process


def notices() -> list[str]:
    return [kind for (kind,) in Notice.objects.order_by("at").values_list("kind")]


def test_each_portion_ends_with_a_checkpoint_that_everybody_can_check(own_database):
    write(3)
    give_places()
    last = AuditCheckpoint.objects.get(size=3)
    text = signer().public.opened(last.signed)
    assert Checkpoint.of(text) == Checkpoint(signer().name, 3, bytes(last.root_sha256))


def test_a_witness_signs_each_later_state_of_the_log(auditor, witness):
    one, _ = witness
    for portion in (4, 1, 7):
        write(portion)
        give_places()
        assert ask_witness(one) == ""
    assert list(Cosignature.objects.order_by("size").values_list("size", flat=True)) == [4, 5, 12]
    kept = Cosignature.objects.get(size=12)
    note = AuditCheckpoint.objects.get(size=12).signed + kept.line
    assert one.key.cosigned_at(note) == int(kept.seen_at.timestamp())
    assert max(held_by([one.address])) == 12
    assert verify(held_by([one.address])).ok
    assert notices() == []


def test_a_witness_that_forgot_or_is_new_is_shown_everything_again(auditor, witness):
    one, _ = witness
    write(5)
    give_places()
    assert ask_witness(one) == ""
    write(2)
    give_places()
    Witness.objects.update(held_size=None)
    assert ask_witness(one) == ""
    assert Witness.objects.get().held_size == 7


def test_last_weeks_backup_is_refused_and_told_at_once(auditor, witness, own_database,
                                                       postgres_server):  # fmt: skip
    one, _ = witness
    write(4)
    give_places()
    write(3)
    give_places()
    assert ask_witness(one) == ""
    with psycopg.connect(
        postgres_server.address("postgres", own_database), autocommit=True
    ) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("delete from access_auditcheckpoint where size = 7")
        admin.execute("delete from access_auditentry where no in"
                      " (select entry_no from access_auditleaf where position >= 4)")  # fmt: skip
        admin.execute("delete from access_auditleaf where position >= 4")
    assert verify().ok, "from inside alone an older state looks right"
    verdict = verify(held_by([one.address]))
    assert (verdict.ok, verdict.last_bad, verdict.why) == (False, 4, "back")
    write(9)  # life goes on, on the restored state: the log has two faces now
    give_places()
    assert ask_witness(one) == "refused"
    assert ask_witness(one) == "refused"
    assert notices() == ["audit-witness-refused"]
    verdict = verify(held_by([one.address]))
    assert (verdict.ok, verdict.why) == (False, "witness")
    assert verdict.first_bad <= 4 <= verdict.last_bad


def test_a_silent_witness_is_told_after_five_minutes_and_once(auditor, witness, monkeypatch):
    one, process = witness
    write(4)
    give_places()
    assert ask_witness(one) == ""
    process.kill()
    process.wait()
    write(1)
    give_places()
    assert ask_witness(one) == "silent"
    assert notices() == []
    later = audit_witnesses.clock_now() + SILENT_FOR + dt.timedelta(seconds=1)
    monkeypatch.setattr(audit_witnesses, "clock_now", lambda: later)
    ask_witness(one)
    ask_witness(one)
    assert notices() == ["audit-witness-silent"]
    alarm = AuditEntry.objects.get(act=Act.AUDIT_ALARM)
    assert alarm.detail["witness"] == "witness-x"


def test_somebody_elses_signature_is_no_cosignature(auditor, witness):
    one, _ = witness
    stranger = Configured(PublicKey("witness-x", b"\x01" * 32, 4), one.address)
    write(1)
    give_places()
    assert ask_witness(stranger) == "refused"
    assert not Cosignature.objects.exists()


def test_an_entry_without_a_place_alarms_after_five_seconds(auditor, monkeypatch):
    tasks._first_seen.clear()
    assert tasks.late_places([7, 8], 100.0) == []
    assert tasks.late_places([7, 8], 104.0) == []
    assert tasks.late_places([8, 9], 105.5) == [8]
    assert tasks.late_places([8, 9], 107.0) == []
    tasks._first_seen.clear()
    monkeypatch.setitem(tasks._told, "last", float("-inf"))
    write(1)
    now = iter([10.0, 16.0, 17.0, 30.0])
    monkeypatch.setattr(tasks, "time", SimpleNamespace(monotonic=lambda: next(now)))
    for _ in range(4):
        tasks.watch_places(0)
    assert notices() == ["audit-place-late"]


def test_nothing_is_built_on_a_root_that_somebody_changed(own_database, postgres_server):
    write(4)
    give_places()
    with psycopg.connect(
        postgres_server.address("postgres", own_database), autocommit=True
    ) as admin:
        admin.execute("update access_auditcheckpoint set frontier = '[\"%s\"]'" % ("00" * 32))
    write(1)
    with pytest.raises(TreeBroken):
        give_places()


def test_the_command_says_it_in_plain_words(own_database, witness, capsys):
    one, _ = witness
    write(4)
    give_places()
    ask_witness(one)
    call_command("verify-audit", "--witness", one.address)
    said = capsys.readouterr().out
    assert "4 entries, none changed." in said
    assert "up to entry 3" in said


def test_what_is_no_witness_is_said(tmp_path):
    (tmp_path / "x").write_text("no json")
    for source in (str(tmp_path / "x"), str(tmp_path / "none"), "http://127.0.0.1:1"):
        with pytest.raises(NoSuchWitness):
            held_by([source])
