"""Tables taken out and brought in on the screen and by command: whole or not at all."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from anwang.access.models import AuditEntry
from anwang.rulebook.management.commands import policy
from anwang.rulebook.models import PolicyVersion
from tests.conftest import as_role
from tests.factories import PASSWORD, TAOYUAN, account, desk_worker
from tests.rulebook.exchanging import calendar_csv, repacked, retyped
from tests.rulebook.test_studio import draft_by, one, other, signed_in
from tests.rulebook.test_versions import GRADE, in_force

__all__ = ["one", "other"]  # fixtures
pytestmark = pytest.mark.django_db


def upload(client: Client, address: str, content: bytes, name: str = "table.ods", **more: str):
    return client.post(address, {"file": SimpleUploadedFile(name, content)} | more)


def taken_out(client: Client, version: PolicyVersion, kind: str = "ods") -> bytes:
    answer = client.get(f"/policies/{version.pk}/export/{kind}/")
    assert answer.status_code == 200
    assert f".{kind}" in answer["Content-Disposition"]
    return answer.content


def loaded() -> int:
    with as_role("auditor"):
        return AuditEntry.objects.filter(act="policy-loaded").count()


@pytest.mark.parametrize("kind", ["ods", "dmn"])
def test_a_table_taken_out_and_brought_in_is_a_draft_of_the_same_rows(one, kind):
    base = in_force(GRADE)
    page = one.get(f"/policies/{base.pk}/").content.decode()
    assert f"/policies/{base.pk}/export/{kind}/" in page
    answer = upload(one, "/policies/import/", taken_out(one, base, kind))
    draft = PolicyVersion.objects.get(policy_id=GRADE, state="draft")
    assert answer.url == f"/policies/{draft.pk}/edit/"
    assert draft.body == base.body | {"version": draft.version}
    assert (draft.base_id, draft.version == base.version) == (base.pk, False)
    assert "每一列都和現行版本一樣" in one.get(answer.url).content.decode()
    assert loaded() == 1

    same = upload(
        one, f"/policies/{draft.pk}/import/", taken_out(one, draft, kind), seen=draft.sha256
    )
    assert same.status_code == 302
    digest = draft.sha256
    draft.refresh_from_db()
    assert draft.sha256 == digest


def test_every_table_in_the_database_is_taken_out(one):
    tables = [v for v in PolicyVersion.objects.all() if isinstance(v.body.get("rows"), list)]
    for version in tables:
        if "text" in version.body and (version.county or "hit" in version.body):
            assert zipfile.is_zipfile(io.BytesIO(taken_out(one, version)))
            assert b"decisionTable" in taken_out(one, version, "dmn")
    clocks = in_force("clocks")
    assert one.get(f"/policies/{clocks.pk}/export/ods/").status_code == 404
    assert one.get(f"/policies/{tables[0].pk}/export/exe/").status_code == 404


def test_a_wrong_cell_is_named_and_nothing_is_imported(one):
    base = in_force(GRADE)
    wrong = retyped(taken_out(one, base), "= minor", "= slightly")
    wrong = retyped(wrong, "V", "sure")
    answer = upload(one, "/policies/import/", wrong)
    told = answer.content.decode()
    assert answer.status_code == 422
    assert "檔案裡有 2 處要改" in told
    assert "沒有這個代碼" in told and "slightly" in told and "可信度是 V、S、D 或 U" in told
    assert "規則" in told
    assert not PolicyVersion.objects.filter(policy_id=GRADE, state="draft").exists()
    assert loaded() == 0

    draft = draft_by(one)
    kept = draft.sha256
    again = upload(one, f"/policies/{draft.pk}/import/", wrong, seen=kept)
    draft.refresh_from_db()
    assert (again.status_code, draft.sha256) == (422, kept)
    english = one.post(
        "/policies/import/", {"file": SimpleUploadedFile("t.ods", wrong)}, headers={"Accept-Language": "en"}
    ).content.decode()  # fmt: skip
    assert "There is no such code: slightly. There are: " in english


def test_a_table_with_a_gap_is_taken_as_a_draft_that_cannot_be_proposed(one):
    base = in_force(GRADE)
    rows = base.body["rows"]
    last = rows[-1]["id"]

    def without_last(text: str) -> str:
        head, _mark, tail = text.rpartition(f"<text:p>{last}</text:p>")
        begin, end = head.rindex("<table:table-row>"), tail.index("</table:table-row>")
        return head[:begin] + tail[end + len("</table:table-row>") :]

    answer = upload(one, "/policies/import/", repacked(taken_out(one, base), without_last))
    page = one.get(answer.url).content.decode()
    assert "沒有任何一列接住這種情形" in page and "刪去" in page


def test_a_stale_form_and_another_tables_file_are_refused(one):
    draft, window = draft_by(one), in_force("triage.window")
    stale = upload(one, f"/policies/{draft.pk}/import/", taken_out(one, draft), seen="stale")
    assert stale.status_code == 409 and "內容有了變動" in stale.content.decode()
    strange = upload(
        one, f"/policies/{draft.pk}/import/", taken_out(one, window), seen=draft.sha256
    )
    assert strange.status_code == 422 and "不是這一張表" in strange.content.decode()
    wrong = upload(one, f"/policies/{draft.pk}/import/", calendar_csv(2028), seen=draft.sha256)
    assert wrong.status_code == 422 and "從規則清單匯入" in wrong.content.decode()
    empty = one.post("/policies/import/", {})
    assert empty.status_code == 422 and "請選一個檔案" in empty.content.decode()
    assert one.get(f"/policies/{window.pk}/import/").url == f"/policies/{window.pk}/"


def test_who_does_not_write_the_layer_brings_nothing_in(one):
    overlay = in_force("triage.window", TAOYUAN)
    file = taken_out(one, overlay)
    refused = upload(one, "/policies/import/", file)
    assert refused.status_code == 403 and "不由您的職務更改" in refused.content.decode()
    manager = signed_in("man-one", TAOYUAN, "county-manager")
    assert upload(manager, "/policies/import/", file).status_code == 302
    draft = PolicyVersion.objects.get(policy_id="triage.window", county=TAOYUAN, state="draft")
    assert draft.body["rows"] == overlay.body["rows"] and "inputs" not in draft.body
    desk_worker("a-desk")
    worker = Client()
    assert worker.login(username="a-desk", password=PASSWORD)
    assert worker.get("/policies/import/").status_code == 403
    assert worker.get(f"/policies/{overlay.pk}/export/ods/").status_code == 200
    assert "/policies/import/" not in worker.get("/policies/").content.decode()


def test_the_commands_write_and_take_files(tmp_path, capsys):
    account("min-one", ("", None, "ministry"))
    file = tmp_path / "grade.ods"
    with as_role("app"):
        call_command("policy", "export", GRADE, "--out", str(file), "--json")
        told = json.loads(capsys.readouterr().out)
        assert (told["id"], told["format"], told["file"]) == (GRADE, "ods", str(file))
        call_command("policy", "import", str(file), "--as", "min-one", "--json")
        made = json.loads(capsys.readouterr().out)
        assert (made["id"], made["state"], made["county"]) == (GRADE, "draft", None)
        assert PolicyVersion.objects.get(pk=made["number"]).rows == made["rows"]
    with as_role("worker"):
        call_command("backtest", str(file), "--json")
        assert json.loads(capsys.readouterr().out)["changed"] == 0
    with as_role("app"):
        file.write_bytes(retyped(file.read_bytes(), "= minor", "minor"))
        with pytest.raises(CommandError, match="nothing was imported"):
            call_command("policy", "import", str(file), "--as", "min-one", "--json")
        fault = json.loads(capsys.readouterr().out)
        assert (fault["sheet"], fault["written"]) == ("規則", "minor")
        assert fault["row"].isdecimal() and fault["column"].isalpha() and "can be" in fault["en"]
        assert PolicyVersion.objects.filter(policy_id=GRADE, state="draft").count() == 1
        for wrong in (["export", "no.such", "--out", str(file)], ["import", str(tmp_path / "no")],
                      ["import", str(file), "--as", "nobody"],
                      ["export", "clocks", "--out", str(file)]):  # fmt: skip
            with pytest.raises(CommandError):
                call_command("policy", *wrong)


def test_on_a_production_instance_officials_import_on_the_screen(tmp_path, monkeypatch):
    file = tmp_path / "calendar.csv"
    file.write_bytes(calendar_csv(2028))
    monkeypatch.setattr(policy, "instance_kind", lambda: "production")
    with pytest.raises(CommandError, match="on the screen"):
        call_command("policy", "import", str(file))
