"""The auditors' search: what it finds, for whom, that it is on record, and that it betrays nothing."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.test import Client

from anwang.access.actions.entries import record_event
from anwang.access.audit_tree import give_places
from anwang.access.audit_verify import keep_verification
from anwang.access.context import Actor, acting
from anwang.access.models import AuditEntry, Conflict
from anwang.access.queries import audit as audit_queries
from anwang.access.vocabulary import Act
from tests.conftest import as_role
from tests.factories import PASSWORD, account, desk_worker

pytestmark = pytest.mark.django_db


def signed_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


@pytest.fixture
def auditor() -> Client:
    account("auditor-one", ("", None, "auditor"))
    return signed_in("auditor-one")


def read(actor: Actor, number: int = 1) -> list[uuid.UUID]:
    made = [uuid.uuid4() for _ in range(number)]
    with acting(actor, "test"):
        for one in made:
            record_event(
                Act.READ, actor=actor, object_kind="report", object_ids=[one], purpose="duty-desk"
            )
    return made


def test_an_entry_says_role_and_office_without_being_told():
    actor = desk_worker()
    read(actor)
    with as_role("worker"):
        entry = AuditEntry.objects.get(actor=actor.id, act=Act.READ)
    assert (entry.role, entry.team_id) == ("desk", "68000-desk")


def test_each_filter_narrows_what_is_found(auditor):
    desk, other = desk_worker(), desk_worker("desk-two", "63000")
    first, second = read(desk, 2)
    (third,) = read(other)
    for query, shown in {
        "account=desk-one": {first, second},
        "account=nobody": set(),
        "office=63000-desk": {third},
        f"object_id={second}": {second},
        "act=read": {first, second, third},
        "act=searched": set(),
        "result=refused": set(),
        "until=2020-01-01": set(),
        "since=2020-01-01": {first, second, third},
    }.items():
        page = auditor.get(f"/audit/?{query}").content.decode()
        found = {one for one in (first, second, third) if f">{one}<" in page}
        assert found == shown, query


def test_a_search_is_on_record_with_its_number_and_without_free_text(auditor):
    actor = desk_worker()
    read(actor, 3)
    auditor.get("/audit/?account=desk-one&act=read")
    auditor.get("/audit/?object_id=%E9%99%B3%E5%B0%8F%E5%AE%89")
    with as_role("worker"):
        entries = list(AuditEntry.objects.filter(act=Act.SEARCHED))
    assert [one.detail for one in entries] == [
        {"results": 3, "account": str(actor.id), "act": "read"}
    ]


def test_pages_follow_each_other_by_key(auditor, monkeypatch):
    monkeypatch.setattr("anwang.web.audit.LINES_A_PAGE", 4)
    made = read(desk_worker(), 6)
    page = auditor.get("/audit/?act=read").content.decode()
    assert sum(f">{one}<" in page for one in made) == 4
    following = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    page = auditor.get("/audit/" + following).content.decode()
    assert [one for one in made if f">{one}<" in page] == made[:2]
    assert audit_queries.LINES_A_PAGE == 200


@pytest.mark.parametrize("role", ["desk", "supervisor", "county-manager", "operator"])
def test_nobody_else_learns_that_there_is_such_a_page(role):
    account("somebody", ("68000-desk", "68000", role))
    assert signed_in("somebody").get("/audit/").status_code == 404


def test_an_auditor_does_not_see_who_handles_what_is_closed_to_him(auditor):
    mine, others = read(desk_worker(), 2)
    with as_role("worker"):
        me = AuditEntry.objects.filter(act=Act.ACCOUNT_ADDED).order_by("no")[0].object_ids[0]
        Conflict.objects.create(
            account_id=me, object_kind="report", object_id=mine, ground="relative", source="test"
        )
    page = auditor.get("/audit/?act=read").content.decode()
    assert f">{mine}<" not in page
    assert f">{others}<" in page


def test_what_was_found_is_exported_by_who_proved_himself_just_now(auditor):
    made = read(desk_worker(), 2)
    answer = auditor.post("/audit/export/", {"act": "read"})
    if answer.status_code == 302:
        assert "/sign-in/again/" in answer["Location"]
        return
    lines = [json.loads(line) for line in answer.content.decode().splitlines()]
    assert {one["object_ids"][0] for one in lines} == {str(one) for one in made}
    with as_role("worker"):
        assert AuditEntry.objects.get(act=Act.AUDIT_EXPORTED).detail["results"] == 2


def test_the_page_says_how_the_log_stands(auditor):
    read(desk_worker())
    assert "還沒有驗證" in auditor.get("/audit/").content.decode()
    with as_role("auditor"):
        give_places()
    with as_role("worker"):
        assert keep_verification().ok
    page = auditor.get("/audit/").content.decode()
    assert "完整" in page and "不到兩個見證" in page


def test_deletion_by_law_is_asked_for_approved_and_done_on_the_screen(auditor):
    account("bury-officer", ("68000-office", "68000", "privacy-officer"))
    desk = desk_worker()
    (about,) = read(desk)
    with as_role("auditor"):
        give_places()
    with as_role("worker"):
        (entry,) = [
            e for e in AuditEntry.objects.filter(actor=desk.id) if e.object_ids == [str(about)]
        ]
    officer, here = signed_in("bury-officer"), f"/audit/bury/?entry={entry.id}"
    assert here in officer.get("/audit/").content.decode()
    assert "/audit/bury/" not in auditor.get("/audit/").content.decode()
    assert auditor.get(here).status_code == 404
    why = {"ground": "court-order", "text": "法院裁定應刪除這一筆紀錄的內容，案號另存。"}
    assert officer.post(here, why | {"text": "短"}).status_code == 302
    assert "等另一個職級核准" not in officer.get(here).content.decode()
    officer.post(here, why)
    assert "等另一個職級核准" in officer.get(here).content.decode()
    page = auditor.get("/two-persons/").content.decode()
    asked = re.search(r"/two-persons/([0-9a-f-]{36})/approve/", page).group(1)
    assert auditor.post(f"/two-persons/{asked}/approve/").status_code == 302
    assert "現在刪除內容" in officer.get(here).content.decode()
    assert officer.post(here)["Location"] == "/audit/"
    with as_role("auditor"):
        assert not AuditEntry.objects.filter(id=entry.id).exists()
    assert officer.get(here).status_code == 404
