"""The log as others get it: verified without us, as FHIR, and with what a law had deleted (D3)."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import subprocess
import sys
import uuid
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from fhir.resources.R4B.auditevent import AuditEvent

from anwang.access.actions.audit_exports import bury_entry
from anwang.access.actions.entries import record_event
from anwang.access.actions.two_persons import approve, ask
from anwang.access.audit_export import fhir_lines, log_lines
from anwang.access.audit_key import signer
from anwang.access.audit_tree import give_places
from anwang.access.audit_verify import verify
from anwang.access.context import Actor, acting
from anwang.access.models import AuditEntry, AuditLeaf
from anwang.access.vocabulary import Act
from tests.conftest import as_role
from tests.factories import account
from tests.instance import ROOT

WHY = "法院命令刪除誤記於稽核紀錄中的個人資料，案號在卷，已核對無誤。"


def second() -> ModuleType:
    """tools/verify_audit.py, as a program of its own."""
    spec = importlib.util.spec_from_file_location("verify_audit", ROOT / "tools/verify_audit.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(number: int, **more) -> None:
    actor = Actor(uuid.uuid4(), role="desk", team_id="68000-desk", request_id=uuid.uuid4())
    with acting(actor):
        for _ in range(number):
            record_event(
                Act.READ, actor=actor, object_kind="report",
                object_ids=[uuid.uuid4(), uuid.uuid4()], purpose="duty-desk",
                fields=["report", "clocks"], detail={"n": 1, "字": "值"}, **more,
            )  # fmt: skip


@pytest.fixture
def logged(own_database) -> None:
    for portion in (4, 1, 6, 3):
        write(portion)
        give_places()


def test_the_second_verifier_finds_a_good_log_good(logged, tmp_path):
    lines = json.loads(json.dumps(list(log_lines())))
    assert second().verify(lines, str(signer().public)) == (
        14,
        None,
        None,
        "nothing was changed",
        [],
    )


def test_it_runs_by_itself_on_a_file_and_names_the_first_bad_entry(logged, tmp_path, capfd):
    call_command("audit", "export")
    file = tmp_path / "log.jsonl"
    file.write_text(capfd.readouterr().out, encoding="utf-8")
    bare = [sys.executable, "-I", str(ROOT / "tools/verify_audit.py"), str(file),
            "--key", str(signer().public)]  # fmt: skip
    good = subprocess.run(bare, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (good.returncode, good.stdout) == (0, "14 entries read: nothing was changed.\n"), good
    file.write_text(file.read_text().replace('\\"desk\\"', '\\"lead\\"', 1))
    bad = subprocess.run(bare, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (bad.returncode, bad.stdout) == (
        1, "0 entries read: the entry was changed. First bad entry: 0.\n",
    )  # fmt: skip


def test_an_export_is_itself_on_record(logged, capsys):
    call_command("audit", "export")
    assert AuditEntry.objects.filter(act=Act.AUDIT_EXPORTED).count() == 1


def test_a_time_is_exported_in_whole_portions_that_verify_alone(own_database):
    for portion in (4, 5, 3):
        write(portion)
        give_places()
    since, until = (AuditLeaf.objects.get(position=one).entry_at for one in (6, 8))
    lines = list(log_lines(since, until))
    assert [one["position"] for one in lines if one["kind"] == "entry"] == [4, 5, 6, 7, 8]
    found = second().verify(lines, str(signer().public))
    assert found == (9, None, None, "nothing was changed", [])
    late = until + dt.timedelta(days=1)
    nothing = list(log_lines(late, None))
    assert second().verify(nothing, str(signer().public))[1] is None


def test_a_day_that_is_none_is_said(own_database):
    with pytest.raises(CommandError, match="no day"):
        call_command("audit", "export", "--since", "soon")


def test_every_entry_is_a_valid_fhir_audit_event(logged):
    record_event(Act.SIGN_IN_FAILED, actor=Actor(uuid.uuid4()), result="refused")
    give_places()
    events = list(fhir_lines())
    assert len(events) == 15
    for event in events:
        read = AuditEvent.model_validate(event)
        assert read.outcome in ("0", "4")
    assert json.dumps(events[0], ensure_ascii=False).count("duty-desk") == 1


@pytest.mark.parametrize("act", list(Act))
def test_every_act_can_be_said_in_fhir(act):
    from anwang.access.rules.fhir import audit_event

    entry = {
        "id": uuid.uuid4(), "at": dt.datetime(2027, 3, 1, tzinfo=dt.UTC), "actor": None, "act": act,
        "role": "", "team_id": "", "object_kind": "", "object_ids": [], "purpose": "", "fields": [],
        "result": "done", "request_id": None, "detail": {},
    }  # fmt: skip
    assert AuditEvent.model_validate(audit_event(entry, "anwang/x")).action in "CRUDE"


@pytest.fixture
def officer(db) -> Actor:
    return account("bury-officer", ("68000-office", "68000", "privacy-officer"))


@pytest.mark.django_db
def test_what_a_law_deletes_leaves_a_tombstone_and_the_log_verifies(officer):
    auditor = account("bury-auditor", ("", None, "auditor"))
    write(5)
    with as_role("auditor"):
        give_places()
        entry = AuditLeaf.objects.get(position=2).entry_id
    with acting(officer):
        request = ask("bury-entry", "audit", entry, "court-order", WHY, {}, officer)
        with pytest.raises(DatabaseError, match="two-persons"), transaction.atomic():
            bury_entry(request, entry, "court-order", actor=officer)
    with acting(auditor):
        approve(request, auditor)
    with acting(officer):
        assert bury_entry(request, entry, "court-order", actor=officer) == 2
    with as_role("auditor"):
        give_places()
        assert not AuditEntry.objects.filter(pk=entry).exists()
        verdict = verify()
        assert (verdict.ok, verdict.tombstones) == (True, (2,))
        lines = list(log_lines())
    found = second().verify(lines, str(signer().public))
    assert found[1:] == (None, None, "nothing was changed", [2])
    forged = [one | {"signed": one["signed"].replace("\n2\n", "\n3\n")}
              if one["kind"] == "tombstone" else one for one in lines]  # fmt: skip
    assert second().verify(forged, str(signer().public))[1] == 2


def test_the_second_verifier_shares_no_code_and_stays_about_a_page():
    text = Path(ROOT / "tools/verify_audit.py").read_text()
    assert "import anwang" not in text and "from anwang" not in text and "witness." not in text
    assert len(text.splitlines()) < 160
